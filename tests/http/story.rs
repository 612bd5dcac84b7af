//! A platform that is set up, over HTTP as an installer does it, and the people on it.

use std::sync::LazyLock;

use countersign_app::Role;
use countersign_license::Bundle;
use rsa::RsaPrivateKey;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sqlx::{AnyConnection, Connection as _};

use crate::ask::{Answer, BASES, Browser, NOW, Server};
use crate::common::{private_key, public_pem, token};
use crate::database;

/// The first administrator's address.
pub const ADMIN: &str = "admin@example.com";
/// The first administrator's password.
pub const PASSWORD: &str = "three blue mountains at noon";

const DAY: i64 = 24 * 60 * 60;

/// A vendor who signs.
pub struct Vendor {
    key: RsaPrivateKey,
    public: String,
}

/// The vendor whose license is installed.
pub static VENDOR: LazyLock<Vendor> = LazyLock::new(|| Vendor::of("rsa2048"));
/// Somebody else with a key.
pub static OTHER: LazyLock<Vendor> = LazyLock::new(|| Vendor::of("rsa2048-other"));

impl Vendor {
    fn of(name: &str) -> Self {
        let key = private_key(name);
        let public = public_pem(&key.to_public_key());
        Self { key, public }
    }

    /// A bundle whose claims are those of [`claims`] with these in their place; `null` takes one away.
    pub fn issue(&self, changes: &Value) -> Bundle {
        let mut claims = claims();
        merge(&mut claims, changes);
        self.sign(&claims.to_string())
    }

    /// A bundle of this payload.
    pub fn sign(&self, payload: &str) -> Bundle {
        let jwt = token(&self.key, r#"{"alg":"RS256","typ":"JWT"}"#, payload);
        Bundle { jwt, public_key: self.public.clone() }
    }

    /// The SHA-256 fingerprint of the key.
    pub fn fingerprint(&self) -> String {
        let key = countersign_license::VerifyingKey::parse(&self.public).expect("a key");
        key.fingerprint().to_string()
    }
}

/// What the license says that set-up installs: a year from [`NOW`] on.
pub fn claims() -> Value {
    json!({
        "iss": "scrydon-license", "aud": "scrydon-platform", "sub": "cust_acme", "jti": "lic_first",
        "iat": NOW - DAY, "exp": NOW + 365 * DAY,
        "scrydon": {
            "org": "Acme Corp", "tier": "professional",
            "entitlements": { "cpuCores": 64, "ramGb": 256, "vramGb": 48 },
            "features": { "analytics": true, "maxUsers": 50 },
        },
    })
}

fn merge(into: &mut Value, changes: &Value) {
    match (into, changes) {
        (Value::Object(members), Value::Object(changes)) => {
            for (name, change) in changes {
                if change.is_null() {
                    members.remove(name);
                } else {
                    merge(members.entry(name.clone()).or_insert(Value::Null), change);
                }
            }
        }
        (into, change) => *into = change.clone(),
    }
}

/// The license that set-up installs.
pub fn first() -> Bundle {
    VENDOR.issue(&json!({}))
}

/// A renewal: a year more, and nothing that must be acknowledged.
pub fn renewal() -> Bundle {
    VENDOR.issue(&json!({ "jti": "lic_second", "iat": NOW, "exp": NOW + 730 * DAY }))
}

/// A bundle as a JSON body.
pub fn body(bundle: &Bundle) -> Value {
    json!({ "jwt": bundle.jwt, "publicKey": bundle.public_key })
}

impl Server {
    /// A server that is set up, and its first administrator.
    pub async fn set_up(base: &str) -> (Self, Browser) {
        let server = Self::start(base).await;
        let admin = server.install(&first()).await;
        (server, admin)
    }

    /// Goes through the wizard with this license, as a program does.
    pub async fn install(&self, license: &Bundle) -> Browser {
        let mut admin = self.browser();
        let account = json!({ "name": "First Admin", "email": ADMIN, "password": PASSWORD });
        for (step, body, next) in [
            ("license", body(license), json!("admin")),
            ("admin", account, json!("organization")),
            ("organization", json!({ "name": "Acme Corp" }), json!("email")),
            ("email", json!({ "provider": "later" }), json!("complete")),
            ("complete", json!({}), Value::Null),
        ] {
            let answer = admin.json(&format!("/api/setup/{step}"), &body).await;
            assert_eq!(answer.status, 200, "{step}: {}", answer.body);
            assert_eq!(answer.json()["next"], next, "{step}");
        }
        admin
    }

    /// Somebody of that role, signed in. The account and its session are written into the database, which is quicker than
    /// invitation and password; nobody can sign in to it.
    pub async fn somebody(&self, role: Role) -> Browser {
        let (name, now) = (role.name(), self.clock.load(std::sync::atomic::Ordering::Relaxed));
        let session = format!("session-of-{name}");
        let mut database = self.database().await;
        sqlx::query(
            "INSERT INTO users (id, email, name, role, password_hash, created_at) VALUES ($1, $2, $1, $1, '', $3)",
        )
        .bind(name)
        .bind(format!("{name}@example.com"))
        .bind(now)
        .execute(&mut database)
        .await
        .expect("a user");
        sqlx::query(
            "INSERT INTO sessions (id_hash, public_id, user_id, created_at, seen_at, expires_at, agent, address) \
             VALUES ($1, $2, $2, $3, $3, $4, '', '')",
        )
        .bind(format!("{:x}", Sha256::digest(&session)))
        .bind(name)
        .bind(now)
        .bind(now + 7 * DAY)
        .execute(&mut database)
        .await
        .expect("a session");
        database.close().await.expect("it closes");
        let mut browser = self.browser();
        browser.jar.insert("session".to_owned(), session);
        browser
    }

    /// A connection of an operator's own.
    pub async fn database(&self) -> AnyConnection {
        let url = database::of(&self.folder).await;
        let mut database = AnyConnection::connect(&url).await.expect("the database");
        if database::is_a_file() {
            sqlx::query("PRAGMA busy_timeout = 5000").execute(&mut database).await.expect("patience");
        }
        database
    }

    /// Runs a statement as an operator does, and returns how many rows it changed.
    pub async fn sql(&self, statement: &'static str, values: &[&str]) -> u64 {
        let mut database = self.database().await;
        let mut query = sqlx::query(statement);
        for value in values {
            query = query.bind((*value).to_owned());
        }
        let changed = query.execute(&mut database).await.expect(statement).rows_affected();
        database.close().await.expect("it closes");
        changed
    }

    /// The two stored rows of the license, by key.
    pub async fn stored(&self) -> Vec<(String, String, i64)> {
        let mut database = self.database().await;
        let rows = sqlx::query_as(
            "SELECT key, value, revision FROM platform_config WHERE key IN ('license_jwt', 'license_public_key') ORDER BY key",
        );
        let rows = rows.fetch_all(&mut database).await.expect("rows");
        database.close().await.expect("it closes");
        rows
    }

    /// The audit log, the oldest first: who, what, and the detail.
    pub async fn audit(&self) -> Vec<(String, String, String)> {
        let mut database = self.database().await;
        let rows = sqlx::query_as("SELECT actor, action, detail FROM audit ORDER BY id");
        let rows = rows.fetch_all(&mut database).await.expect("rows");
        database.close().await.expect("it closes");
        rows
    }
}

/// The code of a refusal.
pub fn code(answer: &Answer) -> String {
    answer.json()["code"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn the_wizard_leads_to_a_platform_with_a_license_and_an_administrator() {
    for base in BASES {
        let (server, mut admin) = Server::set_up(base).await;
        let session = admin.get("/api/auth/get-session").await.json();
        assert_eq!((&session["user"]["email"], &session["user"]["role"]), (&json!(ADMIN), &json!("platform-admin")));
        let stored: Vec<String> = server.stored().await.into_iter().map(|(_, value, _)| value).collect();
        assert_eq!(stored, [first().jwt, first().public_key]);
        let actions: Vec<String> = server.audit().await.into_iter().map(|(_, action, _)| action).collect();
        assert_eq!(actions.first().map(String::as_str), Some("setup.admin-made"));
        assert_eq!(actions.last().map(String::as_str), Some("setup.completed"));
        for role in [Role::Member, Role::OrgAdmin] {
            let session = server.somebody(role).await.get("/api/auth/get-session").await.json();
            assert_eq!(session["user"]["role"], role.name());
        }
    }
}
