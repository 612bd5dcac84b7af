//! Many who read while the license is rotated: every answer is of one license whole, and none is older than what was answered
//! before it was asked.

use std::collections::HashSet;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::task::unconstrained;

use crate::again;
use crate::cluster::kill;
use crate::nginx::Answer;
use crate::place::{Place, acknowledged, of, pair};
use crate::platform::install;
use crate::running::Server;
use crate::stored::Stored;
use crate::times;
use crate::wire::{Ends, Wire, as_person, fingerprints, whole};

/// Servers on one place, set up, with who is signed in on them.
struct Platform {
    servers: Vec<Server>,
    person: String,
    bundles: [String; 2],
    keys: [String; 2],
    /// The latest revision that a rotation was answered with.
    confirmed: AtomicI64,
}

impl Platform {
    fn on(place: &Place, replicas: usize) -> Self {
        let bundles = pair();
        let mut servers = vec![place.start()];
        install(&mut servers[0], &bundles[of(1)]);
        servers.extend((1..replicas).map(|_| place.start()));
        let person = as_person(&servers[0].cookies());
        Self { servers, person, keys: fingerprints(&bundles), bundles, confirmed: AtomicI64::new(1) }
    }

    /// Where the one of that number asks.
    fn address(&self, number: usize) -> &str {
        self.servers[number % self.servers.len()].address()
    }

    /// Rotates through each replica in turn.
    fn rotate(&self, wires: &mut [Wire]) {
        let revision = self.confirmed.load(Ordering::Acquire);
        let number = usize::try_from(revision).expect("positive") % wires.len();
        let head = format!("{}If-Match: \"{revision}\"\r\n", self.person);
        let body = acknowledged(&self.bundles[of(revision + 1)]);
        let answer = wires[number].ask("POST", "/api/auth/license/rotate", &head, &body).expect("an answer");
        assert_eq!(answer.status, 200, "{}", answer.body);
        self.confirmed.store(revision + 1, Ordering::Release);
    }

    /// Who was answered reads it everywhere, at once.
    fn read(&self, wires: &mut [Wire]) {
        let confirmed = self.confirmed.load(Ordering::Acquire);
        for wire in wires {
            let answer = wire.ask("POST", "/api/auth/license/get-claims", &self.person, "{}");
            self.judge(&answer.expect("an answer"), confirmed);
        }
    }

    fn signal(&self, signal: &str) {
        kill(signal, &self.servers.iter().map(Server::id).collect::<Vec<_>>());
    }

    fn wires(&self) -> Vec<Wire> {
        self.servers.iter().map(|server| Wire::to(server.address()).expect("it listens")).collect()
    }

    /// Judges an answer to a question that was begun when that revision was the latest.
    fn judge(&self, answer: &Answer, confirmed: i64) -> i64 {
        let told = whole(answer, &self.keys);
        assert!(told >= confirmed, "{told} was told after {confirmed} was confirmed");
        told
    }
}

fn readers(place: &Place, replicas: usize) {
    let platform = Platform::on(place, replicas);
    let (rotations, readers, each) = (times(20, 1000), times(16, 64), times(100, 640));
    let (over, answers) = (AtomicBool::new(false), AtomicUsize::new(0));
    let begun = Instant::now();
    thread::scope(|scope| {
        let all: Vec<_> = (0..readers)
            .map(|number| {
                let (platform, over, answers) = (&platform, &over, &answers);
                scope.spawn(move || {
                    let mut wire = Wire::to(platform.address(number)).expect("it listens");
                    let (mut latest, mut seen) = (0, 0);
                    while !over.load(Ordering::Relaxed) {
                        let confirmed = platform.confirmed.load(Ordering::Acquire);
                        let answer = wire.ask("POST", "/api/auth/license/get-claims", &platform.person, "{}");
                        let told = platform.judge(&answer.expect("an answer"), confirmed);
                        assert!(told >= latest, "{told} after {latest}");
                        (latest, seen) = (told, seen + 1);
                        answers.fetch_add(1, Ordering::Relaxed);
                    }
                    seen
                })
            })
            .collect();
        let ends = Ends(&over);
        let mut wires = platform.wires();
        for done in 0..rotations {
            platform.rotate(&mut wires);
            platform.read(&mut wires);
            // At least so many answers for each rotation, to all together.
            while answers.load(Ordering::Relaxed) < (done + 1) * each && !all.iter().any(ScopedJoinHandle::is_finished)
            {
                thread::sleep(Duration::from_millis(1));
            }
            if all.iter().any(ScopedJoinHandle::is_finished) {
                break;
            }
        }
        drop(ends);
        let seen: Vec<usize> = all.into_iter().map(|one| one.join().expect("whole answers, none stale")).collect();
        assert!(seen.iter().all(|seen| *seen > 0), "{seen:?}");
    });
    let took = begun.elapsed();
    let (revision, _) = Stored::read(&place.url).license().expect("a license");
    assert_eq!(revision, i64::try_from(rotations + 1).expect("few"));
    println!(
        "{rotations} rotations in {took:?}, {} answers to {readers} readers on {replicas} servers: none mixed, none stale, none refused",
        answers.into_inner()
    );
}

#[test]
fn whoever_reads_during_rotations_gets_one_license_whole_and_never_a_stale_one_on_sqlite() {
    readers(&Place::sqlite("readers"), 1);
}

#[test]
fn whoever_reads_during_rotations_gets_one_license_whole_and_never_a_stale_one_on_postgresql() {
    readers(&Place::postgres("readers"), 2);
}

/// Runs a test where each of so many can have a connection.
fn with_files_for(people: usize, body: impl FnOnce()) {
    if again::is_second() {
        return body();
    }
    let script = "ulimit -n \"$1\" || { echo \"this needs $1 open files: raise the limit (ulimit -Hn)\" >&2; exit 1; }\n\
                  shift; exec \"$@\"";
    again::run(Command::new("sh").args(["-c", script, "sh", &(people + 200).to_string()]));
}

/// A crowd that asks at the same time.
#[derive(Default)]
struct Crowd {
    /// Those who are connected and not yet answered: now, and at most.
    waiting: AtomicUsize,
    most: AtomicUsize,
}

impl Crowd {
    /// Asks on a connection of its own.
    async fn ask(&self, platform: &Platform, number: usize) -> Answer {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut stream = tokio::net::TcpStream::connect(platform.address(number)).await.expect("it listens");
        self.most.fetch_max(self.waiting.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        let question = format!(
            "POST /api/auth/license/get-claims HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{}Content-Length: \
             2\r\n\r\n{{}}",
            platform.person
        );
        stream.write_all(question.as_bytes()).await.expect("it takes it");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        let (head, body) = answer.split_once("\r\n\r\n").expect("a whole one");
        let status = head[9..12].parse().expect("a status");
        Answer { status, head: format!("{head}\r\n"), body: body.to_owned() }
    }
}

/// How many the system lets in for each server until it takes them.
const QUEUE: usize = 4096;

/// So many come at the same time and again and again, each time on a new connection, until the license was rotated so often. All
/// whom the system lets in have asked before the first is answered. Then a server takes 960 at a time.
fn crowd(place: &Place, replicas: usize) {
    let (people, rotations) = (times(1500, 10_000), times(20, 1000));
    let platform = Platform::on(place, replicas);
    let at_once = people.min(replicas * QUEUE);
    let (crowd, over, answered) = (Crowd::default(), AtomicBool::new(false), AtomicUsize::new(0));
    let begun = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (told, came) = thread::scope(|scope| {
        let (platform, crowd, over, answered) = (&platform, &crowd, &over, &answered);
        let _ends = Ends(over);
        let rotating = scope.spawn(move || {
            let _ends = Ends(over);
            let mut wires = platform.wires();
            let mut done = 0;
            while (done < rotations || answered.load(Ordering::Relaxed) < people) && !over.load(Ordering::Relaxed) {
                platform.rotate(&mut wires);
                done += 1;
            }
        });
        // The servers stand still while the crowd comes.
        platform.signal("-STOP");
        let coming = scope.spawn(move || {
            let begun = Instant::now();
            let came = || crowd.waiting.load(Ordering::Relaxed);
            while came() < at_once && begun.elapsed() < Duration::from_secs(10) {
                thread::sleep(Duration::from_millis(1));
            }
            let came = came();
            platform.signal("-CONT");
            came
        });
        let all = (0..people).map(|number| async move {
            let mut told = Vec::new();
            while told.is_empty() || !over.load(Ordering::Relaxed) {
                let confirmed = platform.confirmed.load(Ordering::Acquire);
                told.push(platform.judge(&crowd.ask(platform, number).await, confirmed));
                if told.len() == 1 {
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            }
            told
        });
        // All of them are one task, which shall go on for as long as any of them can.
        let told = runtime.block_on(unconstrained(join_all(all)));
        rotating.join().expect("rotations go on");
        (told, coming.join().expect("they come"))
    });
    let answers: usize = told.iter().map(Vec::len).sum();
    let revisions: HashSet<i64> = told.into_iter().flatten().collect();
    let (confirmed, most) = (platform.confirmed.into_inner(), crowd.most.into_inner());
    println!(
        "{people} people, up to {most} of them connected at the same time, got {answers} answers in {:?} from {replicas} servers, with \
         {} revisions of {confirmed}: none mixed, none stale, none refused",
        begun.elapsed(),
        revisions.len(),
    );
    assert!(came >= at_once, "{came} were there before the first was answered");
    assert!(usize::try_from(confirmed).expect("positive") > rotations);
    let (revision, _) = Stored::read(&place.url).license().expect("a license");
    assert_eq!(revision, confirmed);
}

#[test]
fn a_crowd_that_comes_again_and_again_during_rotations_is_answered_whole_on_sqlite() {
    with_files_for(times(1500, 10_000), || crowd(&Place::sqlite("readers-crowd"), 1));
}

#[test]
fn a_crowd_that_comes_again_and_again_during_rotations_is_answered_whole_on_postgresql() {
    with_files_for(times(1500, 10_000), || crowd(&Place::postgres("readers-crowd"), 3));
}
