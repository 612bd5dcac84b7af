//! Whatever becomes of the database, the wizard of a platform that is set up never opens.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::away::{JSON, LONGEST, Platform};
use crate::cluster::sql;
use crate::nginx::{Answer, ask};
use crate::platform::{bundle, set_up};
use crate::running::Server;
use crate::times;

/// What is done to a database.
type Act<'a> = &'a dyn Fn();

const STEPS: [&str; 5] = ["license", "admin", "organization", "email", "complete"];

/// Asks for the wizard in every way, so often, all at the same time: it is never there.
fn probe(server: &Server, license: &str, probes: usize, how: &str) {
    let account = r#"{"name":"Somebody Else","email":"else@example.com","password":"correct horse battery"}"#;
    let bodies = [license, account, r#"{"name":"Else"}"#, r#"{"provider":"later"}"#, "{}"];
    thread::scope(|scope| {
        let asked: Vec<_> = (0..probes)
            .map(|number| {
                scope.spawn(move || {
                    let step = number % 5;
                    let begun = Instant::now();
                    let (path, answer) = match number % 3 {
                        0 => ("/setup".to_owned(), ask(server.address(), "GET", "/setup", "", "")),
                        1 => {
                            let path = format!("/setup/{}", STEPS[step]);
                            let answer = ask(server.address(), "GET", &path, "", "");
                            (path, answer)
                        }
                        _ => {
                            let path = format!("/api/setup/{}", STEPS[step]);
                            let answer = ask(server.address(), "POST", &path, JSON, bodies[step]);
                            (path, answer)
                        }
                    };
                    assert!(is_shut(&path, &answer), "{how}: {path}: {answer:?}");
                    assert!(begun.elapsed() < LONGEST, "{how}: {path}: {:?}", begun.elapsed());
                })
            })
            .collect();
        let open = asked.into_iter().filter_map(|probe| probe.join().err()).count();
        assert_eq!(open, 0, "{how}: of {probes} probes");
    });
}

/// Whether an answer is no wizard's: over, or nobody can tell.
pub fn is_shut(path: &str, answer: &Answer) -> bool {
    if path.starts_with("/api/") {
        return answer.status == 409 && answer.body.contains("setup-complete") || answer.status == 503;
    }
    answer.status == 303 && answer.head.contains("location: /sign-in") || answer.status == 503
}

/// An administrator signs in, as before.
fn is_well(server: &Server) {
    let person = r#"{"email":"admin@example.com","password":"correct horse battery"}"#;
    let begun = Instant::now();
    loop {
        let answer = ask(server.address(), "POST", "/api/auth/sign-in/email", JSON, person);
        if answer.status == 200 {
            return;
        }
        assert!(begun.elapsed() < LONGEST, "{answer:?}");
        thread::sleep(Duration::from_secs(1));
    }
}

#[test]
fn no_probe_opens_the_wizard_while_postgresql_is_away() {
    let platform = Platform::start("probes-postgres", "", false);
    let (server, license) = (&platform.servers[1], bundle(&["--jti", "lic_else"]));
    let cluster = &platform.cluster;
    let change = |statement: &str| drop(sql(&platform.url, statement));
    let outages: [(&str, Act<'_>, Act<'_>); 5] = [
        ("stopped", &|| cluster.stop("fast"), &|| cluster.begin()),
        ("without its table", &|| change("ALTER TABLE platform_config RENAME TO elsewhere"), &|| {
            change("ALTER TABLE elsewhere RENAME TO platform_config");
        }),
        ("paused", &|| cluster.pause(), &|| cluster.resume()),
        ("crashed", &|| cluster.stop("immediate"), &|| cluster.begin()),
        ("of another shape", &|| change("ALTER TABLE platform_config RENAME COLUMN value TO was"), &|| {
            change("ALTER TABLE platform_config RENAME COLUMN was TO value");
        }),
    ];
    for _ in 0..times(1, 2) {
        for (how, goes, comes_back) in &outages[..times(3, 5)] {
            goes();
            probe(server, &license, times(15, 50), how);
            comes_back();
            is_well(server);
        }
    }
    assert_eq!(sql(&platform.url, "SELECT COUNT(*) FROM users"), "1");
}

#[test]
fn no_probe_opens_the_wizard_while_the_file_is_broken() {
    let license = bundle(&["--jti", "lic_else"]);
    for round in 0..times(1, 2) {
        for how in ["moved away", "corrupt", "empty", "without its table", "locked"] {
            let (server, folder) = set_up(&format!("probes-{}-{round}", how.replace(' ', "-")), &bundle(&[]));
            let database = folder.join("data/countersign.db");
            let holder = break_file(&database, how);
            probe(&server, &license, times(15, 50), how);
            if let Some(mut holder) = holder {
                let _ = holder.kill();
                let _ = holder.wait();
                is_well(&server);
            }
        }
    }
}

/// Breaks a database under its server. Whoever holds a lock is told, to be ended.
fn break_file(database: &Path, how: &str) -> Option<std::process::Child> {
    let python = |script: &str| {
        let mut command = Command::new("python3");
        command.args(["-c", script, &database.display().to_string()]).stdout(Stdio::piped());
        command.spawn().expect("python3 runs")
    };
    let open = "import sqlite3, sys, time\nc = sqlite3.connect(sys.argv[1], isolation_level=None)\n";
    match how {
        "moved away" => fs::rename(database, database.with_extension("elsewhere")).expect("it moves"),
        "corrupt" => fs::write(database, "this is no database".repeat(1000)).expect("it is written"),
        "empty" => {
            // What is not in the file itself as well.
            fs::write(database, "").expect("it is written");
            fs::write(database.with_extension("db-wal"), "").expect("it is written");
        }
        "without its table" => {
            assert!(
                python(&format!("{open}c.execute('DROP TABLE platform_config')")).wait().expect("it ends").success()
            );
        }
        _ => {
            let script = format!("{open}c.execute('BEGIN EXCLUSIVE')\nprint('held', flush=True)\ntime.sleep(120)");
            let mut holder = python(&script);
            let mut line = String::new();
            let mut out = std::io::BufReader::new(holder.stdout.as_mut().expect("its output"));
            std::io::BufRead::read_line(&mut out, &mut line).expect("a line");
            return Some(holder);
        }
    }
    None
}
