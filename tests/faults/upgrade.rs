//! One release after the other, replica by replica, while people go on; and back again.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha384};
use sqlx::{AnyConnection, Connection as _, Executor as _};

use crate::cluster::sql;
use crate::next;
use crate::nginx::{Nginx, ask};
use crate::platform::{bundle, install};
use crate::ports;
use crate::postgres::{database, postgres};
use crate::run::{BINARY, command, empty, run_with};
use crate::running::Server;
use crate::times;
use crate::wire::Ends;

const JSON: &str = "Content-Type: application/json\r\n";
const SECRET: (&str, &str) = ("SECRET_KEY", "one for all of them, thirty-two or more");

/// A platform behind nginx, which knows four places for servers.
struct Front {
    folder: PathBuf,
    url: String,
    places: Vec<String>,
    nginx: Nginx,
}

impl Front {
    fn new(name: &str) -> Self {
        let folder = empty(name);
        let places: Vec<_> = ports::free(4).iter().map(|port| format!("127.0.0.1:{port}")).collect();
        let upstream: String = places.iter().map(|place| ["server ", place, " max_fails=0;\n"].concat()).collect();
        let nginx = Nginx::start(&folder, |address| {
            format!(
                "upstream replicas {{ {upstream} }}\nserver {{ listen {address}; location / {{ proxy_pass http://replicas; \
                 proxy_http_version 1.1; proxy_next_upstream error non_idempotent; proxy_set_header Host localhost; \
                 proxy_set_header Connection \"\"; }} }}\n"
            )
        });
        Self { url: database(&postgres(), &name.replace('-', "_")), folder, places, nginx }
    }

    /// Starts a release in a place.
    fn start(&self, release: &Path, place: usize) -> Server {
        let mut command = Command::new(release);
        command.current_dir(&self.folder).env_clear();
        command.envs([("DATABASE_URL", self.url.as_str()), SECRET, ("RUST_LOG", "warn")]);
        Server::spawn(command, &["--listen-addr", &self.places[place]])
    }
}

/// What people do meanwhile: nobody may notice anything.
struct People<'a> {
    front: &'a Front,
    admin: &'a str,
    is_over: &'a AtomicBool,
    done: [AtomicUsize; 3],
}

impl People<'_> {
    fn ask(&self, path: &str, head: &str, body: &str) -> Value {
        let answer = ask(&self.front.nginx.address, "POST", path, head, body);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        serde_json::from_str(&answer.body).expect("JSON")
    }

    fn again(&self, what: usize, pause: Duration, mut act: impl FnMut()) {
        while !self.is_over.load(Ordering::Relaxed) {
            act();
            self.done[what].fetch_add(1, Ordering::Relaxed);
            thread::sleep(pause);
        }
    }

    fn read(&self) {
        self.again(0, Duration::from_millis(5), || {
            self.ask("/api/auth/license/get-claims", self.admin, "{}");
        });
    }

    /// Whoever was answered sees the license everywhere, at once.
    fn rotate(&self) {
        let mut revision = 1;
        self.again(1, Duration::from_millis(100), || {
            let id = format!("lic_{revision}");
            let new = bundle(&["--jti", &id, "--days", &(90 + revision).to_string()]);
            let head = format!("{}If-Match: \"{revision}\"\r\n", self.admin);
            self.ask("/api/auth/license/rotate", &head, &new);
            revision += 1;
            for _ in 0..4 {
                let told = self.ask("/api/auth/license/get-claims", self.admin, "{}");
                assert_eq!((&told["claims"]["jti"], &told["revision"]), (&json!(id), &json!(revision)));
            }
        });
    }

    /// Ten tries a minute are allowed.
    fn sign_in(&self) {
        let person = json!({ "email": "admin@example.com", "password": "correct horse battery" }).to_string();
        self.again(2, Duration::from_secs(7), || {
            self.ask("/api/auth/sign-in/email", JSON, &person);
        });
    }

    fn go_on(&self) {
        let before: Vec<_> = self.done.iter().map(|done| done.load(Ordering::Relaxed)).collect();
        let begun = Instant::now();
        while self.done[0].load(Ordering::Relaxed) < before[0] + 100
            || self.done[1].load(Ordering::Relaxed) < before[1] + 3
        {
            assert!(begun.elapsed() < Duration::from_mins(1), "people go on");
            assert!(!self.is_over.load(Ordering::Relaxed), "somebody noticed");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Replaces two servers of this release by two of the next, and those by two of this one.
fn there_and_back(name: &str, next: &Path, migrate: impl Fn(&Front)) {
    let this = Path::new(BINARY);
    let front = Front::new(name);
    let mut first = front.start(this, 0);
    let second = front.start(this, 1);
    install(&mut first, &bundle(&["--jti", "lic_0"]));
    let admin = format!("{JSON}Cookie: {}\r\n", first.cookies());
    let is_over = AtomicBool::new(false);
    let people = People { front: &front, admin: &admin, is_over: &is_over, done: Default::default() };
    thread::scope(|scope| {
        let over = Ends(&is_over);
        let mut acting = Vec::new();
        for act in [People::read, People::read, People::read, People::rotate, People::sign_in] {
            let people = &people;
            acting.push(scope.spawn(move || {
                let _ends = Ends(people.is_over);
                act(people);
            }));
        }
        let stop = |server: Server| {
            let (status, took, log) = server.stop();
            assert_eq!(status, Some(0), "{log}");
            assert!(took < Duration::from_secs(5), "{took:?}");
            people.go_on();
        };
        people.go_on();
        // There: its tables come with the first of the next release, and the ones of before go on.
        let third = front.start(next, 2);
        migrate(&front);
        assert_eq!(sql(&front.url, "SELECT id FROM next_things"), "made by the next release");
        people.go_on();
        stop(first);
        let fourth = front.start(next, 3);
        stop(second);
        // And back: the release of before starts on those tables.
        let fifth = front.start(this, 0);
        people.go_on();
        stop(third);
        let sixth = front.start(this, 1);
        stop(fourth);
        drop(over);
        for one in acting {
            one.join().expect("nobody notices");
        }
        stop_quietly(fifth);
        stop_quietly(sixth);
    });
    let [read, rotated, signed_in] = people.done.map(AtomicUsize::into_inner);
    println!("{name}: {read} reads, {rotated} rotations, {signed_in} sign-ins, and nobody noticed");
    assert!(signed_in > 0);
    let variables = [("DATABASE_URL", front.url.as_str()), SECRET];
    let ran = run_with(&mut command(&front.folder, &variables), &["db", "check"], b"");
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
}

fn stop_quietly(server: Server) {
    let (status, _, log) = server.stop();
    assert_eq!(status, Some(0), "{log}");
}

#[test]
fn a_step_of_the_tables_disturbs_nobody_who_does_not_know_it() {
    there_and_back("upgrade-tables", Path::new(BINARY), |front| {
        let checksum = hex(&Sha384::digest(next::STEP));
        let step = format!(
            "BEGIN; {} INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES (9000, 'next', TRUE, '\\x{checksum}', 1); COMMIT",
            next::STEP
        );
        sql(&front.url, &step);
    });
}

#[test]
#[ignore = "it takes a build: `make faults`; the short form is the test above"]
fn the_next_release_comes_and_goes_replica_by_replica_and_nobody_notices() {
    let begun = Instant::now();
    let next = next::build();
    println!("the next release was built in {:?}", begun.elapsed());
    there_and_back("upgrade-release", &next, |_| {});
    // It is as large as this build.
    empty("next");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// A database as the first release left it: the tables of the first step alone, with a license in use.
async fn of_the_first_release(url: &str) {
    const FIRST: &str = include_str!("../../server/migrations/0001_begin.sql");
    sqlx::any::install_default_drivers();
    let mut database = AnyConnection::connect(url).await.expect("a database");
    database.execute(FIRST).await.expect("the first step");
    let (bytes, checksum) = if url.starts_with("sqlite") { ("BLOB", "X'") } else { ("BYTEA", "'\\x") };
    let checksum = format!("{checksum}{}'", hex(&Sha384::digest(FIRST)));
    let notes = format!(
        "CREATE TABLE _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, \
         installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL, checksum {bytes} NOT NULL, \
         execution_time BIGINT NOT NULL); \
         INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (1, 'begin', TRUE, {checksum}, 1)"
    );
    database.execute(sqlx::AssertSqlSafe(notes)).await.expect("its notes");
    let license: Value = serde_json::from_str(&bundle(&["--jti", "lic_first"])).expect("JSON");
    for (key, value) in [("license_jwt", &license["jwt"]), ("license_public_key", &license["publicKey"])] {
        let put = sqlx::query("INSERT INTO platform_config (key, value) VALUES ($1, $2)");
        put.bind(key).bind(value.as_str().expect("text")).execute(&mut database).await.expect("a row");
    }
    database.close().await.expect("it closes");
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_the_first_release_are_brought_up_to_date_by_many_at_once() {
    for round in 0..times(1, 10) {
        let folder = empty(&format!("upgrade-first-{round}"));
        std::fs::write(folder.join("first.db"), "").expect("a file");
        for url in ["sqlite://first.db".to_owned(), database(&postgres(), &format!("first_{round}"))] {
            let here = folder.join("first.db").display().to_string();
            of_the_first_release(&url.replace("first.db", &here)).await;
            let variables = [("DATABASE_URL", url.as_str()), SECRET, ("RUST_LOG", "warn")];
            let servers: Vec<Server> = thread::scope(|scope| {
                let start = || Server::start_in(&folder, &variables, &["--listen-addr", "127.0.0.1:0"]);
                let starting: Vec<_> = (0..3).map(|_| scope.spawn(start)).collect();
                starting.into_iter().map(|one| one.join().expect("it starts")).collect()
            });
            for server in &servers {
                assert!(server.get("/health/ready").starts_with("HTTP/1.1 200"), "{url}");
            }
            let ran = run_with(&mut command(&folder, &variables), &["status", "--json"], b"");
            assert!(ran.code == 0 && ran.out.contains("lic_first"), "{url}: {}{}", ran.out, ran.err);
            let ran = run_with(&mut command(&folder, &variables), &["db", "check"], b"");
            assert_eq!(ran.code, 0, "{url}: {}{}", ran.out, ran.err);
            servers.into_iter().for_each(stop_quietly);
        }
    }
}
