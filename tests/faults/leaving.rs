//! A server that is told to stop while people ask it, and whoever sends them watches its readiness.

use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::nginx::ask;
use crate::place::{Place, of, pair};
use crate::platform::install;
use crate::wire::{Ends, Wire, as_person, fingerprints, whole};

#[test]
fn readiness_goes_before_a_connection_is_refused_and_whoever_asked_is_answered() {
    let (place, bundles) = (Place::sqlite("leaving"), pair());
    let keys = fingerprints(&bundles);
    let mut server = place.start();
    install(&mut server, &bundles[of(1)]);
    let (address, person) = (server.address().to_owned(), as_person(&server.cookies()));
    // Somebody watches it.
    assert_eq!(ask(&address, "GET", "/health/ready", "", "").status, 200);
    let (is_gone, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    let claims = |wire: &mut Wire| {
        let answer = wire.ask("POST", "/api/auth/license/get-claims", &person, "{}").expect("a whole answer");
        assert_eq!(whole(&answer, &keys), 1);
        asked.fetch_add(1, Ordering::Relaxed);
        answer
    };
    thread::scope(|scope| {
        // Some on a connection that they keep until an answer ends it, some on a new one each time.
        for number in 0..8 {
            let (claims, is_gone, address) = (&claims, &is_gone, &address);
            scope.spawn(move || {
                while !is_gone.load(Ordering::Relaxed) {
                    let mut wire = Wire::to(address).expect("nobody is refused before readiness is gone");
                    while !claims(&mut wire).head.contains("\r\nconnection: close\r\n")
                        && number % 2 == 0
                        && !is_gone.load(Ordering::Relaxed)
                    {}
                }
            });
        }
        // Who sends them: asks again and again, on a new connection, as an ingress does.
        let watching = scope.spawn(|| {
            let ends = Ends(&is_gone);
            let ready = || ask(&address, "GET", "/health/ready", "", "");
            while ready().status == 200 {
                thread::sleep(Duration::from_millis(20));
            }
            let answer = ready();
            assert_eq!((answer.status, answer.body.as_str()), (503, r#"{"status":"stopping"}"#));
            // It takes some time until nobody is sent any more.
            thread::sleep(Duration::from_millis(100));
            let answer = claims(&mut Wire::to(&address).expect("it is still taken"));
            assert!(answer.head.contains("\r\nconnection: close\r\n"), "{}", answer.head);
            drop(ends);
        });
        let begun = Instant::now();
        while asked.load(Ordering::Relaxed) < 200 && !is_gone.load(Ordering::Relaxed) {
            assert!(begun.elapsed() < Duration::from_secs(30), "people ask");
            thread::sleep(Duration::from_millis(5));
        }
        let (status, took, log) = server.stop();
        assert_eq!(status, Some(0), "{log}");
        assert!(took < Duration::from_secs(5), "{took:?}");
        watching.join().expect("readiness goes first");
    });
    assert!(TcpStream::connect(&address).is_err(), "nobody listens any more");
}
