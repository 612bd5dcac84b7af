//! What the wizard reads and writes. "The first wins" is decided by a count of changed rows, never by one read before.

use countersign_license::Bundle;

use super::accounts::{self, NewAccount};
use super::audit::{self, Entry};
use super::license::{self, Origin};
use super::sessions::{self, NewSession};
use super::{Store, Unavailable, config};

/// How far the set-up is, as it is stored.
#[derive(Clone, Debug, Default)]
pub struct SetupRows {
    /// Whether `setup_completed` is exactly `true`.
    pub is_completed: bool,
    /// Whether it was set to something else: nobody but an operator does.
    pub is_reopened: bool,
    /// Whether either row of a license is there.
    pub has_license: bool,
    /// The first platform administrator: name and e-mail address.
    pub admin: Option<(String, String)>,
    /// The organization's name.
    pub organization: Option<String>,
    /// How e-mail is sent, sealed.
    pub email: Option<String>,
    /// What the first step holds.
    pub draft: Option<Draft>,
}

/// The license that the first step holds until the first administrator is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// JWT and key.
    pub bundle: Bundle,
    /// SHA-256 of the secret of who put it there, in hex; empty where no token was asked for.
    pub installer: String,
}

/// What making the first administrator came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstAdmin {
    /// License, key and administrator are stored, and the administrator is signed in.
    Made,
    /// There is one already: nothing was changed.
    TooLate,
}

/// What showing a set-up token came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenUse {
    /// It is right, and now belongs to this installer.
    Accepted,
    /// It is right, and another installer used it.
    Used,
    /// There is no such token.
    Wrong,
}

impl Store {
    /// How far the set-up is.
    pub async fn setup(&self) -> Result<SetupRows, Unavailable> {
        // One snapshot: a state that never was must not open the wizard.
        let mut tx = self.snapshot().await?;
        let config: Vec<(String, String)> = sqlx::query_as(
            "SELECT key, value FROM platform_config WHERE key IN \
             ('setup_completed', 'license_jwt', 'license_public_key', 'organization_name', 'email')",
        )
        .fetch_all(&mut tx)
        .await?;
        let admin = sqlx::query_as(
            "SELECT name, email FROM users WHERE role = 'platform-admin' ORDER BY created_at, id LIMIT 1",
        )
        .fetch_optional(&mut tx)
        .await?;
        let draft: Option<(String, String, String)> =
            sqlx::query_as("SELECT jwt, public_key, installer FROM setup_draft WHERE id = 1")
                .fetch_optional(&mut tx)
                .await?;
        // It only read.
        drop(tx);
        let value = |name: &str| config.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let completed = value("setup_completed");
        Ok(SetupRows {
            is_completed: completed.as_deref() == Some("true"),
            is_reopened: completed.is_some_and(|value| value != "true"),
            has_license: value("license_jwt").or(value("license_public_key")).is_some(),
            admin,
            organization: value("organization_name"),
            email: value("email"),
            draft: draft.map(|(jwt, public_key, installer)| Draft { bundle: Bundle { jwt, public_key }, installer }),
        })
    }

    /// Whether the set-up is over.
    pub async fn is_set_up(&self) -> Result<bool, Unavailable> {
        Ok(self.value("setup_completed").await?.as_deref() == Some("true"))
    }

    /// Writes the license that came with the configuration, where nothing was ever set up. `false` if something was.
    pub async fn preseed(&self, bundle: &Bundle, entry: &Entry) -> Result<bool, Unavailable> {
        let mut tx = self.begin().await?;
        let begun: Option<String> = sqlx::query_scalar(
            "SELECT key FROM platform_config WHERE key IN \
             ('license_jwt', 'license_public_key', 'setup_completed', 'setup_admin') LIMIT 1",
        )
        .fetch_optional(&mut tx)
        .await?;
        let origin = Origin { source: "configuration", by: "", now: entry.at };
        if begun.is_some() || license::install(&mut tx, bundle, 0, origin).await?.is_none() {
            return Ok(false);
        }
        audit::record(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Keeps a license for the next step. A draft of before goes.
    pub async fn keep_draft(&self, draft: &Draft, now: i64) -> Result<(), Unavailable> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO setup_draft (id, jwt, public_key, installer, created_at) VALUES (1, $1, $2, $3, $4) \
             ON CONFLICT (id) DO UPDATE SET jwt = excluded.jwt, public_key = excluded.public_key, \
             installer = excluded.installer, created_at = excluded.created_at",
        )
        .bind(&draft.bundle.jwt)
        .bind(&draft.bundle.public_key)
        .bind(&draft.installer)
        .bind(now)
        .execute(&mut tx)
        .await?;
        tx.commit().await
    }

    /// Adds a set-up token by its hash. At most ten are kept.
    pub async fn add_setup_token(&self, token_hash: &str, now: i64) -> Result<(), Unavailable> {
        let mut tx = self.begin().await?;
        sqlx::query("INSERT INTO setup_tokens (token_hash, created_at, installer) VALUES ($1, $2, NULL)")
            .bind(token_hash)
            .bind(now)
            .execute(&mut tx)
            .await?;
        sqlx::query(
            "DELETE FROM setup_tokens WHERE token_hash IN (SELECT token_hash FROM setup_tokens \
             ORDER BY created_at DESC, token_hash LIMIT 1000 OFFSET 10)",
        )
        .execute(&mut tx)
        .await?;
        tx.commit().await
    }

    /// Adds a set-up token by its hash, in place of those that nobody used. `false` if the set-up is over or has its
    /// administrator: then there is nothing to open.
    pub async fn renew_setup_token(&self, token_hash: &str, entry: &Entry) -> Result<bool, Unavailable> {
        let mut tx = self.begin().await?;
        let over: Option<String> = sqlx::query_scalar(
            "SELECT key FROM platform_config WHERE key = 'setup_completed' AND value = 'true' \
             UNION ALL SELECT id FROM users WHERE role = 'platform-admin' LIMIT 1",
        )
        .fetch_optional(&mut tx)
        .await?;
        if over.is_some() {
            return Ok(false);
        }
        sqlx::query("DELETE FROM setup_tokens WHERE installer IS NULL").execute(&mut tx).await?;
        sqlx::query("INSERT INTO setup_tokens (token_hash, created_at, installer) VALUES ($1, $2, NULL)")
            .bind(token_hash)
            .bind(entry.at)
            .execute(&mut tx)
            .await?;
        audit::record(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Takes a set-up token for an installer: the first to show it has it.
    pub async fn use_setup_token(&self, token_hash: &str, installer: &str) -> Result<TokenUse, Unavailable> {
        let mut tx = self.begin().await?;
        let used = sqlx::query(
            "UPDATE setup_tokens SET installer = $2 WHERE token_hash = $1 AND (installer IS NULL OR installer = $2)",
        )
        .bind(token_hash)
        .bind(installer)
        .execute(&mut tx)
        .await?;
        if used.rows_affected() == 1 {
            tx.commit().await?;
            return Ok(TokenUse::Accepted);
        }
        drop(tx);
        Ok(if self.installer_of(token_hash).await?.is_some() { TokenUse::Used } else { TokenUse::Wrong })
    }

    /// What showing a set-up token would come to now, for somebody who is not known yet.
    pub async fn setup_token(&self, token_hash: &str) -> Result<TokenUse, Unavailable> {
        let row: Option<(Option<String>,)> = sqlx::query_as("SELECT installer FROM setup_tokens WHERE token_hash = $1")
            .bind(token_hash)
            .fetch_optional(&self.read)
            .await?;
        Ok(match row {
            None => TokenUse::Wrong,
            Some((None,)) => TokenUse::Accepted,
            Some((Some(_),)) => TokenUse::Used,
        })
    }

    /// The installer who used a set-up token.
    pub async fn installer_of(&self, token_hash: &str) -> Result<Option<String>, Unavailable> {
        let row: Option<(Option<String>,)> = sqlx::query_as("SELECT installer FROM setup_tokens WHERE token_hash = $1")
            .bind(token_hash)
            .fetch_optional(&self.read)
            .await?;
        Ok(row.and_then(|(installer,)| installer))
    }

    /// Whether an installer showed a set-up token before.
    pub async fn is_installer(&self, installer: &str) -> Result<bool, Unavailable> {
        let row: Option<String> =
            sqlx::query_scalar("SELECT token_hash FROM setup_tokens WHERE installer = $1 LIMIT 1")
                .bind(installer)
                .fetch_optional(&self.read)
                .await?;
        Ok(row.is_some())
    }

    /// Stores license, key and the first administrator together, and signs the administrator in. `bundle` is what the first
    /// step holds; a license that is installed already stays. Of many who try, one is told `Made`.
    pub(crate) async fn make_first_admin(
        &self,
        new: &NewAccount,
        bundle: Option<&Bundle>,
        session: &NewSession<'_>,
        entry: &Entry,
    ) -> Result<FirstAdmin, Unavailable> {
        let mut tx = self.begin().await?;
        // The mark of an administrator who is gone (somebody emptied the table) bars nobody.
        sqlx::query(
            "DELETE FROM platform_config WHERE key = 'setup_admin' \
             AND NOT EXISTS (SELECT 1 FROM users WHERE role = 'platform-admin')",
        )
        .execute(&mut tx)
        .await?;
        let there: Option<String> = sqlx::query_scalar("SELECT id FROM users WHERE role = 'platform-admin' LIMIT 1")
            .fetch_optional(&mut tx)
            .await?;
        if there.is_some() || !config::claim(&mut tx, "setup_admin", &new.user.id, entry.at).await? {
            return Ok(FirstAdmin::TooLate);
        }
        if let Some(bundle) = bundle {
            let origin = Origin { source: "setup", by: &new.user.email, now: entry.at };
            if license::put(&mut tx, bundle, origin).await?.is_none() {
                return Ok(FirstAdmin::TooLate);
            }
        }
        if !accounts::add(&mut tx, new, entry.at).await? {
            return Ok(FirstAdmin::TooLate);
        }
        for done in ["DELETE FROM setup_draft", "DELETE FROM setup_tokens"] {
            sqlx::query(done).execute(&mut tx).await?;
        }
        sessions::begin(&mut tx, session).await?;
        audit::record(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(FirstAdmin::Made)
    }

    /// Stores a value that an administrator chose: `organization_name`, `email`.
    pub async fn set_value(&self, key: &str, value: &str, entry: &Entry) -> Result<(), Unavailable> {
        let mut tx = self.begin().await?;
        config::set(&mut tx, key, value, entry.at).await?;
        audit::record(&mut tx, entry).await?;
        tx.commit().await
    }

    /// Ends the set-up. Of several who try, one is told `true`.
    pub async fn complete_setup(&self, entry: &Entry) -> Result<bool, Unavailable> {
        let mut tx = self.begin().await?;
        let changed = sqlx::query(
            "INSERT INTO platform_config (key, value, revision, updated_at) VALUES ('setup_completed', 'true', 1, $1) \
             ON CONFLICT (key) DO UPDATE SET value = 'true', revision = platform_config.revision + 1, \
             updated_at = excluded.updated_at WHERE platform_config.value <> 'true'",
        )
        .bind(entry.at)
        .execute(&mut tx)
        .await?;
        if changed.rows_affected() != 1 {
            return Ok(false);
        }
        audit::record(&mut tx, entry).await?;
        tx.commit().await?;
        Ok(true)
    }
}
