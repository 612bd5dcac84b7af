//! A disk without room, one that cannot be written, and a database that somebody else holds.
//!
//! The disk is a small one in memory.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::again;
use crate::nginx::{Answer, ask};
use crate::place::{Place, acknowledged, of, pair};
use crate::platform::install;
use crate::random::Random;
use crate::run::empty;
use crate::running::Server;
use crate::stored::{Stored, on, texts};
use crate::times;
use crate::wire::{Ends, Wire, as_person, fingerprints, whole};

/// Runs a test with a disk of so many MiB.
fn on_a_disk_of(size: usize, name: &str, body: impl FnOnce(&Path)) {
    again::where_it_may_mount(|| {
        let folder = empty(name);
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={size}m"), "none"]).arg(&folder).status();
        assert!(mounted.expect("mount runs").success());
        body(&folder);
    });
}

/// Takes all room but so many bytes.
fn fill(folder: &Path, but: usize) {
    let mut file = fs::File::create(folder.join("filler")).expect("a file");
    let mut written: u64 = 0;
    for size in [65536, 4096, 512, 1] {
        while file.write_all(&vec![0; size]).is_ok() {
            written += u64::try_from(size).expect("small");
        }
        // What was written of the last one counts as well.
        written = written.max(file.metadata().expect("it is there").len());
    }
    file.set_len(written.saturating_sub(u64::try_from(but).expect("small"))).expect("a shorter file");
}

fn free(folder: &Path) {
    fs::remove_file(folder.join("filler")).expect("it is there");
}

fn rotate(server: &Server, revision: i64, bundles: &[String; 2]) -> Answer {
    let head = format!("{}If-Match: \"{revision}\"\r\n", as_person(&server.cookies()));
    ask(server.address(), "POST", "/api/auth/license/rotate", &head, &acknowledged(&bundles[of(revision + 1)]))
}

fn sign_in(server: &Server) -> Answer {
    let body = r#"{"email":"admin@example.com","password":"correct horse battery"}"#;
    ask(server.address(), "POST", "/api/auth/sign-in/email", "Content-Type: application/json\r\n", body)
}

/// A refusal that says what happened, why, and what to do.
fn refused(answer: &Answer, code: &str, words: &[&str]) {
    assert_eq!(answer.status, 503, "{}", answer.body);
    let problem: Value = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!(problem["code"], code, "{problem}");
    for words in words {
        assert!(answer.body.contains(words), "{words}: {problem}");
    }
}

/// What is read goes on, whatever cannot be written: claims, pages, readiness, the gate of services.
fn is_read(server: &Server, revision: i64, keys: &[String; 2]) {
    let person = as_person(&server.cookies());
    let claims = ask(server.address(), "POST", "/api/auth/license/get-claims", &person, "{}");
    assert_eq!(whole(&claims, keys), revision);
    for path in ["/settings/license", "/settings/audit", "/api/auth/license/status", "/health", "/health/ready"] {
        let answer = ask(server.address(), "GET", path, &person, "");
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    }
    let page = ask(server.address(), "GET", "/sign-in", "", "");
    assert_eq!(page.status, 200, "{}", page.body);
}

/// Lets some people ask all the time while something is done. All of them are answered, and with a whole license.
fn while_people_read<T>(server: &Server, keys: &[String; 2], work: impl FnOnce() -> T) -> T {
    let (over, answers) = (AtomicBool::new(false), AtomicUsize::new(0));
    let person = as_person(&server.cookies());
    thread::scope(|scope| {
        let people: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut wire = Wire::to(server.address()).expect("it listens");
                    while !over.load(Ordering::Relaxed) {
                        let answer =
                            wire.ask("POST", "/api/auth/license/get-claims", &person, "{}").expect("an answer");
                        whole(&answer, keys);
                        answers.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        // Also if it panics.
        let ends = Ends(&over);
        let result = work();
        drop(ends);
        for one in people {
            one.join().expect("everybody is answered");
        }
        assert!(answers.load(Ordering::Relaxed) > 0);
        result
    })
}

#[test]
fn on_a_full_disk_what_is_stored_is_told_and_room_is_all_that_is_needed() {
    on_a_disk_of(8, "disk-full", |folder| {
        let (place, bundles, mut random) =
            (Place::sqlite_in(folder.to_owned()).with("RUST_LOG", "off"), pair(), Random::new());
        let keys = fingerprints(&bundles);
        let mut server = place.start();
        install(&mut server, &bundles[of(1)]);
        let (mut revision, mut rotations, mut sign_ins) = (1, 0, 0);
        let rounds = times(4, 40);
        let words = ["disk", "nothing was changed", "Make room"];
        while_people_read(&server, &keys, || {
            for round in 0..rounds {
                // So that it fails at one write or another.
                fill(folder, [0, random.below(64 * 1024)][round % 2]);
                // What SQLite has room for in its files already is still taken.
                for _ in 0..100 {
                    let answer = rotate(&server, revision, &bundles);
                    if answer.status != 200 {
                        refused(&answer, "database-full", &words);
                        rotations += 1;
                        break;
                    }
                    revision += 1;
                }
                let answer = sign_in(&server);
                if answer.status != 200 {
                    refused(&answer, "database-full", &words);
                    sign_ins += 1;
                }
                is_read(&server, revision, &keys);
                assert_eq!(Stored::read(&place.url).license().expect("a license").0, revision);
                free(folder);
                // At once, and without a restart.
                let answer = rotate(&server, revision, &bundles);
                assert_eq!(answer.status, 200, "{}", answer.body);
                revision += 1;
                // A try that was noted before the room ended counts, for a minute; here a round takes less.
                on(&place.url, async |connection| {
                    sqlx::query("DELETE FROM attempts").execute(connection).await.expect("there is room");
                });
                let answer = sign_in(&server);
                assert_eq!(answer.status, 200, "{}", answer.body);
                assert_eq!(Stored::read(&place.url).license().expect("a license").0, revision);
            }
        });
        assert!(rotations > 0 && sign_ins > 0, "{rotations} rotations and {sign_ins} sign-ins refused");
        // A form gets a page with the same words.
        fill(folder, 0);
        let head = "Origin: http://localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n";
        let form = "email=admin%40example.com&password=correct+horse+battery";
        let page = (0..100)
            .map(|_| ask(server.address(), "POST", "/api/auth/sign-in/email", head, form))
            .find(|page| page.status != 303);
        let page = page.expect("one that is refused");
        assert_eq!(page.status, 503, "{}", page.body);
        assert!(words.iter().all(|words| page.body.contains(words)), "{}", page.body);
        // Whoever starts it again on the full disk gets one that reads.
        server.kill();
        let (server, _) = {
            let (again, took) = place.start_ready();
            (again.with_cookies_of(&server), took)
        };
        is_read(&server, revision, &keys);
        free(folder);
        assert_eq!(rotate(&server, revision, &bundles).status, 200);
        println!("{rounds} times full: {rotations} rotations and {sign_ins} sign-ins refused, revision {revision}");
    });
}

#[test]
fn a_database_that_cannot_be_written_is_named_at_the_start_with_the_remedy() {
    on_a_disk_of(8, "disk-read-only", |folder| {
        let (place, bundles) = (Place::sqlite_in(folder.to_owned()), pair());
        let mut server = place.start();
        install(&mut server, &bundles[of(1)]);
        server.kill();
        let mount = |how: &str| {
            let ran = Command::new("mount").args(["-o", how]).arg(folder).status();
            assert!(ran.expect("mount runs").success());
        };
        mount("remount,ro");
        for command in [&["serve", "--listen-addr", "127.0.0.1:0"][..], &["status"], &["db", "check"]] {
            let ran = place.run(command);
            assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{command:?}");
            for words in ["data/countersign.db (DATABASE_URL)", "read-only", "mount it writable"] {
                assert!(ran.err.contains(words), "{command:?}: {words}: {}", ran.err);
            }
        }
        mount("remount,rw");
        let server = place.start().with_cookies_of(&server);
        is_read(&server, 1, &fingerprints(&bundles));
        assert_eq!(rotate(&server, 1, &bundles).status, 200);
    });
}

#[test]
fn a_disk_that_takes_nothing_more_while_the_server_runs_is_told_and_what_is_stored_is_read() {
    let (place, bundles) = (Place::sqlite("disk-refuses"), pair());
    let keys = fingerprints(&bundles);
    // What the system answers to a write is an error other than that the disk is full, as with a disk that became read-only or a quota:
    // here, a limit on the size of files. Its signal would end the process, which a disk does not.
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", crate::run::BINARY]).current_dir(&place.folder).env_clear();
    shell.envs(place.variables());
    let mut server = Server::spawn(shell, &["--listen-addr", "127.0.0.1:0"]);
    install(&mut server, &bundles[of(1)]);
    let limit = |bytes: &str| {
        let ran = Command::new("prlimit").args(["--pid", &server.id(), &format!("--fsize={bytes}:unlimited")]).status();
        assert!(ran.expect("prlimit runs").success());
    };
    let words = ["nothing was changed", "can still be read", "writable"];
    while_people_read(&server, &keys, || {
        limit("0");
        for _ in 0..3 {
            refused(&rotate(&server, 1, &bundles), "database-read-only", &words);
            refused(&sign_in(&server), "database-read-only", &words);
            is_read(&server, 1, &keys);
        }
        limit("unlimited");
        // At once, and without a restart.
        let answer = rotate(&server, 1, &bundles);
        assert_eq!(answer.status, 200, "{}", answer.body);
    });
    assert_eq!(sign_in(&server).status, 200);
    assert_eq!(Stored::read(&place.url).license().expect("a license").0, 2);
}

/// Lets a disk answer with this error whatever the server asks of it by these calls, until it is told to stop.
struct Failing(Child);

impl Failing {
    fn begin(server: &Server, calls: &str, error: &str) -> Self {
        let inject = format!("inject={calls}:error={error}");
        let strace = Command::new("strace")
            .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={calls}"), "-e", &inject, "-p", &server.id()])
            .spawn()
            .expect("strace runs");
        let begun = Instant::now();
        let is_watched = |thread: &Path| {
            let status = fs::read_to_string(thread.join("status")).unwrap_or_default();
            !status.lines().any(|line| line == "TracerPid:\t0")
        };
        let threads = format!("/proc/{}/task", server.id());
        while !fs::read_dir(&threads).expect("it runs").all(|thread| is_watched(&thread.expect("a thread").path())) {
            assert!(begun.elapsed() < Duration::from_secs(10), "strace does not begin");
            thread::sleep(Duration::from_millis(5));
        }
        Self(strace)
    }

    fn end(mut self) {
        let ran = Command::new("kill").args(["-INT", &self.0.id().to_string()]).status();
        assert!(ran.expect("kill runs").success());
        self.0.wait().expect("it ends");
    }
}

#[test]
fn a_change_that_could_not_be_forced_to_the_disk_is_told_as_unknown() {
    let (place, bundles) = (Place::sqlite("disk-sync").with("RUST_LOG", "off"), pair());
    let keys = fingerprints(&bundles);
    let mut server = place.start();
    install(&mut server, &bundles[of(1)]);
    let failing = Failing::begin(&server, "fsync,fdatasync", "EIO");
    let answer = rotate(&server, 1, &bundles);
    refused(&answer, "outcome-unknown", &["it was done, or nothing was changed"]);
    is_read(&server, 1, &keys);
    failing.end();
    assert_eq!(rotate(&server, 1, &bundles).status, 200);
    assert_eq!(Stored::read(&place.url).license().expect("a license").0, 2);
}

#[test]
fn without_any_room_a_first_start_says_so() {
    on_a_disk_of(1, "disk-first-start", |folder| {
        let place = Place::sqlite_in(folder.to_owned());
        fill(folder, 0);
        let ran = place.run(&["serve", "--listen-addr", "127.0.0.1:0"]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""));
        for words in ["data", "full", "make room"] {
            assert!(ran.err.contains(words), "{words}: {}", ran.err);
        }
        // What it leaves behind is in nobody's way.
        free(folder);
        let mut server = place.start();
        install(&mut server, &pair()[of(1)]);
    });
}

#[test]
fn whoever_holds_the_database_for_too_long_holds_up_changes_alone() {
    let (place, bundles) = (Place::sqlite("disk-busy"), pair());
    let keys = fingerprints(&bundles);
    let mut server = place.start();
    install(&mut server, &bundles[of(1)]);
    let held = AtomicBool::new(false);
    thread::scope(|scope| {
        let holding = scope.spawn(|| {
            on(&place.url, async |connection| {
                let mut tx = sqlx::Connection::begin_with(connection, "BEGIN IMMEDIATE").await.expect("the lock");
                sqlx::query("UPDATE platform_config SET updated_at = updated_at")
                    .execute(&mut *tx)
                    .await
                    .expect("a change");
                held.store(true, Ordering::Release);
                tokio::time::sleep(Duration::from_secs(8)).await;
                tx.rollback().await.expect("it ends");
            });
        });
        while !held.load(Ordering::Acquire) {
            assert!(!holding.is_finished(), "nobody holds it");
            thread::sleep(Duration::from_millis(5));
        }
        let begun = Instant::now();
        let answer = while_people_read(&server, &keys, || rotate(&server, 1, &bundles));
        let took = begun.elapsed();
        refused(&answer, "database-busy", &["nothing was changed", "try again"]);
        assert!(answer.head.contains("retry-after: "), "{}", answer.head);
        assert!(took > Duration::from_secs(4) && took < Duration::from_secs(8), "{took:?}");
        is_read(&server, 1, &keys);
    });
    assert_eq!(rotate(&server, 1, &bundles).status, 200);
    assert_eq!(Stored::read(&place.url).license().expect("a license").0, 2);
}

#[test]
fn a_postgresql_that_became_read_only_tells_what_is_stored() {
    let (place, bundles) = (Place::postgres("disk-standby"), pair());
    let keys = fingerprints(&bundles);
    let mut server = place.start();
    install(&mut server, &bundles[of(1)]);
    // As after a switch to a standby: whoever was connected has to connect again, and nobody can write.
    let name = place.url.rsplit('/').next().expect("a name");
    let only = |value: &str| {
        on(&place.url, async |connection| {
            let sql = format!("ALTER DATABASE {name} SET default_transaction_read_only = {value}");
            sqlx::query("SET default_transaction_read_only = off").execute(&mut *connection).await.expect("allowed");
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(connection).await.expect("allowed");
        });
        texts(
            &place.url,
            "SELECT CAST(pg_terminate_backend(pid) AS TEXT) FROM pg_stat_activity WHERE datname = current_database() AND pid <> \
             pg_backend_pid()",
        );
    };
    only("on");
    let answer = rotate(&server, 1, &bundles);
    refused(&answer, "database-read-only", &["nothing was changed", "DATABASE_URL"]);
    refused(&sign_in(&server), "database-read-only", &["nothing was changed"]);
    is_read(&server, 1, &keys);
    only("off");
    let answer = rotate(&server, 1, &bundles);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(Stored::read(&place.url).license().expect("a license").0, 2);
}
