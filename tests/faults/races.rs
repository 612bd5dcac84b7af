//! Two who rotate at the same time, each through a server of its own; and backups that are taken meanwhile.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;
use std::time::Duration;

use crate::nginx::ask;
use crate::place::{Place, acknowledged, of, pair};
use crate::platform::{bundle, install};
use crate::stored::Stored;
use crate::times;
use crate::wire::{Ends, as_person};

/// Two processes on one database.
fn two_at_once(place: &Place) {
    let [even, odd] = pair();
    let licenses =
        [("lic_even", even), ("lic_odd", odd), ("lic_rival", bundle(&["--jti", "lic_rival", "--org", "Rival"]))];
    let mut one = place.start();
    install(&mut one, &licenses[0].1);
    let other = place.start();
    let (person, rounds) = (as_person(&one.cookies()), times(10, 100));
    let mut won = [0, 0];
    for revision in 1..=i64::try_from(rounds).expect("few") {
        let both = Barrier::new(2);
        // The one that is in use is not asked for again.
        let used = Stored::read(&place.url).license().expect("a license").1;
        let free: Vec<_> = licenses.iter().filter(|(id, _)| *id != used).collect();
        let mut tries = [(one.address(), free[0]), (other.address(), free[1])];
        // Each is first as often as the other.
        tries.rotate_left(usize::from(revision % 2 == 0));
        let statuses: Vec<u16> = thread::scope(|scope| {
            let begun = tries.map(|(address, (_, bundle))| {
                let (both, person) = (&both, &person);
                scope.spawn(move || {
                    let head = format!("{person}If-Match: \"{revision}\"\r\n");
                    both.wait();
                    ask(address, "POST", "/api/auth/license/rotate", &head, &acknowledged(bundle))
                })
            });
            begun.into_iter().map(|one| one.join().expect("an answer")).map(|answer| answer.status).collect()
        });
        let winner = match statuses[..] {
            [200, 412] => 0,
            [412, 200] => 1,
            _ => panic!("round {revision}: {statuses:?}"),
        };
        won[winner] += 1;
        // The audit log and the history have every winner, which is looked at on the way.
        let (stored, id) = Stored::read(&place.url).license().expect("a license");
        assert_eq!((stored, id.as_str()), (revision + 1, tries[winner].1.0));
    }
    println!(
        "{rounds} rounds: the first of two won {}, the second {}; each winner is there whole, and audited",
        won[0], won[1]
    );
}

#[test]
fn of_two_who_rotate_at_once_through_two_processes_one_wins_whole_on_sqlite() {
    two_at_once(&Place::sqlite("races"));
}

#[test]
fn of_two_who_rotate_at_once_through_two_processes_one_wins_whole_on_postgresql() {
    two_at_once(&Place::postgres("races"));
}

fn backups(place: &Place) {
    let bundles = pair();
    let mut server = place.start();
    install(&mut server, &bundles[of(1)]);
    let (confirmed, over) = (AtomicI64::new(1), AtomicBool::new(false));
    let count = times(4, 50);
    thread::scope(|scope| {
        let rotating = scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let revision = confirmed.load(Ordering::Acquire);
                let head = format!("{}If-Match: \"{revision}\"\r\n", as_person(&server.cookies()));
                let body = acknowledged(&bundles[of(revision + 1)]);
                let answer = ask(server.address(), "POST", "/api/auth/license/rotate", &head, &body);
                assert_eq!(answer.status, 200, "{}", answer.body);
                confirmed.store(revision + 1, Ordering::Release);
                // So that the history does not outgrow the backups.
                thread::sleep(Duration::from_millis(20));
            }
        });
        let ends = Ends(&over);
        let mut during = 0;
        for number in 0..count {
            let before = confirmed.load(Ordering::Acquire);
            let file = format!("backup-{number}.db");
            let ran = place.run(&["db", "backup", &file]);
            let after = confirmed.load(Ordering::Acquire) + 1;
            assert_eq!(ran.code, 0, "{}", ran.err);
            let copy = format!("sqlite://{}", place.folder.join(&file).display());
            let (revision, id) = Stored::read(&copy).license().expect("a license");
            assert!((before..=after).contains(&revision), "{before} <= {revision} <= {after}");
            assert_eq!(id, ["lic_even", "lic_odd"][of(revision)]);
            during += usize::from(after > before + 1);
        }
        drop(ends);
        rotating.join().expect("rotations go on");
        println!("{count} backups, {during} of them while the license changed: each opens with a whole pair");
        assert!(during > 0, "nothing was changed meanwhile");
    });
}

#[test]
fn a_backup_that_is_taken_during_rotations_opens_with_a_whole_pair_on_sqlite() {
    backups(&Place::sqlite("races-backup"));
}

#[test]
fn a_backup_that_is_taken_during_rotations_opens_with_a_whole_pair_on_postgresql() {
    backups(&Place::postgres("races-backup"));
}
