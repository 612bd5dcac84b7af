//! What servers do without being asked, with three of them on one database: one does it, and another where that one dies.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::cluster::sql;
use crate::nginx::ask;
use crate::platform::{bundle, install};
use crate::postgres::{database, postgres};
use crate::run::empty;
use crate::running::Server;
use crate::times;
use crate::vendor::LicenseServer;

/// Another replica does what a dead one began within this time.
const TAKEN_OVER: Duration = Duration::from_mins(1);

/// A platform on PostgreSQL, and how its servers start.
struct Platform {
    folder: std::path::PathBuf,
    url: String,
    vendor: LicenseServer,
}

impl Platform {
    fn new(name: &str) -> Self {
        let vendor = LicenseServer::with(Arc::new(TempDir::new().unwrap()), "127.0.0.1:0", &["--plain"]);
        Self { folder: empty(&format!("jobs-{name}")), url: database(&postgres(), &format!("jobs_{name}")), vendor }
    }

    fn start(&self) -> Server {
        let variables = [
            ("DATABASE_URL", self.url.as_str()),
            ("SECRET_KEY", "one for all of them, thirty-two or more"),
            ("RUST_LOG", "off"),
            ("LICENSE_API_URL", &self.vendor.url),
            ("EGRESS_ALLOW", "127.0.0.1"),
        ];
        Server::start_in(&self.folder, &variables, &["--listen-addr", "127.0.0.1:0"])
    }

    /// Three servers, which begin at once, and each with a pass.
    fn start_three(&self) -> Vec<Server> {
        thread::scope(|scope| {
            let starting: Vec<_> = (0..3).map(|_| scope.spawn(|| self.start())).collect();
            starting.into_iter().map(|one| one.join().expect("it starts")).collect()
        })
    }

    /// The license server is to be asked now.
    fn is_due(&self) {
        assert_eq!(sql(&self.url, "UPDATE phone_home SET next_at = 0 RETURNING 1"), "1");
    }

    fn first_pass(&self) {
        until("a first pass", Duration::from_secs(20), || sql(&self.url, "SELECT COUNT(*) FROM phone_home") == "1");
    }
}

/// Waits for something: how long it took.
fn until(what: &str, longest: Duration, mut happened: impl FnMut() -> bool) -> Duration {
    let begun = Instant::now();
    while !happened() {
        assert!(begun.elapsed() < longest, "{what}: not within {longest:?}");
        thread::sleep(Duration::from_millis(50));
    }
    begun.elapsed()
}

#[test]
fn of_three_servers_one_asks_the_license_server() {
    let platform = Platform::new("once");
    let mut first = platform.start();
    install(&mut first, &bundle(&["--jti", "lic_jobs"]));
    drop(first);
    drop(platform.start());
    for round in 1..=times(2, 20) {
        let servers = platform.start_three();
        if round == 1 {
            platform.first_pass();
            drop(servers);
            platform.is_due();
            continue;
        }
        let asked = || platform.vendor.asked("lic_jobs");
        until("it is asked", Duration::from_secs(20), || asked() > 0 && asked() >= u64::try_from(round - 1).unwrap());
        // All three have had their pass.
        thread::sleep(Duration::from_secs(2));
        assert_eq!(asked(), u64::try_from(round - 1).unwrap(), "once for each time that it was due");
        let revision = sql(&platform.url, "SELECT turn FROM phone_home");
        assert_eq!(revision, (round - 1).to_string());
        drop(servers);
        platform.is_due();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "it takes minutes: `make faults`; the rule is in tests/http/phone_home.rs"]
async fn another_server_asks_within_a_minute_when_the_one_that_asked_dies() {
    for round in 0..3 {
        let platform = Platform::new(&format!("dies_{round}"));
        let mut first = platform.start();
        install(&mut first, &bundle(&["--jti", "lic_jobs"]));
        drop(first);
        drop(platform.start());
        let others = platform.start();
        platform.first_pass();
        drop(others);
        platform.vendor.behave("hang").await;
        platform.is_due();
        let mut dies = platform.start();
        until("it asks", Duration::from_secs(20), || platform.vendor.asked("lic_jobs") == 1);
        let _others = [platform.start(), platform.start()];
        dies.kill();
        platform.vendor.behave("well").await;
        let took = until("another asks", TAKEN_OVER, || platform.vendor.asked("lic_jobs") > 1);
        println!("the license server was asked again {took:?} after the one that asked died");
        let answered = || sql(&platform.url, "SELECT last_success_at IS NOT NULL FROM phone_home") == "t";
        until("its answer is noted", Duration::from_secs(20), answered);
        // And nobody asks once more.
        thread::sleep(Duration::from_secs(35));
        assert_eq!(platform.vendor.asked("lic_jobs"), 2);
    }
}

/// A mail server that answers, or does not.
struct Mailbox {
    port: u16,
    hangs: Arc<AtomicBool>,
    called: Arc<AtomicUsize>,
    taken: Arc<AtomicUsize>,
}

impl Mailbox {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let mailbox = Self { port, hangs: Arc::default(), called: Arc::default(), taken: Arc::default() };
        let (hangs, called, taken) = (mailbox.hangs.clone(), mailbox.called.clone(), mailbox.taken.clone());
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                called.fetch_add(1, Ordering::SeqCst);
                let (hangs, taken) = (hangs.clone(), taken.clone());
                thread::spawn(move || {
                    let mut says = stream.try_clone().expect("a socket");
                    let mut say = |line: &str| says.write_all(format!("{line}\r\n").as_bytes()).is_ok();
                    if hangs.load(Ordering::SeqCst) {
                        thread::sleep(Duration::from_mins(5));
                    }
                    say("220 mail.example.com");
                    let mut is_mail = false;
                    for line in BufReader::new(stream).lines().map_while(Result::ok) {
                        let is_end = is_mail && line == ".";
                        if is_end {
                            taken.fetch_add(1, Ordering::SeqCst);
                            is_mail = false;
                        }
                        if !is_mail {
                            is_mail = line == "DATA";
                            say(match line.as_str() {
                                "DATA" => "354 go on",
                                "QUIT" => "221 bye",
                                _ => "250 fine",
                            });
                        }
                    }
                });
            }
        });
        mailbox
    }
}

/// A platform whose license ends in five days, so that its administrator is to be told by mail.
fn with_mail(name: &str) -> (Platform, Mailbox) {
    let (platform, mailbox) = (Platform::new(name), Mailbox::open());
    let mut first = platform.start();
    install(&mut first, &bundle(&["--jti", "lic_jobs", "--days=5"]));
    let smtp = json!({
        "provider": "smtp", "host": "127.0.0.1", "port": mailbox.port, "security": "none", "username": "", "password": null,
        "from": "license@example.com", "fromName": "",
    });
    let head = format!("Content-Type: application/json\r\nCookie: {}\r\n", first.cookies());
    // Nothing is due before that: the notice waits for e-mail to be set up.
    drop(platform.start_three());
    let answer = ask(first.address(), "POST", "/api/settings/email", &head, &smtp.to_string());
    assert_eq!(answer.status, 200, "{}", answer.body);
    first.kill();
    (platform, mailbox)
}

#[test]
fn of_three_servers_one_sends_the_mail() {
    for round in 0..times(1, 10) {
        let (platform, mailbox) = with_mail(&format!("mail_{round}"));
        let _servers = platform.start_three();
        until("it is sent", Duration::from_secs(20), || mailbox.taken.load(Ordering::SeqCst) > 0);
        thread::sleep(Duration::from_secs(2));
        assert_eq!((mailbox.called.load(Ordering::SeqCst), mailbox.taken.load(Ordering::SeqCst)), (1, 1));
    }
}

#[test]
#[ignore = "it takes minutes: `make faults`; the rule is in tests/http/notices.rs"]
fn another_server_sends_the_mail_within_a_minute_when_the_one_that_began_dies() {
    // At the first try, and at a later one, after which a mail server that is down is left alone for hours.
    for tries in [0, 5] {
        let (platform, mailbox) = with_mail(&format!("mail_dies_{tries}"));
        mailbox.hangs.store(true, Ordering::SeqCst);
        if tries > 0 {
            let row = format!(
                "INSERT INTO notices SELECT subject, 'days-7', (SELECT id FROM users), 0, {tries}, NULL FROM phone_home RETURNING 1"
            );
            assert_eq!(sql(&platform.url, &row), "1");
        }
        let mut dies = platform.start();
        until("it begins", Duration::from_secs(20), || mailbox.called.load(Ordering::SeqCst) == 1);
        let _others = [platform.start(), platform.start()];
        dies.kill();
        mailbox.hangs.store(false, Ordering::SeqCst);
        let took = until("another sends it", TAKEN_OVER, || mailbox.taken.load(Ordering::SeqCst) == 1);
        println!("after {tries} tries, the mail was sent {took:?} after the one that began died");
        thread::sleep(Duration::from_secs(35));
        assert_eq!(mailbox.taken.load(Ordering::SeqCst), 1, "once");
    }
}
