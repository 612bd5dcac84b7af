//! The network between a server and its database, to be cut.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Carries connections to a port of this machine. What was connected when it was cut never hears of anybody again, as when the
/// machine on the other side is gone; who connects meanwhile waits.
pub struct Cable {
    pub port: u16,
    ways: Arc<Ways>,
}

#[derive(Default)]
struct Ways {
    /// How often it was cut or mended: odd while it is cut.
    turns: AtomicUsize,
    /// Whether the next `COMMIT` cuts it, and arrives before that or not.
    at_commit: Mutex<Option<bool>>,
}

impl Cable {
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let cable = Self { port: listener.local_addr().expect("an address").port(), ways: Arc::default() };
        let ways = cable.ways.clone();
        thread::spawn(move || {
            for from in listener.incoming().map_while(Result::ok) {
                let ways = ways.clone();
                thread::spawn(move || {
                    let turn = ways.turns.load(Ordering::SeqCst);
                    if let Ok(to) = TcpStream::connect(("127.0.0.1", port)) {
                        let (back, forth) = (to.try_clone().expect("a socket"), from.try_clone().expect("a socket"));
                        let also = ways.clone();
                        thread::spawn(move || carry(back, forth, &also, turn));
                        carry(from, to, &ways, turn);
                    }
                });
            }
        });
        cable
    }

    pub fn cut(&self) {
        self.ways.turns.fetch_add(1, Ordering::SeqCst);
    }

    /// Cuts it at the next `COMMIT`, which arrives or does not.
    pub fn cut_at_commit(&self, arrives: bool) {
        *self.ways.at_commit.lock().expect("nobody panics") = Some(arrives);
    }

    pub fn mend(&self) {
        self.ways.turns.fetch_add(1, Ordering::SeqCst);
    }
}

/// Carries one way, for as long as the cable is whole.
fn carry(mut from: TcpStream, mut to: TcpStream, ways: &Ways, turn: usize) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(read) = from.read(&mut bytes) {
        if bytes[..read].windows(6).any(|six| six == b"COMMIT")
            && let Some(arrives) = ways.at_commit.lock().expect("nobody panics").take()
        {
            if arrives {
                to.write_all(&bytes[..read]).expect("it is whole");
            }
            ways.turns.fetch_add(1, Ordering::SeqCst);
        }
        while ways.turns.load(Ordering::SeqCst) != turn || turn % 2 == 1 {
            // Nobody is told anything, not even that it is over.
            thread::sleep(Duration::from_secs(1));
        }
        if read == 0 || to.write_all(&bytes[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
