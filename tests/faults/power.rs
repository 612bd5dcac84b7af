//! The power goes: what was not forced to the disk may be there, or not, or in part. `kill -9` shows nothing of it, since the
//! system still has every write; so the writes are recorded, and the folder is made as it could be after a cut, many times.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::json;

use crate::calls::{Calls, Event, watched};
use crate::place::{Place, acknowledged, of, pair};
use crate::random::Random;
use crate::run::empty;
use crate::running::Server;
use crate::stored::Stored;
use crate::times;

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;
/// What a wizard's steps answer.
const STEPS: [&str; 5] = [
    r#"{"next":"admin"}"#,
    r#"{"next":"organization"}"#,
    r#"{"next":"email"}"#,
    r#"{"next":"complete"}"#,
    r#"{"next":null}"#,
];

/// Bytes at an offset, or a new length.
type Coming = (usize, Option<Vec<u8>>);

/// A disk while writes are on their way to it.
#[derive(Default)]
struct Disk {
    /// What each file has for certain, and what is on its way.
    files: BTreeMap<usize, (Vec<u8>, Vec<Coming>)>,
    /// What has which name, for certain; and which names are on their way: a file, or none any more.
    names: BTreeMap<String, usize>,
    naming: Vec<(String, Option<usize>)>,
    /// The latest names.
    now: BTreeMap<String, usize>,
}

impl Disk {
    fn happens(&mut self, event: &Event) {
        let mut name = |name: &String, file: Option<usize>| {
            match file {
                Some(file) => self.now.insert(name.clone(), file),
                None => self.now.remove(name),
            };
            self.naming.push((name.clone(), file));
        };
        match event {
            Event::Made(new, file) => {
                name(new, Some(*file));
                self.files.entry(*file).or_default();
            }
            Event::Linked(old, new) => {
                let file = self.now.get(old).copied();
                self.now.insert(new.clone(), file.expect("it is there"));
                self.naming.push((new.clone(), file));
            }
            Event::Unlinked(old) => name(old, None),
            Event::Written(file, at, bytes) => {
                self.files.get_mut(file).expect("it is there").1.push((*at, Some(bytes.clone())));
            }
            Event::Cut(file, length) => self.files.get_mut(file).expect("it is there").1.push((*length, None)),
            Event::Synced(file) => {
                let (certain, coming) = self.files.get_mut(file).expect("it is there");
                for one in coming.drain(..) {
                    arrive(certain, &one);
                }
            }
            Event::FolderSynced => {
                for (name, file) in self.naming.drain(..) {
                    rename(&mut self.names, name, file);
                }
            }
            Event::Told(_) => {}
        }
    }

    /// The folder as a cut would leave it: of what is on its way so many of a hundred arrive, in any order, by sectors; names
    /// in the order in which they were made, up to some point.
    fn cut(&self, folder: &Path, arriving: usize, random: &mut Random) {
        let mut names = self.names.clone();
        let upto = if arriving == 0 { 0 } else { random.below(self.naming.len() + 1) };
        for (name, file) in &self.naming[..upto] {
            rename(&mut names, name.clone(), *file);
        }
        for (name, file) in names {
            let (certain, coming) = &self.files[&file];
            let mut content = certain.clone();
            for (at, bytes) in coming {
                let Some(bytes) = bytes else {
                    if random.below(100) < arriving {
                        arrive(&mut content, &(*at, None));
                    }
                    continue;
                };
                let mut from = 0;
                while from < bytes.len() {
                    // Up to the end of the sector.
                    let to = (from + SECTOR - (at + from) % SECTOR).min(bytes.len());
                    if random.below(100) < arriving {
                        // One in sixteen is cut off in the middle of the sector.
                        let to = if random.below(16) == 0 { from + random.below(to - from + 1) } else { to };
                        arrive(&mut content, &(at + from, Some(bytes[from..to].to_vec())));
                    }
                    from = to.max(from + SECTOR - (at + from) % SECTOR);
                }
            }
            fs::write(folder.join(name), content).expect("a file");
        }
    }
}

fn arrive(content: &mut Vec<u8>, (at, bytes): &Coming) {
    match bytes {
        None => content.resize(*at, 0),
        Some(bytes) => {
            let end = at + bytes.len();
            content.resize(content.len().max(end), 0);
            content[*at..end].copy_from_slice(bytes);
        }
    }
}

fn rename(names: &mut BTreeMap<String, usize>, name: String, file: Option<usize>) {
    match file {
        Some(file) => names.insert(name, file),
        None => names.remove(&name),
    };
}

/// What somebody was told so far.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    /// How many steps of the set-up were done.
    steps: usize,
    /// The revision in use.
    revision: i64,
}

impl Told {
    fn hears(&mut self, answer: &str) {
        if let Some(done) = STEPS.iter().position(|step| answer.ends_with(step)) {
            self.steps = self.steps.max(done + 1);
        }
        let tag = answer.split_once("etag: \"").and_then(|(_, rest)| rest.split('"').next()?.parse().ok());
        self.revision = self.revision.max(tag.unwrap_or_default());
    }
}

/// Rotates so often; returns the revision then.
fn rotate(server: &mut Server, from: i64, count: usize, bundles: &[String; 2]) -> i64 {
    let to = from + i64::try_from(count).expect("few");
    for revision in from..to {
        let lines = format!("If-Match: \"{revision}\"\r\n");
        let body = acknowledged(&bundles[of(revision + 1)]);
        let mut stream = server.begin("POST", "/api/auth/license/rotate", &lines, &body);
        let mut answer = String::new();
        std::io::Read::read_to_string(&mut stream, &mut answer).expect("an answer");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    to
}

/// A set-up and rotations, on servers that are watched: the first is stopped in order, the second killed.
fn recorded(place: &Place) -> Vec<Event> {
    let bundles = pair();
    let admin = json!({ "name": "First Admin", "email": "admin@example.com", "password": "correct horse battery" });
    // Its password is sealed with the key beside the database.
    let mail = json!({
        "provider": "smtp", "host": "mail.example.com", "port": 465, "security": "tls", "username": "license",
        "password": "sealed horse", "from": "license@example.com", "fromName": "",
    });
    let mut calls = Calls::default();
    let trace = place.folder.join("trace");
    let mut server = watched(place, &trace);
    for (step, body) in [
        ("license", bundles[of(1)].clone()),
        ("admin", admin.to_string()),
        ("organization", r#"{"name":"Acme Corp"}"#.to_owned()),
        ("email", mail.to_string()),
        ("complete", "{}".to_owned()),
    ] {
        let (status, answer) = server.post(&format!("/api/setup/{step}"), &body);
        assert_eq!(status, 200, "{step}: {answer}");
    }
    let revision = rotate(&mut server, 1, times(3, 20), &bundles);
    let cookies =
        Server::start_in(&empty("power-cookies"), &[], &["--listen-addr", "127.0.0.1:0"]).with_cookies_of(&server);
    assert_eq!(server.stop().0, Some(0));
    calls.add(&trace);
    fs::remove_file(&trace).expect("it is there");
    let mut server = watched(place, &trace).with_cookies_of(&cookies);
    // Enough for SQLite to move what it has logged into the database, and to begin its log anew.
    rotate(&mut server, revision, times(5, 180), &bundles);
    server.kill();
    calls.add(&trace);
    fs::remove_file(&trace).expect("it is there");
    calls.events()
}

/// What must hold after a cut.
fn holds(place: &Place, told: Told, key: &str, at: &str) {
    let data = place.folder.join("data");
    if !data.join("countersign.db").exists() {
        assert_eq!(told.steps, 0, "{at}: the database is not there");
        return;
    }
    let ran = place.run(&["db", "check"]);
    assert_eq!(ran.code, 0, "{at}: {}{}", ran.out, ran.err);
    let stored = Stored::read(&place.url);
    let license = stored.license();
    let revision = license.as_ref().map_or(0, |(revision, _)| *revision);
    assert!(revision >= told.revision, "{at}: revision {} was told, and {revision} is there", told.revision);
    if let Some((revision, id)) = &license {
        assert_eq!(id, ["lic_even", "lic_odd"][of(*revision)], "{at}");
        assert_eq!(place.run(&["status"]).code, 0, "{at}");
    }
    assert_eq!(stored.users.len(), license.iter().len(), "{at}");
    let drafts = crate::stored::texts(&place.url, "SELECT jwt FROM setup_draft").len();
    for (step, is_there) in [
        (1, drafts == 1 || license.is_some()),
        (2, license.is_some()),
        (3, stored.value("organization_name").is_some()),
        (4, stored.value("email").is_some()),
        (5, stored.value("setup_completed") == Some("true")),
    ] {
        assert!(is_there || told.steps < step, "{at}: step {step} was answered");
    }
    if stored.value("email").is_some() {
        let left = fs::read_to_string(data.join("countersign.key")).unwrap_or_default();
        assert_eq!(left, key, "{at}: a secret is sealed with a key that is gone");
    }
}

#[test]
fn what_was_answered_survives_a_power_cut() {
    let place = Place::sqlite("power");
    let events = recorded(&place);
    let key = fs::read_to_string(place.folder.join("data/countersign.key")).expect("a key");
    let mut random = Random::new();
    // Right when somebody is told, with nothing more than what is certain; and anywhere, with anything.
    let sharp: Vec<usize> = (0..events.len()).filter(|at| matches!(events[*at], Event::Told(_))).collect();
    let keep = times(10, 100).min(sharp.len());
    let mut cuts: Vec<(usize, usize)> = (0..keep).map(|_| (sharp[random.below(sharp.len())], 0)).collect();
    cuts.extend((0..times(20, 400)).map(|_| (random.below(events.len()), [0, 10, 50, 90, 100][random.below(5)])));
    cuts.sort_unstable();
    let (mut disk, mut told, mut done) = (Disk::default(), Told::default(), 0);
    let (mut older, mut started, mut moved) = (0, 0, 0);
    for (at, event) in events.iter().enumerate() {
        disk.happens(event);
        if let Event::Told(answer) = event {
            told.hears(answer);
        }
        // SQLite moves what it has logged into the database, in the middle of the rotations.
        let database = disk.now.get("countersign.db");
        moved += usize::from(told.revision > 30 && matches!(event, Event::Written(file, ..) if Some(file) == database));
        for (_, arriving) in cuts.iter().filter(|(cut, _)| *cut == at) {
            let folder = empty("power-cut");
            let left = Place::sqlite_in(folder);
            let data = left.folder.join("data");
            fs::create_dir(&data).expect("a folder");
            disk.cut(&data, *arriving, &mut random);
            let what = format!("cut after {at} of {} calls, {arriving} % of the rest arrive, {told:?}", events.len());
            holds(&left, told, &key, &what);
            older += usize::from(disk.files.values().any(|(_, coming)| !coming.is_empty()));
            // And it goes on from there.
            if done % 8 == 0 {
                let (server, _) = left.start_ready();
                assert_eq!(server.stop().0, Some(0), "{what}");
                holds(&left, told, &key, &what);
                started += 1;
            }
            done += 1;
        }
    }
    assert!(told.steps == 5 && told.revision > 8, "{told:?}");
    assert!(times(0, 1) == 0 || moved > 0, "the log was never moved into the database");
    println!(
        "{done} cuts in {} calls ({moved} of them from log to database), {older} with writes on their way, {started} times a \
         server went on; {} answers, revision {}",
        events.len(),
        sharp.len(),
        told.revision
    );
}
