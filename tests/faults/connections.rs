//! PostgreSQL has no connection left: others have them all.

use std::thread;
use std::time::{Duration, Instant};

use crate::away::{LONGEST, Platform, timely, variables};
use crate::cluster::Idle;
use crate::nginx::ask;
use crate::running::Server;
use crate::times;

#[test]
fn without_free_connections_the_server_goes_on_with_those_that_it_has() {
    let platform = Platform::start("connections", "max_connections = 32", false);
    platform.rotate();
    let mut others: Vec<Idle> = std::iter::from_fn(|| Idle::connect(&platform.url)).collect();
    assert!(others.len() < 13, "the servers have theirs: {}", others.len());

    // One after the other nobody notices.
    for _ in 0..times(5, 50) {
        platform.rotate();
        for server in &platform.servers {
            assert_eq!(timely(server, "GET", "/health/ready", "", "").status, 200);
            assert_eq!(timely(server, "GET", "/settings/license", &platform.admin, "").status, 200);
            assert_eq!(timely(server, "GET", "/api/license/authorize?feature=agentic", "", "").status, 204);
        }
    }

    // Many at once are answered or told, and nobody hangs.
    let until = Instant::now() + Duration::from_secs(u64::try_from(times(3, 30)).expect("seconds"));
    let (served, told) = thread::scope(|scope| {
        let people: Vec<_> = (0..24)
            .map(|person| {
                let (platform, replica) = (&platform, &platform.servers[person % 2]);
                let path = ["/settings/license", "/settings/users", "/api/users"][person % 3];
                scope.spawn(move || {
                    let (mut served, mut told) = (0, 0);
                    while Instant::now() < until {
                        let answer = timely(replica, "GET", path, &platform.admin, "");
                        match answer.status {
                            200 => served += 1,
                            503 => told += 1,
                            _ => panic!("{path}: {answer:?}"),
                        }
                    }
                    (served, told)
                })
            })
            .collect();
        let counts = people.into_iter().map(|person| person.join().expect("answers"));
        counts.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
    });
    println!("without free connections {served} were served and {told} were told to come back");
    assert!(told == 0, "{served} were served, {told} were not");

    // Who comes new is told what is wrong, and what to do.
    for arguments in [&["serve", "--listen-addr", "127.0.0.1:0"][..], &["status"], &["rotate", "new.json"]] {
        let (ran, took) = platform.run(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains("max_connections") && ran.err.contains("DATABASE_URL"), "{arguments:?}: {}", ran.err);
        assert!(took < LONGEST, "{arguments:?} took {took:?}");
    }
    others.truncate(1);
    let next = Server::start_in(&platform.folder, &variables(&platform.url), &["--listen-addr", "127.0.0.1:0"]);
    assert_eq!(ask(next.address(), "GET", "/health/ready", "", "").status, 200);
    platform.rotate();
}
