//! `users`.

use countersign_app::{Role, User, Viewer};

use super::audit::{self, Entry};
use super::sessions::{self, NewSession};
use super::{Seats, Store, Transaction, Unavailable};

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

/// What managing users and invitations came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Managed {
    /// It was done.
    Done,
    /// There would be no platform administrator any more: nothing was changed.
    LastAdmin,
    /// Somebody with that address has an account already.
    AddressTaken,
    /// There is no such user or invitation.
    NotThere,
    /// The role of who asks does not go so far.
    NotAllowed,
    /// There would be more users and open invitations than the license allows: nothing was changed.
    Full(Seats),
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
    .execute(&mut *tx)
    .await?;
    Ok(added.rows_affected() == 1)
}

/// Lets one transaction at a time change who is an administrator, so that two cannot each remove “the other one”; and so with
/// whatever else counts rows before it adds one.
pub(crate) async fn one_at_a_time(tx: &mut Transaction) -> Result<(), Unavailable> {
    sqlx::query("UPDATE platform_config SET value = value WHERE key = 'setup_admin'").execute(&mut *tx).await?;
    Ok(())
}

/// The role of a user, as it is now and not when the request began.
pub(crate) async fn role_of(tx: &mut Transaction, id: &str) -> Result<Option<Role>, Unavailable> {
    let role: Option<String> =
        sqlx::query_scalar("SELECT role FROM users WHERE id = $1").bind(id).fetch_optional(&mut *tx).await?;
    Ok(role.map(|role| Role::parse(&role).unwrap_or(Role::Member)))
}

/// Why `by` may not change the user `id`, or may not make it `to`; and if there is no reason, the user's role.
async fn manage(tx: &mut Transaction, by: &str, id: &str, to: Role) -> Result<Result<Role, Managed>, Unavailable> {
    one_at_a_time(tx).await?;
    let Some(by) = role_of(tx, by).await? else { return Ok(Err(Managed::NotAllowed)) };
    if by == Role::Member {
        return Ok(Err(Managed::NotAllowed));
    }
    let Some(role) = role_of(tx, id).await? else { return Ok(Err(Managed::NotThere)) };
    if !by.may_manage(role) || !by.may_manage(to) {
        return Ok(Err(Managed::NotAllowed));
    }
    if role == Role::PlatformAdmin && to != Role::PlatformAdmin {
        let others: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM users WHERE role = 'platform-admin' AND id <> $1")
            .bind(id)
            .fetch_one(&mut *tx)
            .await?;
        if others == 0 {
            return Ok(Err(Managed::LastAdmin));
        }
    }
    Ok(Ok(role))
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

    /// Gives a user another role, as `by` may. Who loses might loses the invitations that were made with it.
    pub async fn set_role(&self, by: &str, id: &str, role: Role, entry: &Entry) -> Result<Managed, Unavailable> {
        let mut tx = self.begin().await?;
        let before = match manage(&mut tx, by, id, role).await? {
            Ok(before) => before,
            Err(why) => return Ok(why),
        };
        if before == role {
            return Ok(Managed::Done);
        }
        sqlx::query("UPDATE users SET role = $1 WHERE id = $2").bind(role.name()).bind(id).execute(&mut tx).await?;
        if role < before {
            sqlx::query("DELETE FROM invitations WHERE inviter_id = $1").bind(id).execute(&mut tx).await?;
        }
        audit::record(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(Managed::Done)
    }

    /// Removes a user, as `by` may, and with it the user's sessions and open invitations.
    pub async fn remove_user(&self, by: &str, id: &str, entry: &Entry) -> Result<Managed, Unavailable> {
        let mut tx = self.begin().await?;
        if let Err(why) = manage(&mut tx, by, id, Role::Member).await? {
            return Ok(why);
        }
        sqlx::query("DELETE FROM users WHERE id = $1").bind(id).execute(&mut tx).await?;
        audit::record(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(Managed::Done)
    }

    /// Stores another password, ends the user's sessions but the one that asks, and gives that one another id. `false` if
    /// session or password (by its hash, `checked`) are not any more what they were.
    pub async fn set_password(
        &self,
        id: &str,
        (checked, new): (&str, &str),
        (session, renamed): (&str, &str),
        entry: &Entry,
    ) -> Result<bool, Unavailable> {
        let mut tx = self.begin().await?;
        let changed = sqlx::query("UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3")
            .bind(new)
            .bind(id)
            .bind(checked)
            .execute(&mut tx)
            .await?;
        if changed.rows_affected() != 1 || !sessions::rename(&mut tx, session, renamed).await? {
            return Ok(false);
        }
        sessions::end_others(&mut tx, id, renamed).await?;
        audit::record(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Begins a session of a user who showed the password, in the place of the one whose hash is `replaced`. `checked` is the
    /// hash that the password fitted, `stored` what shall be stored: the same, or one of today's parameters. `false` if the
    /// password was changed or the user removed meanwhile.
    pub(crate) async fn sign_in(
        &self,
        session: &NewSession<'_>,
        replaced: &str,
        (checked, stored): (&str, &str),
        entry: &Entry,
    ) -> Result<bool, Unavailable> {
        let mut tx = self.begin().await?;
        let still = sqlx::query("UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3")
            .bind(stored)
            .bind(session.user_id)
            .bind(checked)
            .execute(&mut tx)
            .await?;
        if still.rows_affected() != 1 {
            return Ok(false);
        }
        sessions::end(&mut tx, replaced).await?;
        sessions::begin(&mut tx, session).await?;
        audit::record(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(true)
    }
}
