//! `users` and `invitations`.

use countersign_app::{Invitation, Role, User, Viewer};

use super::audit::{self, Entry};
use super::sessions::{self, NewSession};
use super::{Store, Transaction, Unavailable};

/// A user with the hash of the password.
#[derive(Clone, Debug)]
pub struct Account {
    /// Who it is.
    pub user: Viewer,
    /// Argon2id, as a PHC string.
    pub password_hash: String,
}

/// A user to make.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Who it will be; the e-mail address in lower case.
    pub user: Viewer,
    /// Argon2id, as a PHC string.
    pub password_hash: String,
}

/// What a change of users came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastAdmin {
    /// It was done.
    Done,
    /// There would be no platform administrator any more: nothing was changed.
    WouldBeGone,
    /// There is no such user.
    NoSuchUser,
}

/// What accepting an invitation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invited {
    /// The account was made and is signed in.
    Done,
    /// The code is wrong, used up, or over.
    NoSuchCode,
    /// Somebody with that address has an account already.
    AddressTaken,
}

type UserRow = (String, String, String, String);

fn viewer((id, name, email, role): UserRow) -> Viewer {
    // A role that this version does not know may do the least.
    Viewer { id, name, email, role: Role::parse(&role).unwrap_or(Role::Member) }
}

/// Adds a user. `false` if the address is taken.
pub(crate) async fn add(tx: &mut Transaction, new: &NewAccount, now: i64) -> Result<bool, Unavailable> {
    let added = sqlx::query(
        "INSERT INTO users (id, email, name, role, password_hash, created_at) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT DO NOTHING",
    )
    .bind(&new.user.id)
    .bind(&new.user.email)
    .bind(&new.user.name)
    .bind(new.user.role.name())
    .bind(&new.password_hash)
    .bind(now)
    .execute(&mut **tx)
    .await?;
    Ok(added.rows_affected() == 1)
}

/// Lets one transaction at a time change who is an administrator, so that two cannot each remove “the other one”.
async fn one_at_a_time(tx: &mut Transaction) -> Result<(), Unavailable> {
    sqlx::query("UPDATE platform_config SET value = value WHERE key = 'setup_admin'").execute(&mut **tx).await?;
    Ok(())
}

impl Store {
    /// The account of an e-mail address, in lower case.
    pub async fn account(&self, email: &str) -> Result<Option<Account>, Unavailable> {
        let row: Option<(String, String, String, String, String)> =
            sqlx::query_as("SELECT id, name, email, role, password_hash FROM users WHERE email = $1")
                .bind(email)
                .fetch_optional(&self.read)
                .await?;
        Ok(row.map(|(id, name, email, role, password_hash)| Account {
            user: viewer((id, name, email, role)),
            password_hash,
        }))
    }

    /// A user by id.
    pub async fn user(&self, id: &str) -> Result<Option<Viewer>, Unavailable> {
        let row: Option<UserRow> = sqlx::query_as("SELECT id, name, email, role FROM users WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.read)
            .await?;
        Ok(row.map(viewer))
    }

    /// All users, by name.
    pub async fn users(&self) -> Result<Vec<User>, Unavailable> {
        let rows: Vec<(String, String, String, String, i64, Option<i64>)> = sqlx::query_as(
            "SELECT users.id, users.name, users.email, users.role, users.created_at, MAX(sessions.seen_at) \
             FROM users LEFT JOIN sessions ON sessions.user_id = users.id \
             GROUP BY users.id, users.name, users.email, users.role, users.created_at ORDER BY users.name, users.email",
        )
        .fetch_all(&self.read)
        .await?;
        let user = |(id, name, email, role, created_at, seen_at)| User {
            who: viewer((id, name, email, role)),
            created_at,
            seen_at,
        };
        Ok(rows.into_iter().map(user).collect())
    }

    /// Gives a user another role.
    pub async fn set_role(&self, id: &str, role: Role, entry: &Entry) -> Result<LastAdmin, Unavailable> {
        let mut tx = self.begin().await?;
        one_at_a_time(&mut tx).await?;
        let changed = sqlx::query(
            "UPDATE users SET role = $1 WHERE id = $2 AND (role <> 'platform-admin' OR $1 = 'platform-admin' \
             OR (SELECT COUNT(*) FROM users WHERE role = 'platform-admin') > 1)",
        )
        .bind(role.name())
        .bind(id)
        .execute(&mut *tx)
        .await?;
        self.finish(tx, changed.rows_affected(), id, entry).await
    }

    /// Removes a user, and with it the user's sessions.
    pub async fn remove_user(&self, id: &str, entry: &Entry) -> Result<LastAdmin, Unavailable> {
        let mut tx = self.begin().await?;
        one_at_a_time(&mut tx).await?;
        let changed = sqlx::query(
            "DELETE FROM users WHERE id = $1 AND (role <> 'platform-admin' \
             OR (SELECT COUNT(*) FROM users WHERE role = 'platform-admin') > 1)",
        )
        .bind(id)
        .execute(&mut *tx)
        .await?;
        self.finish(tx, changed.rows_affected(), id, entry).await
    }

    async fn finish(
        &self,
        mut tx: Transaction,
        changed: u64,
        id: &str,
        entry: &Entry,
    ) -> Result<LastAdmin, Unavailable> {
        if changed == 1 {
            audit::record(&mut tx, entry).await?;
            tx.commit().await?;
            return Ok(LastAdmin::Done);
        }
        drop(tx);
        Ok(if self.user(id).await?.is_some() { LastAdmin::WouldBeGone } else { LastAdmin::NoSuchUser })
    }

    /// Stores another password, and ends the user's sessions but the one whose hash is `but`.
    pub async fn set_password(&self, id: &str, hash: &str, but: &str, entry: &Entry) -> Result<(), Unavailable> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE users SET password_hash = $1 WHERE id = $2").bind(hash).bind(id).execute(&mut *tx).await?;
        sessions::end_others(&mut tx, id, but).await?;
        audit::record(&mut tx, entry).await?;
        Ok(tx.commit().await?)
    }

    /// Adds an invitation; one of the same address goes. `false` if somebody with that address has an account.
    pub async fn invite(&self, invitation: &Invitation, code_hash: &str, entry: &Entry) -> Result<bool, Unavailable> {
        let mut tx = self.begin().await?;
        let taken: Option<String> = sqlx::query_scalar("SELECT id FROM users WHERE email = $1")
            .bind(&invitation.email)
            .fetch_optional(&mut *tx)
            .await?;
        if taken.is_some() {
            return Ok(false);
        }
        sqlx::query("DELETE FROM invitations WHERE email = $1 OR expires_at <= $2")
            .bind(&invitation.email)
            .bind(entry.at)
            .execute(&mut *tx)
            .await?;
        sqlx::query(
            "INSERT INTO invitations (id, code_hash, email, role, invited_by, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&invitation.id)
        .bind(code_hash)
        .bind(&invitation.email)
        .bind(invitation.role.name())
        .bind(&invitation.invited_by)
        .bind(entry.at)
        .bind(invitation.expires_at)
        .execute(&mut *tx)
        .await?;
        audit::record(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The invitations that can still be used, the newest first.
    pub async fn invitations(&self, now: i64) -> Result<Vec<Invitation>, Unavailable> {
        let rows: Vec<(String, String, String, String, i64)> = sqlx::query_as(
            "SELECT id, email, role, invited_by, expires_at FROM invitations WHERE expires_at > $1 \
             ORDER BY created_at DESC, email",
        )
        .bind(now)
        .fetch_all(&self.read)
        .await?;
        let invitation = |(id, email, role, invited_by, expires_at): (_, _, String, _, _)| Invitation {
            id,
            email,
            role: Role::parse(&role).unwrap_or(Role::Member),
            invited_by,
            expires_at,
        };
        Ok(rows.into_iter().map(invitation).collect())
    }

    /// The invitation of a code that can still be used.
    pub async fn invitation(&self, code_hash: &str, now: i64) -> Result<Option<Invitation>, Unavailable> {
        let row: Option<(String, String, String, String, i64)> = sqlx::query_as(
            "SELECT id, email, role, invited_by, expires_at FROM invitations WHERE code_hash = $1 AND expires_at > $2",
        )
        .bind(code_hash)
        .bind(now)
        .fetch_optional(&self.read)
        .await?;
        Ok(row.map(|(id, email, role, invited_by, expires_at)| Invitation {
            id,
            email,
            role: Role::parse(&role).unwrap_or(Role::Member),
            invited_by,
            expires_at,
        }))
    }

    /// Withdraws an invitation. `false` if there is none.
    pub async fn revoke_invitation(&self, id: &str, entry: &Entry) -> Result<bool, Unavailable> {
        let mut tx = self.begin().await?;
        let gone = sqlx::query("DELETE FROM invitations WHERE id = $1").bind(id).execute(&mut *tx).await?;
        if gone.rows_affected() == 0 {
            return Ok(false);
        }
        audit::record(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Makes the account of somebody who was invited, and signs it in. Of several who use one code, one is told `Done`.
    pub(crate) async fn accept_invitation(
        &self,
        code_hash: &str,
        new: &NewAccount,
        session: &NewSession<'_>,
        entry: &Entry,
    ) -> Result<Invited, Unavailable> {
        let mut tx = self.begin().await?;
        let used = sqlx::query("DELETE FROM invitations WHERE code_hash = $1 AND expires_at > $2")
            .bind(code_hash)
            .bind(entry.at)
            .execute(&mut *tx)
            .await?;
        if used.rows_affected() == 0 {
            return Ok(Invited::NoSuchCode);
        }
        if !add(&mut tx, new, entry.at).await? {
            return Ok(Invited::AddressTaken);
        }
        sessions::begin(&mut tx, session).await?;
        audit::record(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(Invited::Done)
    }

    /// Begins a session of a user who showed the password; `rehashed` replaces a hash of old parameters.
    pub(crate) async fn sign_in(
        &self,
        session: &NewSession<'_>,
        rehashed: Option<&str>,
        entry: &Entry,
    ) -> Result<(), Unavailable> {
        let mut tx = self.begin().await?;
        if let Some(hash) = rehashed {
            sqlx::query("UPDATE users SET password_hash = $1 WHERE id = $2")
                .bind(hash)
                .bind(session.user_id)
                .execute(&mut *tx)
                .await?;
        }
        sessions::begin(&mut tx, session).await?;
        audit::record(&mut tx, entry).await?;
        Ok(tx.commit().await?)
    }
}
