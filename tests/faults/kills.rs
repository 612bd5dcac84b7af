//! `kill -9` at any moment, with requests in flight: of a rotation, and of every step of the set-up.

use std::io::Read as _;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::nginx::ask;
use crate::place::{Place, acknowledged, of, pair};
use crate::platform::install;
use crate::random::Random;
use crate::running::Server;
use crate::stored::{Stored, texts};
use crate::times;
use crate::wire::{Ends, Wire, as_person, fingerprints, whole};

/// Asks that are in flight beside what is killed.
const BESIDE: usize = 4;
/// A server is back within a second, half of the times at least where nothing else is tried beside it.
const BACK: Duration = Duration::from_secs(1);
/// And at the latest, whatever else the machine does.
const LATEST: Duration = Duration::from_secs(10);

/// Lets `beside` ask until it is cut off, on connections of their own, sends a request, and kills the server so long after. The
/// answer: its status, or 0 if none came.
fn kill(
    server: &mut Server,
    after: Duration,
    send: impl FnOnce(&Server) -> TcpStream,
    beside: impl Fn(&mut Wire) -> bool + Sync,
) -> u16 {
    let (address, over) = (server.address().to_owned(), AtomicBool::new(false));
    thread::scope(|scope| {
        let _ends = Ends(&over);
        let (asks, asking) = channel();
        for _ in 0..BESIDE {
            let (asks, address, over, beside) = (asks.clone(), &address, &over, &beside);
            scope.spawn(move || {
                let mut wire = Wire::to(address).expect("it listens");
                assert!(beside(&mut wire), "it answers");
                asks.send(()).expect("somebody waits for it");
                while !over.load(Ordering::Relaxed) && beside(&mut wire) {}
            });
        }
        // So that nobody waits for one that failed.
        drop(asks);
        assert_eq!(asking.iter().take(BESIDE).count(), BESIDE, "all ask");
        let mut stream = send(server);
        thread::sleep(after);
        server.kill();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        answer.get(9..12).and_then(|status| std::str::from_utf8(status).ok()?.parse().ok()).unwrap_or_default()
    })
}

/// The time within which a moment is chosen: about as long as a request takes, which other work of the machine changes. It
/// follows what comes of the moments, so that kills before, during and after the change all happen.
struct Window(Duration);

impl Window {
    /// A kill left what was there before.
    fn too_early(&mut self) {
        self.0 = (self.0 * 5 / 4).min(Duration::from_secs(5));
    }

    /// The answer had come before the kill.
    fn too_late(&mut self) {
        self.0 = self.0 * 4 / 5;
    }
}

/// How long it takes until a request is answered.
fn measured(server: &Server, send: impl FnOnce(&Server) -> TcpStream) -> (Duration, u16) {
    let begun = Instant::now();
    let mut stream = send(server);
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    (begun.elapsed(), std::str::from_utf8(&answer[9..12]).expect("text").parse().expect("a status"))
}

/// PostgreSQL outlives the server, and ends what it had begun: the instant that this is about.
fn killed_at(place: &Place) -> Option<String> {
    (!place.is_sqlite()).then(|| texts(&place.url, "SELECT CAST(clock_timestamp() AS TEXT)").remove(0))
}

/// Waits until PostgreSQL has ended what was begun before that instant.
fn settled(place: &Place, killed_at: Option<String>) {
    let Some(killed_at) = killed_at else { return };
    let begun = Instant::now();
    let left = format!(
        "SELECT CAST(pid AS TEXT) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
         AND backend_start < CAST('{killed_at}' AS TIMESTAMPTZ)"
    );
    while !texts(&place.url, &left).is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(10), "it goes on for somebody who is dead");
    }
}

/// How long starting took, in the middle and at most.
fn figures(mut took: Vec<Duration>) -> String {
    took.sort();
    format!("ready again in {:?} (median), {:?} (longest)", took[took.len() / 2], took[took.len() - 1])
}

fn is_back_in_time(took: &[Duration]) {
    let late = took.iter().filter(|took| **took >= BACK).count();
    let late = if times(0, 1) == 1 { late } else { 0 };
    assert!(late * 2 <= took.len() && took.iter().all(|took| *took < LATEST), "{}", figures(took.to_vec()));
}

fn rotations(place: &Place) {
    let (mut random, bundles) = (Random::new(), pair());
    let keys = fingerprints(&bundles);
    let mut server = place.start();
    install(&mut server, &bundles[of(1)]);
    let rotation = |revision: i64| {
        let body = acknowledged(&bundles[of(revision + 1)]);
        move |server: &Server| {
            server.begin("POST", "/api/auth/license/rotate", &format!("If-Match: \"{revision}\"\r\n"), &body)
        }
    };
    let person = as_person(&server.cookies());
    let claims = |wire: &mut Wire| {
        wire.ask("POST", "/api/auth/license/get-claims", &person, "{}").is_ok_and(|answer| whole(&answer, &keys) > 0)
    };
    let mut revision = 1;
    let mut window = Window(Duration::ZERO);
    for _ in 0..5 {
        let (took, status) = measured(&server, rotation(revision));
        assert_eq!(status, 200);
        (window.0, revision) = (window.0.max(took * 2), revision + 1);
    }
    let (mut old, mut new, mut answered, mut back) = (0, 0, 0, Vec::new());
    let moments = times(8, 200);
    for moment in 0..moments {
        let status = kill(&mut server, random.within(window.0), rotation(revision), claims);
        assert!(status == 200 || status == 0, "moment {moment}: {status}");
        let killed_at = killed_at(place);
        let (again, took) = place.start_ready();
        server = again.with_cookies_of(&server);
        back.push(took);
        settled(place, killed_at);
        let (stored, id) = Stored::read(&place.url).license().expect("a license");
        let told = whole(&ask(server.address(), "POST", "/api/auth/license/get-claims", &person, "{}"), &keys);
        assert_eq!((told, id.as_str()), (stored, ["lic_even", "lic_odd"][of(stored)]), "moment {moment}");
        if stored == revision {
            assert_eq!(status, 0, "moment {moment}: what was answered is not there");
            old += 1;
            window.too_early();
        } else {
            assert_eq!(stored, revision + 1, "moment {moment}");
            new += 1;
            if status == 200 {
                answered += 1;
                window.too_late();
            }
        }
        revision = stored;
    }
    // It goes on as if nothing had been.
    assert_eq!(measured(&server, rotation(revision)).1, 200);
    is_back_in_time(&back);
    println!(
        "{moments} kills: {old} times the old license, {new} times the new one, {answered} of them answered; {}",
        figures(back)
    );
    if moments >= 100 {
        assert!(old > 0 && new > 0, "kills before the change and after it");
    }
}

#[test]
fn a_rotation_is_there_whole_or_not_at_all_on_sqlite() {
    rotations(&Place::sqlite("kills-rotation"));
}

#[test]
fn a_rotation_is_there_whole_or_not_at_all_on_postgresql() {
    rotations(&Place::postgres("kills-rotation"));
}

const STEPS: [&str; 6] = ["license", "admin", "organization", "email", "complete", "over"];

fn body(step: usize, license: &str) -> String {
    let admin = json!({ "name": "First Admin", "email": "admin@example.com", "password": "correct horse battery" });
    match step {
        0 => license.to_owned(),
        1 => admin.to_string(),
        2 => r#"{"name":"Acme Corp"}"#.to_owned(),
        3 => r#"{"provider":"later"}"#.to_owned(),
        _ => "{}".to_owned(),
    }
}

fn step(number: usize, license: &str) -> impl FnOnce(&Server) -> TcpStream {
    let body = body(number, license);
    move |server| server.begin("POST", &format!("/api/setup/{}", STEPS[number]), "", &body)
}

/// The step that is next, by what is stored alone: never a license, a key or an administrator without the others.
fn next(place: &Place) -> usize {
    let stored = Stored::read(&place.url);
    let license = stored.license();
    assert_eq!(stored.users.len(), license.iter().len(), "{:?} and {license:?}", stored.users);
    assert_eq!(stored.done("setup.admin-made"), stored.users.len());
    assert_eq!(stored.done("organization.named"), usize::from(stored.value("organization_name").is_some()));
    let completed = stored.value("setup_completed") == Some("true");
    assert_eq!(stored.done("setup.completed"), usize::from(completed));
    if completed {
        5
    } else if stored.value("email").is_some() {
        4
    } else if stored.value("organization_name").is_some() {
        3
    } else if license.is_some() {
        2
    } else {
        let drafts = texts(&place.url, "SELECT jwt FROM setup_draft");
        drafts.len()
    }
}

/// Goes on as a person would after a crash: whoever made an account signs in with it, and the wizard says what is next.
fn go_on(server: &mut Server, next: usize) {
    if next >= 2 {
        let sign_in = r#"{"email":"admin@example.com","password":"correct horse battery"}"#;
        let (status, answer) = server.post("/api/auth/sign-in/email", sign_in);
        assert_eq!(status, 200, "{answer}");
    }
    let state = server.look("/api/setup/state");
    let (head, body) = state.split_once("\r\n\r\n").expect("an answer");
    if next == 5 {
        assert!(head.starts_with("HTTP/1.1 409") && body.contains("setup-complete"), "{state}");
        let (status, answer) = server.post("/api/auth/license/get-claims", "{}");
        assert_eq!(status, 200, "{answer}");
    } else {
        let state: Value = serde_json::from_str(body).expect("JSON");
        assert_eq!(state["next"], STEPS[next], "{state}");
    }
}

fn wizard(place: impl Fn(usize) -> Place) {
    let (mut random, license) = (Random::new(), pair()[1].clone());
    // How long each step takes, where nobody disturbs it.
    let quiet = place(0);
    let server = &mut quiet.start();
    let mut windows = Vec::new();
    for (number, name) in STEPS[..5].iter().enumerate() {
        let (took, status) = measured(server, step(number, &license));
        assert_eq!(status, 200, "{name}");
        windows.push(Window(took * 2));
        if number == 1 {
            go_on(server, 2);
        }
    }
    let page = |wire: &mut Wire| {
        let asked = wire.ask("GET", "/setup", "", "").and_then(|_| wire.ask("GET", "/api/setup/state", "", ""));
        asked.is_ok_and(|answer| matches!(answer.status, 200 | 409))
    };
    let moments = times(8, 200);
    let (mut tried, mut done, mut answered, mut back, mut platforms) = (0, [0; 5], [0; 5], Vec::new(), 0);
    while tried < moments {
        platforms += 1;
        let place = place(platforms);
        let mut server = place.start();
        let mut at = 0;
        while at < 5 {
            let status = kill(&mut server, random.within(windows[at].0), step(at, &license), page);
            assert!(status == 200 || status == 0, "{}: {status}", STEPS[at]);
            let killed_at = killed_at(&place);
            let (again, took) = place.start_ready();
            server = again.with_cookies_of(&server);
            back.push(took);
            settled(&place, killed_at);
            let now = next(&place);
            assert!(now == at || now == at + 1, "from {} to {}", STEPS[at], STEPS[now]);
            if status == 200 {
                assert_eq!(now, at + 1, "{} was answered and is not there", STEPS[at]);
                windows[at].too_late();
            } else if now == at {
                windows[at].too_early();
            }
            go_on(&mut server, now);
            (tried, done[at], answered[at]) =
                (tried + 1, done[at] + now - at, answered[at] + usize::from(status == 200));
            at = now;
        }
    }
    let stored: usize = done.iter().sum();
    println!(
        "{tried} kills on {platforms} platforms, each finished: {} times nothing was stored, {stored} times the step was ({done:?}), {answered:?} of them \
         answered; {}",
        tried - stored,
        figures(back.clone())
    );
    is_back_in_time(&back);
    if moments >= 100 {
        assert!(stored > 0 && stored < tried, "kills before the changes and after them");
    }
}

#[test]
fn a_person_can_always_go_on_with_the_set_up_on_sqlite() {
    wizard(|number| Place::sqlite(&format!("kills-wizard-{number}")));
}

#[test]
fn a_person_can_always_go_on_with_the_set_up_on_postgresql() {
    wizard(|number| Place::postgres(&format!("kills-wizard-{number}")));
}
