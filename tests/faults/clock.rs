//! The clock of the machine is set while a server runs: `libfaketime` stands between the two.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use crate::nginx::{Answer, ask};
use crate::platform::{bundle, install};
use crate::run::{command, empty};
use crate::running::Server;
use crate::times;

const JSON: &str = "Content-Type: application/json\r\n";
const HOUR: i64 = 60 * 60;
const YEAR: i64 = 365 * 24 * HOUR;

/// A clock that is as many seconds off as a file says.
struct Clock {
    file: PathBuf,
    library: String,
}

impl Clock {
    fn new(folder: &Path) -> Self {
        let found = fs::read_dir("/usr/lib").expect("libraries").filter_map(Result::ok);
        let library = found.map(|entry| entry.path().join("faketime/libfaketimeMT.so.1")).find(|path| path.exists());
        let library = library.expect("libfaketime is there: scripts/setup.sh test installs it").display().to_string();
        let clock = Self { file: folder.join("clock"), library };
        clock.set(0);
        clock
    }

    fn set(&self, off: i64) {
        // At once whole: the server reads it whenever it looks at the clock.
        let new = self.file.with_extension("new");
        fs::write(&new, format!("{off:+}")).expect("a file");
        fs::rename(new, &self.file).expect("a file");
    }

    /// A server with this clock. What measures how long something takes is not touched, as on a real machine.
    fn start(&self, folder: &Path, more: &[(&str, &str)]) -> Server {
        let file = self.file.display().to_string();
        let variables = [
            ("LD_PRELOAD", self.library.as_str()),
            ("FAKETIME_TIMESTAMP_FILE", &file),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("RUST_LOG", "warn"),
        ];
        Server::spawn(command(folder, &[&variables, more].concat()), &["--listen-addr", "127.0.0.1:0"])
    }
}

fn now() -> i64 {
    let passed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    i64::try_from(passed.as_secs()).expect("seconds")
}

fn gate(server: &Server) -> Answer {
    ask(server.address(), "GET", "/api/license/authorize?feature=agentic", "", "")
}

fn claims(server: &Server, person: &str) -> u16 {
    ask(server.address(), "POST", "/api/auth/license/get-claims", person, "{}").status
}

fn sign_in(server: &Server, password: &str) -> Answer {
    let person = format!(r#"{{"email":"admin@example.com","password":"{password}"}}"#);
    ask(server.address(), "POST", "/api/auth/sign-in/email", JSON, &person)
}

/// Signs in: the lines of a head.
fn signed_in(server: &Server) -> String {
    let answer = sign_in(server, "correct horse battery");
    assert_eq!(answer.status, 200, "{answer:?}");
    let cookies = answer.head.lines().filter_map(|line| line.strip_prefix("set-cookie: ")?.split(';').next());
    format!("{JSON}Cookie: {}\r\n", cookies.collect::<Vec<_>>().join("; "))
}

#[test]
fn a_clock_that_is_set_back_and_forth_grants_nothing_and_breaks_nothing() {
    let folder = empty("clock");
    let clock = Clock::new(&folder);
    let mut server = clock.start(&folder, &[("LICENSE_MODE", "offline")]);
    let begun = now();
    install(&mut server, &bundle(&["--jti", "lic_clock", "--tier", "enterprise", "--days=90"]));
    let person = format!("{JSON}Cookie: {}\r\n", server.cookies());
    assert_eq!((gate(&server).status, claims(&server, &person)), (204, 200));
    let told = ask(server.address(), "GET", "/api/auth/license/status", &person, "");
    let told: Value = serde_json::from_str(&told.body).expect("JSON");
    let expires =
        gate(&server).head.lines().find_map(|line| line.strip_prefix("x-license-expires: ").map(str::to_owned));
    assert!(expires.is_some(), "{told}");

    // Ten wrong tries are all there are; and whatever the clock does, nobody waits for more than a minute.
    for _ in 0..10 {
        assert_eq!(sign_in(&server, "wrong wrong wrong").status, 401);
    }
    for off in [0, -HOUR, YEAR, -HOUR, 0] {
        clock.set(off);
        let answer = sign_in(&server, "wrong wrong wrong");
        let wait = answer.head.lines().find_map(|line| line.strip_prefix("retry-after: ")?.parse::<u64>().ok());
        match answer.status {
            401 => assert_eq!(wait, None),
            429 => assert!(wait.is_some_and(|wait| (1..=60).contains(&wait)), "{answer:?}"),
            _ => panic!("{off}: {answer:?}"),
        }
    }

    // Back by an hour: a session that would begin in the future could not be kept to its limits, so people sign in again.
    clock.set(-HOUR);
    assert_eq!(claims(&server, &person), 401);
    let back = signed_in(&server);
    assert_eq!((claims(&server, &back), gate(&server).status), (200, 204));

    // To the second: it is granted until `exp`, and not at it. Issued between `begun` and the next instants.
    let mut last_granted = 0;
    let mut first_refused = i64::MAX;
    let exp = begun + 90 * 24 * HOUR;
    let off = exp - 3 - now();
    clock.set(off);
    while first_refused == i64::MAX {
        let before = now() + off;
        match gate(&server).status {
            204 => last_granted = before,
            403 => first_refused = now() + off,
            status => panic!("{status}"),
        }
        assert!(before < exp + 10, "it is over at exp");
        thread::sleep(Duration::from_millis(20));
    }
    assert!(
        first_refused - last_granted <= 1 && (exp - 2..=exp + 2).contains(&first_refused),
        "{last_granted} {first_refused} {exp}"
    );

    // A year later: over, and told so; whoever comes signs in and can see why.
    clock.set(YEAR);
    let refused = gate(&server);
    assert!(refused.status == 403 && refused.body.contains("license-expired"), "{refused:?}");
    assert_eq!(claims(&server, &back), 401);
    let later = signed_in(&server);
    assert_eq!(claims(&server, &later), 200);
    let page = ask(server.address(), "GET", "/settings/license", &later, "");
    assert!(page.status == 200 && page.body.contains("expired"), "{}", page.body);
    if times(0, 1) == 1 {
        // The jobs go on: they tell the audit log within half a minute.
        let begun = Instant::now();
        while !ask(server.address(), "GET", "/api/audit", &later, "").body.contains("and is expired") {
            assert!(begun.elapsed() < Duration::from_secs(40), "a pass each half minute");
            thread::sleep(Duration::from_millis(500));
        }
    }

    // And right again: what was granted is, and who came from the future is nobody.
    clock.set(0);
    assert_eq!((gate(&server).status, claims(&server, &later)), (204, 401));
    let again = signed_in(&server);
    let audit = ask(server.address(), "GET", "/api/audit", &again, "");
    let audit: Value = serde_json::from_str(&audit.body).expect("JSON");
    let ids: Vec<&str> =
        audit["events"].as_array().expect("events").iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert!(ids.len() > 5 && ids.is_sorted_by(|one, next| one > next), "the newest first: {ids:?}");
    let (status, _, log) = server.stop();
    assert_eq!(status, Some(0));
    assert!(!log.contains("panic"), "{log}");
}

#[test]
fn a_name_that_is_not_found_any_more_delays_no_request() {
    let folder = empty("clock-dns");
    let clock = Clock::new(&folder);
    let variables = [("LICENSE_API_URL", "https://license-server.invalid/api/license/validate")];
    let mut server = clock.start(&folder, &variables);
    install(&mut server, &bundle(&["--jti", "lic_dns", "--tier", "enterprise"]));
    let person = format!("{JSON}Cookie: {}\r\n", server.cookies());
    let slowest = |server: &Server, person: &str| {
        let mut took: Vec<Duration> = (0..times(200, 2000))
            .map(|_| {
                let begun = Instant::now();
                assert_eq!(claims(server, person), 200);
                begun.elapsed()
            })
            .collect();
        took.sort();
        took[took.len() * 99 / 100]
    };
    let before = slowest(&server, &person);
    // "Check now" asks while others read.
    let (asked, meanwhile) = thread::scope(|scope| {
        let asked = scope.spawn(|| ask(server.address(), "POST", "/api/auth/license/check", &person, "{}"));
        let meanwhile = slowest(&server, &person);
        (asked.join().expect("an answer"), meanwhile)
    });
    assert!(asked.status == 502 && asked.body.contains("license-server-not-reached"), "{asked:?}");
    println!("get-claims p99: {before:?} before, {meanwhile:?} while the name was looked up");
    assert!(meanwhile < before * 3 + Duration::from_millis(20), "{before:?} {meanwhile:?}");
    // The time of grace runs, and everything is granted meanwhile.
    let told = ask(server.address(), "GET", "/api/auth/license/status", &person, "");
    let told: Value = serde_json::from_str(&told.body).expect("JSON");
    assert_eq!(told["state"], "degraded", "{told}");
    assert!(told["locksAt"].is_string() && told["phoneHome"]["firstFailureAt"].is_string(), "{told}");
    assert_eq!(gate(&server).status, 204);
}
