//! PostgreSQL, held by somebody else: reading goes on, and whoever wants to change something is told.

use std::thread;
use std::time::{Duration, Instant};

use crate::nginx::ask;
use crate::place::{Place, acknowledged, of, pair};
use crate::platform::install;
use crate::stored::while_open;
use crate::wire::{as_person, fingerprints, whole};

/// The lock of who writes.
const LOCK: &str = "SELECT pg_advisory_xact_lock(4850721093)";

/// Holds the lock while something is done.
fn held(place: &Place, work: impl FnOnce()) {
    while_open(&place.url, LOCK, work);
}

#[test]
fn whoever_holds_postgresql_for_too_long_holds_up_changes_alone_and_each_is_told_so() {
    let (place, bundles) = (Place::postgres("held"), pair());
    let keys = fingerprints(&bundles);
    let mut server = place.start();
    install(&mut server, &bundles[of(1)]);
    let person = as_person(&server.cookies());
    let rotate = || {
        let head = format!("{person}If-Match: \"1\"\r\n");
        ask(server.address(), "POST", "/api/auth/license/rotate", &head, &acknowledged(&bundles[of(2)]))
    };
    held(&place, || {
        let refused = || {
            let begun = Instant::now();
            let answer = rotate();
            let took = begun.elapsed();
            assert!(answer.status == 503 && answer.body.contains("\"database-busy\""), "{took:?}: {}", answer.body);
            assert!(answer.head.contains("retry-after: "), "{}", answer.head);
            assert!(took > Duration::from_secs(4) && took < Duration::from_secs(8), "{took:?}");
        };
        // More than a replica has connections that write.
        thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(refused);
            }
            let claims = ask(server.address(), "POST", "/api/auth/license/get-claims", &person, "{}");
            assert_eq!(whole(&claims, &keys), 1);
        });
        let ran = place.run(&["setup-token"]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.err);
        assert!(ran.err.contains("nothing was changed; end what holds it"), "{}", ran.err);
    });
    assert_eq!(rotate().status, 200);
}

#[test]
fn a_move_to_a_database_that_somebody_holds_says_so() {
    let (source, target) = (Place::sqlite("held-source"), Place::postgres("held-target"));
    drop(source.start());
    assert_eq!(target.run(&["db", "check"]).code, 0);
    held(&target, || {
        let ran = source.run(&["db", "move", "--from", &source.url, "--to", &target.url]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.err);
        assert!(ran.err.contains("nothing was changed; end what holds it"), "{}", ran.err);
    });
}
