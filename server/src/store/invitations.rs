//! `invitations`: who may make an account, with a code that is stored as its hash.

use countersign_app::{Invitation, Role};

use super::accounts::{add, one_at_a_time, role_of};
use super::audit::{self, Entry};
use super::sessions::{self, NewSession};
use super::{Managed, NewAccount, Seats, Store, Unavailable, seats};

/// What accepting an invitation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invited {
    /// The account was made and is signed in.
    Done,
    /// The code is wrong, used up, or over.
    NoSuchCode,
    /// Somebody with that address has an account already.
    AddressTaken,
    /// There would be more users than the license allows. The invitation is as good as before.
    Full(Seats),
}

type InvitationRow = (String, String, String, String, i64);

fn invitation((id, email, role, invited_by, expires_at): InvitationRow) -> Invitation {
    Invitation { id, email, role: Role::parse(&role).unwrap_or(Role::Member), invited_by, expires_at }
}

impl Store {
    /// Adds an invitation, as `by` may, if there is room for one more user; one of the same address goes.
    pub async fn invite(
        &self,
        by: &str,
        invitation: &Invitation,
        code_hash: &str,
        limit: Option<u64>,
        entry: &Entry,
    ) -> Result<Managed, Unavailable> {
        let mut tx = self.begin().await?;
        one_at_a_time(&mut tx).await?;
        let by_role = role_of(&mut tx, by).await?.unwrap_or(Role::Member);
        let others: Vec<String> =
            sqlx::query_scalar("SELECT role FROM invitations WHERE email = $1 AND expires_at > $2")
                .bind(&invitation.email)
                .bind(entry.at)
                .fetch_all(&mut tx)
                .await?;
        let others = others.iter().map(|role| Role::parse(role).unwrap_or(Role::Member));
        if others.chain([invitation.role]).any(|role| !by_role.may_manage(role)) {
            return Ok(Managed::NotAllowed);
        }
        let taken: Option<String> = sqlx::query_scalar("SELECT id FROM users WHERE email = $1")
            .bind(&invitation.email)
            .fetch_optional(&mut tx)
            .await?;
        if taken.is_some() {
            return Ok(Managed::AddressTaken);
        }
        let taken = seats::taken(&mut tx, entry.at, &invitation.email).await?;
        if limit.is_some_and(|limit| taken.taken() >= limit) {
            return Ok(Managed::Full(taken));
        }
        sqlx::query("DELETE FROM invitations WHERE email = $1 OR expires_at <= $2")
            .bind(&invitation.email)
            .bind(entry.at)
            .execute(&mut tx)
            .await?;
        sqlx::query(
            "INSERT INTO invitations (id, code_hash, email, role, inviter_id, invited_by, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(&invitation.id)
        .bind(code_hash)
        .bind(&invitation.email)
        .bind(invitation.role.name())
        .bind(by)
        .bind(&invitation.invited_by)
        .bind(entry.at)
        .bind(invitation.expires_at)
        .execute(&mut tx)
        .await?;
        audit::record(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(Managed::Done)
    }

    /// The invitations that can still be used, the newest first.
    pub async fn invitations(&self, now: i64) -> Result<Vec<Invitation>, Unavailable> {
        let rows: Vec<InvitationRow> = sqlx::query_as(
            "SELECT id, email, role, invited_by, expires_at FROM invitations WHERE expires_at > $1 \
             ORDER BY created_at DESC, email",
        )
        .bind(now)
        .fetch_all(&self.read)
        .await?;
        Ok(rows.into_iter().map(invitation).collect())
    }

    /// The invitation of a code that can still be used.
    pub async fn invitation(&self, code_hash: &str, now: i64) -> Result<Option<Invitation>, Unavailable> {
        let row: Option<InvitationRow> = sqlx::query_as(
            "SELECT id, email, role, invited_by, expires_at FROM invitations WHERE code_hash = $1 AND expires_at > $2",
        )
        .bind(code_hash)
        .bind(now)
        .fetch_optional(&self.read)
        .await?;
        Ok(row.map(invitation))
    }

    /// An invitation that can still be used, by id.
    pub async fn invitation_of(&self, id: &str, now: i64) -> Result<Option<Invitation>, Unavailable> {
        Ok(self.invitations(now).await?.into_iter().find(|invitation| invitation.id == id))
    }

    /// Withdraws an invitation, as `by` may.
    pub async fn revoke_invitation(&self, by: &str, id: &str, entry: &Entry) -> Result<Managed, Unavailable> {
        let mut tx = self.begin().await?;
        let by_role = role_of(&mut tx, by).await?.unwrap_or(Role::Member);
        if by_role == Role::Member {
            return Ok(Managed::NotAllowed);
        }
        let role: Option<String> =
            sqlx::query_scalar("DELETE FROM invitations WHERE id = $1 AND expires_at > $2 RETURNING role")
                .bind(id)
                .bind(entry.at)
                .fetch_optional(&mut tx)
                .await?;
        let Some(role) = role else { return Ok(Managed::NotThere) };
        if !by_role.may_manage(Role::parse(&role).unwrap_or(Role::Member)) {
            return Ok(Managed::NotAllowed);
        }
        audit::record(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(Managed::Done)
    }

    /// Makes the account of somebody who was invited, if there is room for one more user, and signs it in. Of several who use
    /// one code, one is told `Done`.
    pub(crate) async fn accept_invitation(
        &self,
        code_hash: &str,
        new: &NewAccount,
        session: &NewSession<'_>,
        replaced: &str,
        limit: Option<u64>,
        entry: &Entry,
    ) -> Result<Invited, Unavailable> {
        let mut tx = self.begin().await?;
        one_at_a_time(&mut tx).await?;
        let used = sqlx::query("DELETE FROM invitations WHERE code_hash = $1 AND expires_at > $2")
            .bind(code_hash)
            .bind(entry.at)
            .execute(&mut tx)
            .await?;
        if used.rows_affected() == 0 {
            return Ok(Invited::NoSuchCode);
        }
        let taken = seats::taken(&mut tx, entry.at, &new.user.email).await?;
        if limit.is_some_and(|limit| taken.users >= limit) {
            return Ok(Invited::Full(taken));
        }
        if !add(&mut tx, new, entry.at).await? {
            return Ok(Invited::AddressTaken);
        }
        sessions::end(&mut tx, replaced).await?;
        sessions::begin(&mut tx, session).await?;
        audit::record(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(Invited::Done)
    }
}
