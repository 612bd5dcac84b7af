//! Several servers on one PostgreSQL, behind a real nginx. `scripts/postgres.sh` starts the database.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::nginx::{Answer, Nginx, ask};
use crate::platform::bundle;
use crate::postgres::{database, postgres};
use crate::run::{command, empty, run_with};
use crate::running::Server;

const JSON: &str = "Content-Type: application/json\r\n";

/// The cookies that an answer sets, as a line of the next request's head.
fn cookies(answer: &Answer) -> String {
    let set = answer.head.lines().filter_map(|line| line.strip_prefix("set-cookie: ")?.split(';').next());
    format!("{JSON}Cookie: {}\r\n", set.collect::<Vec<_>>().join("; "))
}

fn claims(address: &str, person: &str) -> Value {
    let answer = ask(address, "POST", "/api/auth/license/get-claims", person, "{}");
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_str(&answer.body).expect("JSON")
}

#[test]
fn three_replicas_are_one_platform() {
    let postgres = postgres();
    let folder = empty("replicas");
    let url = database(&postgres, "replicas");
    // Nobody reads the log, and a line for each request would fill its pipe.
    let variables = [
        ("DATABASE_URL", url.as_str()),
        ("SECRET_KEY", "one for all of them, thirty-two or more"),
        ("RUST_LOG", "warn"),
    ];

    // They start at once, on a database without tables.
    let start = || Server::start_in(&folder, &variables, &["--listen-addr", "127.0.0.1:0"]);
    let mut servers: Vec<Server> = thread::scope(|scope| {
        let starting: Vec<_> = (0..3).map(|_| scope.spawn(start)).collect();
        starting.into_iter().map(|one| one.join().expect("it starts")).collect()
    });
    let addresses: Vec<String> = servers.iter().map(|server| server.address().to_owned()).collect();
    let upstream = addresses.iter().fold(String::new(), |text, address| text + "server " + address + " max_fails=0;\n");
    let site = folder.join("nginx");
    fs::create_dir(&site).expect("a folder");
    let nginx = Nginx::start(&site, |address| {
        format!(
            "upstream replicas {{ {upstream} }}\nserver {{ listen {address}; location / {{ proxy_pass http://replicas; \
             proxy_http_version 1.1; proxy_next_upstream error non_idempotent; proxy_set_header Host localhost; \
             proxy_set_header Connection \"\"; }} }}\n"
        )
    });
    let front = nginx.address.as_str();

    // A hundred installers, wherever nginx sends them: one of them makes the administrator.
    let license = ask(front, "POST", "/api/setup/license", JSON, &bundle(&["--jti", "lic_0"]));
    assert_eq!(license.status, 200, "{}", license.body);
    let installed: Vec<Answer> = thread::scope(|scope| {
        let installer = |number: usize| {
            let body = json!({
                "name": "An Installer",
                "email": format!("installer{number}@example.com"),
                "password": "correct horse battery",
            });
            ask(front, "POST", "/api/setup/admin", JSON, &body.to_string())
        };
        let all: Vec<_> = (0..100).map(|number| scope.spawn(move || installer(number))).collect();
        all.into_iter().map(|one| one.join().expect("an answer")).collect()
    });
    let (made, refused): (Vec<&Answer>, Vec<&Answer>) = installed.iter().partition(|answer| answer.status == 200);
    assert_eq!(made.len(), 1, "{:?}", installed.iter().map(|answer| answer.status).collect::<Vec<_>>());
    assert!(refused.iter().all(|answer| answer.status == 409), "{refused:?}");
    let admin = cookies(made[0]);

    // The session works everywhere, and so does each further step.
    for (step, body) in
        [("organization", r#"{"name":"Acme Corp"}"#), ("email", r#"{"provider":"later"}"#), ("complete", "{}")]
    {
        let answer = ask(front, "POST", &format!("/api/setup/{step}"), &admin, body);
        assert_eq!(answer.status, 200, "{step}: {}", answer.body);
    }
    for address in &addresses {
        assert_eq!(claims(address, &admin)["claims"]["jti"], "lic_0");
    }

    // What one was told is what all answer, at once.
    for revision in 1..=20_usize {
        let through = &addresses[revision % 3];
        let new = bundle(&["--jti", &format!("lic_{revision}"), "--days", &(90 + revision).to_string()]);
        let head = format!("{admin}If-Match: \"{revision}\"\r\n");
        let answer = ask(through, "POST", "/api/auth/license/rotate", &head, &new);
        assert_eq!(answer.status, 200, "{}", answer.body);
        for address in addresses.iter().map(String::as_str).chain([front]) {
            let told = claims(address, &admin);
            assert_eq!(
                (&told["claims"]["jti"], &told["revision"]),
                (&json!(format!("lic_{revision}")), &json!(revision + 1))
            );
        }
    }

    stop_one_while_people_ask(&mut servers, front, &admin);

    // One dies without a word: the last one goes on, and changes what is to be changed.
    servers[0].kill();
    let last = servers[1].address();
    let answer = ask(
        last,
        "POST",
        "/api/auth/license/rotate",
        &format!("{admin}If-Match: \"21\"\r\n"),
        &bundle(&["--jti", "lic_last", "--days", "200"]),
    );
    assert_eq!(answer.status, 200, "{}", answer.body);
    let ran = run_with(&mut command(&folder, &variables), &["db", "check"], b"");
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    let administrators = ran.out.lines().find(|line| line.starts_with("users ")).expect("users");
    assert!(administrators.contains(" 1 rows"), "{administrators}");
}

/// Waits for something that is about to happen.
fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !happened() {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// One is told to stop: nobody notices. (nginx asks another one where a connection is refused or breaks. That whoever asked is answered
/// without that is the business of `tests/faults/leaving.rs`.)
fn stop_one_while_people_ask(servers: &mut Vec<Server>, front: &str, admin: &str) {
    let (stopped, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        let people: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    while !stopped.load(Ordering::Relaxed) {
                        assert_eq!(claims(front, admin)["revision"], 21);
                        asked.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        until("people ask", || asked.load(Ordering::Relaxed) > 100);
        let (status, took, log) = servers.remove(0).stop();
        let before = asked.load(Ordering::Relaxed);
        until("people go on asking", || asked.load(Ordering::Relaxed) > before + 100);
        stopped.store(true, Ordering::Relaxed);
        assert_eq!(status, Some(0), "{log}");
        assert!(took < Duration::from_secs(5), "{took:?}");
        for person in people {
            person.join().expect("nobody is cut off");
        }
    });
}

#[test]
fn whoever_holds_the_lock_and_stops_does_not_hold_up_the_others_for_good() {
    let postgres = postgres();
    let folder = empty("replicas-paused");
    let url = database(&postgres, "paused");
    let variables = [("DATABASE_URL", url.as_str()), ("SECRET_KEY", "one for all of them, thirty-two or more")];
    let mut server = Server::start_in(&folder, &variables, &["--listen-addr", "127.0.0.1:0"]);
    let (status, answer) = server.post("/api/setup/license", &bundle(&[]));
    assert_eq!(status, 200, "{answer}");
    // A replica that was paused in the middle of a change: its transaction is open, and it does nothing.
    let paused = "BEGIN; SET LOCAL idle_in_transaction_session_timeout = '10s'; SELECT pg_advisory_xact_lock(4850721093);\n\\echo held\n";
    let mut holder = std::process::Command::new("psql")
        .args([&url, "-qAt"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("psql runs");
    std::io::Write::write_all(holder.stdin.as_mut().expect("its input"), paused.as_bytes()).expect("it reads");
    let said = BufReader::new(holder.stdout.as_mut().expect("its output"));
    assert!(said.lines().map_while(Result::ok).any(|line| line == "held"), "it has the lock");
    let started = Instant::now();
    let account = json!({ "name": "First Admin", "email": "admin@example.com", "password": "correct horse battery" });
    let (status, answer) = server.post("/api/setup/admin", &account.to_string());
    assert_eq!(status, 503, "{answer}");
    assert!(answer.contains("nothing was changed"), "{answer}");
    while server.post("/api/setup/admin", &account.to_string()).0 != 200 {
        assert!(started.elapsed() < Duration::from_secs(30), "the lock is free after ten seconds");
    }
    let _ = holder.kill();
    let _ = holder.wait();
}
