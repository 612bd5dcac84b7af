//! SQLite's file is taken away, put back, deleted or replaced under a running server.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::nginx::{Answer, ask};
use crate::place::{Place, acknowledged, of, pair};
use crate::platform::install;
use crate::probes::is_shut;
use crate::running::Server;
use crate::stored::{Stored, texts, while_open};
use crate::wire::{as_person, fingerprints, whole};

/// A platform whose database file somebody else lays hands on.
struct Platform {
    place: Place,
    server: Server,
    bundles: [String; 2],
    keys: [String; 2],
}

impl Platform {
    fn start(name: &str) -> Self {
        let (place, bundles) = (Place::sqlite(name).with("RUST_LOG", "off"), pair());
        let mut server = place.start();
        install(&mut server, &bundles[of(1)]);
        Self { keys: fingerprints(&bundles), place, server, bundles }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.place.folder.join("data").join(name)
    }

    fn database(&self) -> PathBuf {
        self.file("countersign.db")
    }

    fn rotate(&self, revision: i64) -> Answer {
        let head = format!("{}If-Match: \"{revision}\"\r\n", as_person(&self.server.cookies()));
        let body = acknowledged(&self.bundles[of(revision + 1)]);
        ask(self.server.address(), "POST", "/api/auth/license/rotate", &head, &body)
    }

    fn claims(&self) -> Answer {
        let person = as_person(&self.server.cookies());
        ask(self.server.address(), "POST", "/api/auth/license/get-claims", &person, "{}")
    }

    /// Waits until the server has seen what became of its file: it looks each second.
    fn until_ready(&self) {
        let begun = Instant::now();
        while ask(self.server.address(), "GET", "/health/ready", "", "").status != 200 {
            assert!(begun.elapsed() < Duration::from_secs(4), "it does not see it");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Nothing is told, nothing is open, and no file is made where there is none.
    fn is_closed(&self) {
        // Who only reads is answered until somebody has looked.
        let begun = Instant::now();
        loop {
            let claims = self.claims();
            if claims.status == 503 && claims.body.contains("\"database-gone\"") {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(4), "{}", claims.body);
            thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(ask(self.server.address(), "GET", "/health/ready", "", "").status, 503);
        // Pages say what happened, not that it may pass.
        let person = as_person(&self.server.cookies());
        for path in ["/", "/settings/license", "/settings/audit"] {
            let page = ask(self.server.address(), "GET", path, &person, "");
            assert_eq!(page.status, 503, "{path}");
            assert!(page.body.contains("The file of the database is gone"), "{path}: {}", page.body);
        }
        let rotated = self.rotate(2);
        assert!(rotated.status == 503 && rotated.body.contains("nothing was changed"), "{}", rotated.body);
        self.has_no_wizard();
        assert_eq!(ask(self.server.address(), "GET", "/health", "", "").status, 200);
        assert!(!self.database().exists());
    }

    fn has_no_wizard(&self) {
        for (method, path) in [("GET", "/setup/license"), ("POST", "/api/setup/license")] {
            let answer =
                ask(self.server.address(), method, path, "Content-Type: application/json\r\n", &self.bundles[1]);
            assert!(is_shut(path, &answer), "{path}: {answer:?}");
        }
    }

    /// What is stored is whole, by every measure there is.
    fn is_whole(&self, revision: i64) {
        assert_eq!(Stored::read(&self.place.url).license().expect("a license").0, revision);
        let ran = self.place.run(&["db", "check"]);
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    }
}

fn url(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

#[test]
fn a_file_that_is_taken_away_takes_no_confirmed_change_along_and_put_back_needs_no_restart() {
    let platform = Platform::start("moved-away");
    assert_eq!(platform.rotate(1).status, 200);
    let away = platform.file("elsewhere.db");
    for _ in 0..2 {
        fs::rename(platform.database(), &away).expect("it is there");
        // At once, before anybody had time to look: nothing is confirmed into a file that nobody sees.
        let rotated = platform.rotate(2);
        assert!(rotated.status == 503 && rotated.body.contains("nothing was changed"), "{}", rotated.body);
        platform.is_closed();
        fs::rename(&away, platform.database()).expect("it is there");
        platform.until_ready();
        assert_eq!(whole(&platform.claims(), &platform.keys), 2);
    }
    assert_eq!(platform.rotate(2).status, 200);
    assert_eq!(whole(&platform.claims(), &platform.keys), 3);
    platform.is_whole(3);
}

#[test]
fn a_backup_that_is_put_in_place_of_the_file_is_served_whole_without_a_restart() {
    let mut platform = Platform::start("moved-replaced");
    let backup = platform.file("backup.db");
    let ran = platform.place.run(&["db", "backup", &backup.display().to_string()]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    // Much that stands in the journal of the old file alone.
    for revision in 1..6 {
        assert_eq!(platform.rotate(revision).status, 200);
    }
    assert_eq!(whole(&platform.claims(), &platform.keys), 6);
    let old = platform.file("old.db");
    fs::rename(platform.database(), &old).expect("it is there");
    fs::rename(&backup, platform.database()).expect("it is there");
    let begun = Instant::now();
    // The old license, the new one, or none, and never half of each, however many ask meanwhile.
    let until_served = || {
        loop {
            let claims = platform.claims();
            if claims.status != 200 {
                assert_eq!(claims.status, 503, "{}", claims.body);
            } else if whole(&claims, &platform.keys) == 1 {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(10), "{}", claims.body);
        }
    };
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(until_served);
        }
    });
    assert_eq!(platform.rotate(1).status, 200);
    assert_eq!(whole(&platform.claims(), &platform.keys), 2);
    platform.is_whole(2);
    // Nothing of the old one was mixed in, nor lost: what stood in its journal alone was written into it.
    assert_eq!(Stored::read(&url(&old)).license().expect("a license").0, 6);
    // And so it stays, whatever ends the server.
    platform.server.kill();
    platform.server = platform.place.start().with_cookies_of(&platform.server);
    assert_eq!(platform.rotate(2).status, 200);
    platform.is_whole(3);
}

#[test]
fn a_deleted_file_is_not_made_anew_and_a_copy_in_its_place_is_served() {
    let platform = Platform::start("moved-deleted");
    assert_eq!(platform.rotate(1).status, 200);
    let copy = platform.file("copy.db");
    texts(&platform.place.url, &format!("VACUUM INTO '{}'", copy.display()));
    fs::remove_file(platform.database()).expect("it is there");
    platform.is_closed();
    // One without anything in it opens no wizard either.
    fs::write(platform.database(), "").expect("an empty file");
    // Before and after the server has looked.
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(1500) {
        platform.has_no_wizard();
    }
    fs::rename(copy, platform.database()).expect("it is there");
    platform.until_ready();
    assert_eq!(whole(&platform.claims(), &platform.keys), 2);
    assert_eq!(platform.rotate(2).status, 200);
    platform.is_whole(3);
}

#[test]
fn a_journal_that_is_in_use_is_never_lost_whichever_file_is_put_there() {
    let platform = Platform::start("moved-journal");
    let (backup, away) = (platform.file("backup.db"), platform.file("elsewhere.db"));
    let ran = platform.place.run(&["db", "backup", &backup.display().to_string()]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let until_served = |revision: i64| {
        let begun = Instant::now();
        loop {
            let claims = platform.claims();
            if claims.status == 200 && whole(&claims, &platform.keys) == revision {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "{}", claims.body);
            thread::sleep(Duration::from_millis(20));
        }
    };
    let swap = |out: &Path, into: &Path| {
        fs::rename(platform.database(), out).expect("it is there");
        fs::rename(into, platform.database()).expect("it is there");
    };
    let stays_gone = || {
        let begun = Instant::now();
        while platform.claims().status == 200 {
            assert!(begun.elapsed() < Duration::from_secs(4), "it does not see it");
        }
        // All the while: as long as it takes to give the connections up, and then some.
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(8) {
            let claims = platform.claims();
            assert!(claims.status == 503 && claims.body.contains("\"database-gone\""), "{}", claims.body);
            thread::sleep(Duration::from_millis(50));
        }
    };
    let kept = |number: usize| platform.file(&format!("countersign.db-wal.{number}"));
    // Somebody else reads what is there now, and goes on.
    while_open(&platform.place.url, "SELECT COUNT(*) FROM platform_config", || {
        // It stands in the journal alone, and cannot be written into the file while somebody reads what was there before.
        assert_eq!(platform.rotate(1).status, 200);
        // There is no name left for that journal, so nothing else can be taken into use.
        for number in 1..=100 {
            fs::write(kept(number), "taken").expect("a file");
        }
        swap(&away, &backup);
        stays_gone();
        // Put back, it is served with all that stands in its journal, without a restart.
        swap(&backup, &away);
        until_served(2);
        assert_eq!(platform.rotate(2).status, 200);
        for number in 1..=100 {
            fs::remove_file(kept(number)).expect("it is there");
        }
        // Nor can something else that is no database.
        fs::rename(platform.database(), &away).expect("it is there");
        fs::write(platform.database(), "no database at all, but some text that lies in its place".repeat(100))
            .expect("a file");
        stays_gone();
        fs::rename(&away, platform.database()).expect("it is there");
        until_served(3);
        // Nor a file with nothing in it, into which nothing is written either.
        fs::rename(platform.database(), &away).expect("it is there");
        fs::write(platform.database(), "").expect("an empty file");
        stays_gone();
        assert_eq!(fs::metadata(platform.database()).expect("it is there").len(), 0);
        fs::rename(&away, platform.database()).expect("it is there");
        until_served(3);
        // With a name for it the journal is put aside, whole.
        swap(&away, &backup);
        until_served(1);
        assert!(fs::metadata(kept(1)).expect("it is kept").len() > 0);
    });
    assert_eq!(platform.rotate(1).status, 200);
    platform.is_whole(2);
    // Beside the file that it is of, it gives back what stands in it.
    let journal = PathBuf::from(format!("{}-wal", away.display()));
    fs::rename(kept(1), journal).expect("it is there");
    assert_eq!(Stored::read(&url(&away)).license().expect("a license").0, 3);
}
