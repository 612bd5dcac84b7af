//! PostgreSQL away: what people and programs are told meanwhile, and that nobody has to do anything once it is back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::away::{JSON, LONGEST, Platform, timely};
use crate::nginx::Answer;
use crate::times;
use crate::wire::Ends;

/// How soon everything is well again.
const SOON: Duration = Duration::from_secs(15);

/// What is answered while nobody knows what is stored.
fn is_closed(platform: &Platform) {
    let server = &platform.servers[0];
    let admin = platform.admin.as_str();
    let get = |path: &str, lines: &str| timely(server, "GET", path, lines, "");
    let post = |path: &str, lines: &str, body: &str| timely(server, "POST", path, lines, body);
    let problem = |answer: &Answer, path: &str| {
        assert_eq!(answer.status, 503, "{path}: {}", answer.body);
        assert!(answer.head.contains("content-type: application/problem+json"), "{path}: {}", answer.head);
        assert!(answer.body.contains("The database does not answer right now"), "{path}: {}", answer.body);
    };
    let page = |answer: &Answer, path: &str| {
        assert_eq!(answer.status, 503, "{path}: {}", answer.body);
        assert!(
            answer.body.starts_with("<!doctype html>") && answer.body.ends_with("</html>"),
            "{path}: {}",
            answer.body
        );
        assert!(answer.body.contains("database"), "{path} says why: {}", answer.body);
        assert!(!answer.body.contains("sqlx") && !answer.body.contains("panicked"), "{path}: {}", answer.body);
    };
    thread::scope(|scope| {
        let live = scope.spawn(|| {
            let begun = Instant::now();
            assert_eq!(get("/health", "").status, 200);
            assert!(begun.elapsed() < Duration::from_secs(1), "it lives: {:?}", begun.elapsed());
        });
        let ready = scope.spawn(|| {
            let begun = Instant::now();
            assert_eq!(get("/health/ready", "").status, 503);
            assert!(begun.elapsed() < Duration::from_secs(6), "readiness: {:?}", begun.elapsed());
        });
        let mut all = vec![live, ready];
        // Programs.
        for path in ["/api/auth/license/get-claims", "/api/auth/license/rotate", "/api/auth/license/preview"] {
            all.push(scope.spawn(move || problem(&post(path, admin, "{}"), path)));
        }
        for path in ["/api/auth/get-session", "/api/auth/license/status", "/api/users", "/api/analytics/usage"] {
            all.push(scope.spawn(move || problem(&get(path, admin), path)));
        }
        all.push(scope.spawn(|| {
            let person = r#"{"email":"admin@example.com","password":"correct horse battery"}"#;
            problem(&post("/api/auth/sign-in/email", JSON, person), "sign-in");
        }));
        // The gates are shut, and nothing is told of the license.
        for feature in ["analytics", "agentic"] {
            all.push(scope.spawn(move || {
                let answer = get(&format!("/api/license/authorize?feature={feature}"), "");
                problem(&answer, feature);
                assert!(!answer.head.contains("x-license-"), "{}", answer.head);
            }));
        }
        // Pages.
        let pages = ["/", "/settings/license", "/settings/users", "/settings/audit", "/analytics"];
        for path in pages {
            all.push(scope.spawn(move || page(&get(path, admin), path)));
        }
        // The wizard is not there.
        for path in ["/setup", "/setup/license", "/setup/admin", "/setup/complete"] {
            all.push(scope.spawn(move || {
                let answer = get(path, "");
                assert_eq!(answer.status, 303, "{path}: {}", answer.body);
                assert!(answer.head.contains("location: /sign-in"), "{path}: {}", answer.head);
            }));
        }
        for step in ["license", "admin", "organization", "email", "complete"] {
            let path = format!("/api/setup/{step}");
            all.push(scope.spawn(move || problem(&post(&path, JSON, "{}"), &path)));
        }
        // What needs no database is there.
        for (path, holds) in [("/license-checker", "Check a license bundle"), ("/sign-in", "name=\"password\"")] {
            all.push(scope.spawn(move || {
                let answer = get(path, "");
                assert!(answer.status == 200 && answer.body.contains(holds), "{path}: {}", answer.body);
            }));
        }
        // Commands end, and say why.
        for arguments in [
            &["status"][..],
            &["rotate", "new.json"],
            &["setup-token"],
            &["db", "check"],
            &["db", "backup", "copy.db"],
            &["serve", "--listen-addr", "127.0.0.1:0"],
        ] {
            all.push(scope.spawn(move || {
                let (ran, took) = platform.run(arguments);
                assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}: {}", ran.err);
                assert!(ran.err.contains("DATABASE_URL"), "{arguments:?} names the setting: {}", ran.err);
                assert!(!ran.err.contains("panicked"), "{arguments:?}: {}", ran.err);
                assert!(took < LONGEST, "{arguments:?} took {took:?}");
            }));
        }
        let failed = all.into_iter().filter_map(|one| one.join().err()).count();
        assert_eq!(failed, 0, "what failed is told above");
    });
}

/// The database goes away while people ask, for a while, and comes back.
fn goes_and_comes_back(name: &str, is_cabled: bool, goes: impl Fn(&Platform), comes_back: impl Fn(&Platform)) {
    let platform = Platform::start(name, "", is_cabled);
    for _ in 0..times(1, 3) {
        platform.rotate();
        let over = AtomicBool::new(false);
        let platform = &platform;
        thread::scope(|scope| {
            let people: Vec<_> = (0..8)
                .map(|person| {
                    let over = &over;
                    scope.spawn(move || {
                        let mut longest = Duration::ZERO;
                        while !over.load(Ordering::Relaxed) {
                            let begun = Instant::now();
                            let answer = platform.claims(person % 2);
                            assert!([200, 503].contains(&answer.status), "{answer:?}");
                            longest = longest.max(begun.elapsed());
                        }
                        longest
                    })
                })
                .collect();
            let _ends = Ends(&over);
            thread::sleep(Duration::from_millis(300));
            goes(platform);
            thread::sleep(Duration::from_millis(500));
            is_closed(platform);
            comes_back(platform);
            let begun = Instant::now();
            for server in 0..2 {
                while platform.claims(server).status != 200 {
                    assert!(begun.elapsed() < SOON, "server {server} is not back");
                    thread::sleep(Duration::from_millis(20));
                }
            }
            println!("{name}: reading again after {:?}", begun.elapsed());
            platform.rotate();
            println!("{name}: writing again after {:?}", begun.elapsed());
            assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
            over.store(true, Ordering::Relaxed);
            let longest = people.into_iter().map(|person| person.join().expect("answers")).max();
            println!("{name}: the longest that somebody waited: {longest:?}");
            assert!(longest < Some(LONGEST), "{longest:?}");
        });
        for server in &platform.servers {
            assert_eq!(timely(server, "GET", "/health/ready", "", "").status, 200);
            let page = timely(server, "GET", "/settings/license", &platform.admin, "");
            assert!(page.status == 200 && page.body.contains("lic_"), "{}", page.body);
            let gate = timely(server, "GET", "/api/license/authorize?feature=agentic", "", "");
            assert_eq!(gate.status, 204, "{}", gate.body);
        }
    }
}

#[test]
fn a_database_that_is_stopped_and_started_needs_no_restart_of_anything() {
    goes_and_comes_back(
        "outage-stopped",
        false,
        |platform| platform.cluster.stop("fast"),
        |platform| platform.cluster.begin(),
    );
}

#[test]
#[ignore = "`make faults`; the one that is stopped is much the same"]
fn a_database_that_crashes_needs_no_restart_of_anything() {
    goes_and_comes_back(
        "outage-crashed",
        false,
        |platform| platform.cluster.stop("immediate"),
        |platform| platform.cluster.begin(),
    );
}

#[test]
fn a_database_that_hangs_holds_nobody_up_for_long() {
    goes_and_comes_back(
        "outage-paused",
        false,
        |platform| platform.cluster.pause(),
        |platform| platform.cluster.resume(),
    );
}

#[test]
fn a_network_that_is_cut_holds_nobody_up_for_long_and_leaves_no_dead_connections() {
    goes_and_comes_back("outage-cut", true, |platform| platform.cable.cut(), |platform| platform.cable.mend());
}
