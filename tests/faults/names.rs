//! Names that are not found for a while: the database's and the license server's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::again;
use crate::away::JSON;
use crate::cluster::{Cluster, sql};
use crate::nginx::{Answer, ask};
use crate::platform::{bundle, install};
use crate::run::{command, empty, run_with};
use crate::running::Server;
use crate::vendor::LicenseServer;

/// The machine's list of names, as this test and what it starts see it, and no other way to find one.
struct Names(PathBuf);

impl Names {
    fn new(folder: &Path) -> Self {
        let names = Self(folder.join("hosts"));
        names.are("");
        // Whoever asks is told at once that there is nobody to ask.
        let nobody = folder.join("resolv.conf");
        fs::write(&nobody, "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n").expect("a file");
        for (file, place) in [(&names.0, "/etc/hosts"), (&nobody, "/etc/resolv.conf")] {
            let status = Command::new("mount").arg("--bind").arg(file).arg(place).status();
            assert!(status.expect("mount runs").success(), "{place}");
        }
        names
    }

    fn are(&self, names: &str) {
        fs::write(&self.0, format!("127.0.0.1 localhost {names}\n")).expect("a file");
    }
}

/// Asks until it is answered like that.
fn until(what: &str, mut asked: impl FnMut() -> Answer, status: u16) {
    let begun = Instant::now();
    loop {
        let answer = asked();
        if answer.status == status {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(15), "{what}: {answer:?}");
        thread::sleep(Duration::from_millis(50));
    }
    println!("{what}: after {:?}", begun.elapsed());
}

#[test]
fn names_that_are_not_found_for_a_while_need_no_restart_once_they_are() {
    again::where_it_may_mount(|| {
        let folder = empty("names");
        let names = Names::new(&folder);
        names.are("database.test license.test");
        let cluster = Cluster::start("");
        let address = cluster.database("names");
        let database = address.replace("127.0.0.1", "database.test");
        let vendor = LicenseServer::with(
            Arc::new(TempDir::new().expect("a folder")),
            "127.0.0.1:0",
            &["--host", "license.test"],
        );
        let authority = vendor.authority().display().to_string();
        let license_server = vendor.url.replace("127.0.0.1", "license.test");
        let variables = [
            ("DATABASE_URL", database.as_str()),
            ("SECRET_KEY", "a secret of this test alone, not kept"),
            ("LICENSE_API_URL", &license_server),
            ("EGRESS_ALLOW", "license.test"),
            ("EGRESS_CA_FILE", &authority),
            ("RUST_LOG", "warn"),
        ];
        let mut server = Server::start_in(&folder, &variables, &["--listen-addr", "127.0.0.1:0"]);
        install(&mut server, &bundle(&["--jti", "lic_names", "--tier", "enterprise"]));
        let person = format!("{JSON}Cookie: {}\r\n", server.cookies());
        let claims = || ask(server.address(), "POST", "/api/auth/license/get-claims", &person, "{}");
        let check = || ask(server.address(), "POST", "/api/auth/license/check", &person, "{}");
        let state = || {
            let told = ask(server.address(), "GET", "/api/auth/license/status", &person, "");
            serde_json::from_str::<Value>(&told.body).expect("JSON")["state"].clone()
        };
        // An administrator may have it asked once a minute.
        let a_minute_passes = || sql(&address, "UPDATE checked SET at = 0");
        assert_eq!((claims().status, check().status), (200, 200));
        assert_eq!(state(), "active");

        // Whoever is connected to the database stays so; the license server is not reached, and grace begins.
        names.are("");
        a_minute_passes();
        let refused = check();
        assert!(refused.status == 502 && refused.body.contains("license-server-not-reached"), "{refused:?}");
        assert_eq!((claims().status, state()), (200, "degraded".into()));

        // The database starts anew: nobody finds it any more, and everybody is told so.
        cluster.stop("fast");
        cluster.begin();
        until("nobody finds the database", claims, 503);
        let closed = ask(server.address(), "GET", "/setup", "", "");
        assert!(closed.status == 303 && closed.head.contains("location: /sign-in"), "{closed:?}");
        let gate = ask(server.address(), "GET", "/api/license/authorize?feature=agentic", "", "");
        assert_eq!(gate.status, 503, "{gate:?}");
        let ran = run_with(&mut command(&folder, &variables), &["status"], b"");
        assert_eq!(ran.code, 2, "{}", ran.err);
        assert!(ran.err.contains("DATABASE_URL") && ran.err.contains("lookup address"), "{}", ran.err);

        names.are("database.test license.test");
        until("the database is found again", claims, 200);
        a_minute_passes();
        assert_eq!(check().status, 200);
        assert_eq!(state(), "active");
        let (status, _, log) = server.stop();
        assert_eq!(status, Some(0));
        assert!(!log.contains("panic"), "{log}");
    });
}
