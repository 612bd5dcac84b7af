//! A real nginx in front of the server, and what somebody behind it gets.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

/// A running nginx. It ends with the test.
pub struct Nginx {
    child: Child,
    /// Where it listens, with the port.
    pub address: String,
}

impl Nginx {
    /// Starts one in a folder, with what stands in its `http` block; `site` is told where it is to listen.
    pub fn start(folder: &Path, site: impl FnOnce(&str) -> String) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").to_string();
        let paths: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {kind};\n"))
            .concat();
        let whole = format!(
            "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log error.log;\nevents {{}}\n\
             http {{\naccess_log off;\n{paths}{}}}\n",
            site(&free)
        );
        fs::write(folder.join("nginx.conf"), whole).expect("a file");
        let path = if Path::new("/usr/sbin/nginx").exists() { "/usr/sbin/nginx" } else { "nginx" };
        let child = Command::new(path)
            .arg("-p")
            .arg(folder)
            .args(["-e", "error.log", "-c", "nginx.conf"])
            .spawn()
            .expect("nginx is there: scripts/setup.sh test installs it");
        let nginx = Self { child, address: free };
        let started = Instant::now();
        while TcpStream::connect(&nginx.address).is_err() {
            assert!(started.elapsed() < Duration::from_secs(20), "nginx does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        nginx
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What somebody was answered; the status is 0 if the connection was cut.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// Asks with these further lines in the head, and this body.
pub fn ask(address: &str, method: &str, path: &str, lines: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time-out");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{lines}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut answer = Vec::new();
    // Whoever is cut off has an answer that is cut off.
    let _ = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_end(&mut answer));
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or_default();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}
