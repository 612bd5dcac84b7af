//! What a server asked of the system for its files, in order, by `strace`; and when it answered.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::place::Place;
use crate::run::BINARY;
use crate::running::Server;

/// Something that happened to a file of the database's folder, or an answer.
#[derive(Debug)]
pub enum Event {
    /// A file of that name is there from now on: a new one, with this number.
    Made(String, usize),
    /// A file has one more name.
    Linked(String, String),
    /// A name is gone.
    Unlinked(String),
    /// Bytes were written, from that offset on.
    Written(usize, usize, Vec<u8>),
    /// It has that length now.
    Cut(usize, usize),
    /// All that was written to it is on the disk.
    Synced(usize),
    /// All names in the folder are.
    FolderSynced,
    /// Somebody is told, with status 200. The first bytes of it were about to be sent.
    Told(String),
}

const CALLS: &str = "trace=openat,close,write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg,ftruncate,fallocate,fsync,fdatasync,\
                     unlink,unlinkat,link,linkat,rename,renameat,renameat2,copy_file_range,sync_file_range";

/// Starts a server that is watched; what it does goes to that file.
pub fn watched(place: &Place, trace: &Path) -> Server {
    let mut command = Command::new("strace");
    // The tracer is a grandchild, so that signals reach the server itself.
    command.args(["-D", "-f", "-q", "-xx", "-s", "100000000", "-e", CALLS, "-o"]).arg(trace).arg(BINARY);
    command.current_dir(&place.folder).env_clear().envs(place.variables()).env("PATH", "/usr/local/bin:/usr/bin:/bin");
    Server::spawn(command, &["--listen-addr", "127.0.0.1:0"])
}

/// Reads what was watched, once the server has ended. The files are those of the folder `data` whose names begin with
/// `countersign.`; the one that processes share in memory alone (`-shm`) is left out.
#[derive(Debug, Default)]
pub struct Calls {
    events: Vec<Event>,
    /// What has which name.
    named: HashMap<String, usize>,
    /// How many files there ever were.
    made: usize,
    /// What is open: a file and where it is written next, or the folder.
    open: HashMap<i64, (Option<usize>, usize)>,
}

impl Calls {
    pub fn events(self) -> Vec<Event> {
        self.events
    }

    /// Adds what a further server did.
    pub fn add(&mut self, trace: &Path) {
        self.open.clear();
        let begun = Instant::now();
        let text = loop {
            let text = fs::read_to_string(trace).expect("what strace wrote");
            if text.lines().next_back().is_some_and(|line| line.contains("+++ ")) {
                break text;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "strace has not ended");
            thread::sleep(Duration::from_millis(50));
        };
        let mut unfinished: HashMap<&str, String> = HashMap::new();
        for line in text.lines() {
            let (thread, rest) = line.split_once(' ').expect("a thread");
            let rest = rest.trim_start();
            if let Some(begun) = rest.strip_suffix(" <unfinished ...>") {
                // Who is told may know it before the call returns.
                self.told(begun);
                unfinished.insert(thread, begun.to_owned());
            } else if rest.starts_with("<... ") {
                let end = rest.split_once(" resumed>").expect("the end of a call").1;
                if let Some(begun) = unfinished.remove(thread) {
                    self.call(&(begun + end));
                }
            } else if !rest.starts_with("+++") && !rest.starts_with("---") {
                self.told(rest);
                self.call(rest);
            }
        }
    }

    /// An answer, at the moment at which it begins to be sent.
    fn told(&mut self, call: &str) {
        if ["write(", "writev(", "sendto(", "sendmsg("].iter().any(|name| call.starts_with(name)) {
            let sent: Vec<u8> = strings(call).concat();
            if sent.starts_with(b"HTTP/1.1 200") {
                self.events.push(Event::Told(String::from_utf8_lossy(&sent).into_owned()));
            }
        }
    }

    fn call(&mut self, call: &str) {
        let (name, rest) = call.split_once('(').expect("a call");
        let Some((arguments, result)) = rest.rsplit_once(" = ") else { return };
        let Some(arguments) = arguments.trim_end().strip_suffix(')') else { return };
        let result: i64 = result.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(-1);
        if result < 0 {
            return;
        }
        let parts: Vec<&str> = arguments.split(", ").map(str::trim).collect();
        let number = |index: usize| parts.get(index).and_then(|part| part.parse::<i64>().ok());
        let names: Vec<Option<String>> = match name {
            "openat" | "unlink" | "unlinkat" | "link" | "linkat" | "rename" | "renameat" | "renameat2" => {
                strings(arguments).iter().map(|path| of_database(path)).collect()
            }
            _ => Vec::new(),
        };
        match name {
            "openat" => {
                let path = strings(arguments).concat();
                if let Some(name) = names.first().cloned().flatten() {
                    let there = self.named.get(&name).copied();
                    let file = there.unwrap_or_else(|| {
                        assert!(arguments.contains("O_CREAT"), "{name} was not there before");
                        self.made += 1;
                        self.made
                    });
                    if there.is_none() {
                        self.named.insert(name.clone(), file);
                        self.events.push(Event::Made(name, file));
                    }
                    assert!(!arguments.contains("O_TRUNC") && !arguments.contains("O_APPEND"), "{arguments}");
                    self.open.insert(result, (Some(file), 0));
                } else if path == b"data" || path.ends_with(b"/data") {
                    self.open.insert(result, (None, 0));
                } else {
                    self.open.remove(&result);
                }
            }
            "close" => {
                self.open.remove(&number(0).expect("a descriptor"));
            }
            "unlink" | "unlinkat" => {
                if let Some(name) = names.first().cloned().flatten() {
                    self.named.remove(&name);
                    self.events.push(Event::Unlinked(name));
                }
            }
            "link" | "linkat" => {
                if let [Some(from), Some(to)] = &names[..] {
                    self.named.insert(to.clone(), self.named[from]);
                    self.events.push(Event::Linked(from.clone(), to.clone()));
                }
            }
            _ if name.starts_with("rename") => assert!(names.iter().all(Option::is_none), "not known here: {call}"),
            _ => self.on_open(name, number(0), &parts, arguments, result),
        }
    }

    /// A call about something that is open.
    fn on_open(&mut self, name: &str, descriptor: Option<i64>, parts: &[&str], arguments: &str, result: i64) {
        let Some((file, at)) = descriptor.and_then(|descriptor| self.open.get_mut(&descriptor)) else { return };
        let last = || parts.last().and_then(|part| part.parse::<usize>().ok()).expect("a number");
        let done = usize::try_from(result).expect("a count");
        match (name, *file) {
            ("fsync" | "fdatasync", Some(file)) => self.events.push(Event::Synced(file)),
            ("fsync" | "fdatasync", None) => self.events.push(Event::FolderSynced),
            ("pwrite64", Some(file)) => {
                let bytes = strings(arguments).concat();
                self.events.push(Event::Written(file, last(), bytes[..done].to_vec()));
            }
            ("write", Some(file)) => {
                let bytes = strings(arguments).concat();
                self.events.push(Event::Written(file, *at, bytes[..done].to_vec()));
                *at += done;
            }
            ("ftruncate", Some(file)) => self.events.push(Event::Cut(file, last())),
            (_, Some(_)) => panic!("not known here: {name}"),
            (_, None) => {}
        }
    }
}

/// The texts among the arguments: each byte stands as `\x` and two digits.
fn strings(arguments: &str) -> Vec<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok()).expect("a digit");
    let bytes = |text: &str| text.as_bytes().chunks_exact(4).map(|byte| digit(byte[2]) << 4 | digit(byte[3])).collect();
    arguments.split('"').skip(1).step_by(2).map(bytes).collect()
}

/// The name of a file that this is about.
fn of_database(path: &[u8]) -> Option<String> {
    let path = String::from_utf8_lossy(path);
    let name = path.rsplit('/').next()?;
    (name.starts_with("countersign.") && !name.ends_with("-shm")).then(|| name.to_owned())
}
