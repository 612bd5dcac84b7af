//! How it stands with the license server, in words: for the page and the terminal.

use countersign_license::Utc;

use crate::Unreached;
use crate::words::Fact;

/// How it stands with the license server, for administrators. Instants in seconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heartbeat {
    /// `online`, `offline` or `airgapped`.
    pub mode: &'static str,
    /// The license server, with its port where that is unusual.
    pub host: String,
    /// When it last gave an answer that counts.
    pub last_success_at: Option<i64>,
    /// Since when it is out of reach.
    pub first_failure_at: Option<i64>,
    /// How often in a row it was not to be had.
    pub failures: i64,
    /// Why it was not to be had last.
    pub last_error: Option<Unreached>,
    /// When it is asked next.
    pub next_at: Option<i64>,
    /// When what the license grants ends for want of it.
    pub locks_at: Option<i64>,
    /// What the vendor says about a revocation. A stranger's text.
    pub reason: String,
}

impl Heartbeat {
    /// Whether the license server is asked at all.
    pub fn is_online(&self) -> bool {
        self.mode == "online"
    }

    /// What there is to say, in the order in which it is read. `now` in seconds.
    pub fn facts(&self, now: i64) -> Vec<Fact> {
        let fact =
            |name: &str, value: String, remark: String| Fact { name: name.to_owned(), value, remark, is_id: false };
        let at = |name, instant: i64| fact(name, Utc(instant).to_string(), String::new());
        let (mode, means) = match self.mode {
            "online" => ("Online", "the license server is asked once a day"),
            "airgapped" => ("Air-gapped", "nobody outside is asked anything"),
            _ => ("Offline", "no license server is asked"),
        };
        let mut facts = vec![fact("Mode", mode.to_owned(), means.to_owned())];
        if !self.is_online() {
            return facts;
        }
        facts.push(Fact { is_id: true, ..fact("License server", self.host.clone(), String::new()) });
        facts.push(match self.last_success_at {
            Some(instant) => at("Last reached", instant),
            None => fact("Last reached", "Not yet".to_owned(), String::new()),
        });
        if let Some(since) = self.first_failure_at {
            let tries = if self.failures == 1 { "1 try".to_owned() } else { format!("{} tries", self.failures) };
            facts.push(fact("Out of reach since", Utc(since).to_string(), tries));
        }
        facts.extend(self.locks_at.map(|instant| at(if instant > now { "Locks" } else { "Locked since" }, instant)));
        facts.extend(self.next_at.map(|instant| match instant {
            instant if instant > now => at("Asked next", instant),
            _ => fact("Asked next", "Now".to_owned(), String::new()),
        }));
        facts
    }

    /// Why the license server is out of reach, and what to do about it.
    pub fn trouble(&self) -> Option<(String, String)> {
        let why = self.last_error.filter(|_| self.is_online() && self.first_failure_at.is_some())?;
        Some((why.said(&self.host), why.remedy(&self.host)))
    }
}
