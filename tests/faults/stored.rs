//! What a database holds, read straight from it with SQL, and the rules that it must keep whatever happened.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use countersign_license::{Policy, inspect};
use serde_json::json;
use sqlx::{AnyConnection, AssertSqlSafe, Connection as _};

use crate::wire::Ends;

/// What is stored.
#[derive(Debug)]
pub struct Stored {
    /// The rows of `platform_config`: text and revision.
    config: BTreeMap<String, (String, i64)>,
    /// The e-mail addresses of all users.
    pub users: Vec<String>,
    /// What `license_history` has: revision, JWT, key.
    history: Vec<(i64, String, String)>,
    /// What was done: action and detail, in order.
    audit: Vec<(String, String)>,
}

/// Runs something on a connection of its own.
pub fn on<T>(url: &str, work: impl AsyncFnOnce(&mut AnyConnection) -> T) -> T {
    sqlx::any::install_default_drivers();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut connection = AnyConnection::connect(url).await.expect("the database opens");
        let result = work(&mut connection).await;
        connection.close().await.expect("it closes");
        result
    })
}

/// Does something while somebody else has a transaction open that began with this statement.
pub fn while_open(url: &str, statement: &'static str, work: impl FnOnce()) {
    let (is_open, over) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        // Also if it panics.
        let ends = Ends(&over);
        let holding = scope.spawn(|| {
            on(url, async |connection| {
                let mut tx = connection.begin().await.expect("a transaction");
                sqlx::query(statement).execute(&mut *tx).await.expect(statement);
                is_open.store(true, Ordering::Release);
                while !over.load(Ordering::Relaxed) {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            });
        });
        while !is_open.load(Ordering::Acquire) {
            assert!(!holding.is_finished(), "nobody holds it");
            thread::sleep(Duration::from_millis(5));
        }
        work();
        drop(ends);
    });
}

/// All texts of the first column.
pub fn texts(url: &str, sql: &str) -> Vec<String> {
    on(url, async |connection| {
        sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_all(connection).await.expect("texts")
    })
}

impl Stored {
    /// Reads everything at one instant.
    pub fn read(url: &str) -> Self {
        if url.starts_with("sqlite:") {
            assert_eq!(texts(url, "PRAGMA integrity_check"), ["ok"]);
            on(url, async |connection| {
                let broken = sqlx::query("PRAGMA foreign_key_check").fetch_all(connection).await.expect("rows");
                assert!(broken.is_empty(), "{} rows refer to nothing", broken.len());
            });
        }
        let begin =
            if url.starts_with("sqlite:") { "BEGIN" } else { "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY" };
        on(url, async |connection| {
            let mut tx = connection.begin_with(begin).await.expect("a snapshot");
            let config: Vec<(String, String, i64)> = sqlx::query_as("SELECT key, value, revision FROM platform_config")
                .fetch_all(&mut *tx)
                .await
                .expect("rows");
            let users = sqlx::query_scalar("SELECT email FROM users").fetch_all(&mut *tx).await.expect("rows");
            let history = "SELECT revision, jwt, public_key FROM license_history ORDER BY revision";
            let history = sqlx::query_as(history).fetch_all(&mut *tx).await.expect("rows");
            let audit =
                sqlx::query_as("SELECT action, detail FROM audit ORDER BY id").fetch_all(&mut *tx).await.expect("rows");
            let config = config.into_iter().map(|(key, value, revision)| (key, (value, revision))).collect();
            Self { config, users, history, audit }
        })
    }

    /// The value of a row of `platform_config`.
    pub fn value(&self, key: &str) -> Option<&str> {
        self.config.get(key).map(|(value, _)| value.as_str())
    }

    /// How often something was done, as the audit log has it.
    pub fn done(&self, action: &str) -> usize {
        self.audit.iter().filter(|(done, _)| done == action).count()
    }

    /// Revision and license id of the pair in use, if there is one. What must hold is checked on the way: both rows are there
    /// and of one revision, the JWT verifies with the key, each license of before is in the history whole, and each rotation in
    /// the audit log, once, and none that was not.
    pub fn license(&self) -> Option<(i64, String)> {
        let (jwt, key) = match (self.config.get("license_jwt"), self.config.get("license_public_key")) {
            (None, None) => {
                assert_eq!(
                    (self.history.len(), self.done("license.rotated")),
                    (0, 0),
                    "traces of a license that is not there"
                );
                return None;
            }
            (Some(jwt), Some(key)) => (jwt, key),
            half => panic!("half a pair: {half:?}"),
        };
        assert_eq!(jwt.1, key.1, "the rows of the pair have different revisions");
        assert_eq!(self.config["license_source"].1, jwt.1, "where it came from is about another revision");
        let revision = jwt.1;
        let id = verified(&jwt.0, &key.0);
        let before: Vec<i64> = self.history.iter().map(|(revision, ..)| *revision).collect();
        assert_eq!(before, (1..revision).collect::<Vec<_>>(), "the history has each license of before");
        let mut chain: Vec<String> = self.history.iter().map(|(_, jwt, key)| verified(jwt, key)).collect();
        chain.push(id.clone());
        let mut rotated: Vec<(i64, &str)> = self
            .audit
            .iter()
            .filter(|(action, _)| action == "license.rotated")
            .map(|(_, detail)| {
                let number = detail.strip_prefix("Revision ").and_then(|rest| rest.split(':').next()?.parse().ok());
                (number.unwrap_or_else(|| panic!("which revision: {detail}")), detail.as_str())
            })
            .collect();
        // In order within a process; those of two within one second may stand either way.
        rotated.sort_unstable();
        assert_eq!(rotated.len(), before.len(), "the audit log has each rotation");
        for ((told, detail), (revision, steps)) in rotated.iter().zip((2..).zip(chain.windows(2))) {
            assert_eq!(*told, revision, "{detail}");
            assert!(detail.contains(&format!(" to license {} (key ", steps[1])), "revision {revision}: {detail}");
        }
        Some((revision, id))
    }
}

/// The license id in a JWT that verifies with the key.
fn verified(jwt: &str, key: &str) -> String {
    let bundle = json!({ "jwt": jwt, "publicKey": key }).to_string();
    let now = countersign::clock::now();
    let inspection = inspect(bundle.as_bytes(), &Policy::default(), now);
    assert_eq!(inspection.verdict.name(), "valid", "JWT and key do not belong together");
    inspection.license.expect("a valid one").claims().license_id.clone()
}
