//! What the installed license is worth, in words. Pages, banners, mails, API and command line all say these.

use countersign_license::{Ago, Notice, Policy, Remaining, Trust, Utc, shown};

use crate::visit::Installed;
use crate::words::Tone;

/// The license in use, to be told to somebody.
#[derive(Clone, Copy, Debug)]
pub struct Telling<'a> {
    /// The license; `None` where nothing is installed.
    pub installed: Option<&'a Installed>,
    /// Names the vendor and the vendor's address.
    pub policy: &'a Policy,
    /// Seconds since 1970-01-01 UTC.
    pub now: i64,
    /// Whether it is told to an administrator, who can do something about it.
    pub can_act: bool,
}

/// One thing about the license in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What it is about; `None` while all is well.
    pub notice: Option<Notice>,
    /// Its color on a page.
    pub tone: Tone,
    /// What it is, without a full stop.
    pub title: String,
    /// What follows, in sentences.
    pub next: String,
    /// What to do, in sentences; empty for whoever can do nothing.
    pub remedy: String,
    /// Whom to write to, where a new license would help and whoever is told could install it.
    pub contact: Option<Contact>,
}

/// Whom to write to for a new license.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The vendor's e-mail address.
    pub address: &'static str,
    /// The customer that the license names, fit for a sentence.
    pub quoting: Option<String>,
}

impl Told {
    /// What follows and what to do, as one text.
    pub fn body(&self) -> String {
        if self.remedy.is_empty() { self.next.clone() } else { format!("{} {}", self.next, self.remedy) }
    }
}

impl Contact {
    /// As a sentence.
    pub fn sentence(&self) -> String {
        let quoting = self.quoting.as_ref().map(|customer| format!(", quoting {customer}")).unwrap_or_default();
        format!("For a new license, write to {}{quoting}.", self.address)
    }
}

impl Telling<'_> {
    /// What there is to be told, the loudest first, to whoever asks. Somebody who can do nothing about it is not told that the
    /// license server is out of reach: everything works, and may do so for good.
    pub fn notices(&self) -> Vec<Notice> {
        let standing = self.installed.map(|installed| &installed.standing);
        let mut notices = standing.map_or_else(|| vec![Notice::Unlicensed], |standing| Notice::of(standing, self.now));
        notices.retain(|notice| self.can_act || *notice != Notice::Degraded);
        notices
    }

    /// Everything about the license: each notice, or that all is well. Never empty.
    pub fn all(&self) -> Vec<Told> {
        let told: Vec<Told> = self.notices().into_iter().map(|notice| self.told(notice)).collect();
        if told.is_empty() { vec![self.well()] } else { told }
    }

    /// The same as one line for programs and the terminal.
    pub fn message(&self) -> String {
        let all = self.all();
        let mut sentences: Vec<String> = all.iter().map(|told| format!("{}. {}", told.title, told.body())).collect();
        sentences.extend(all.iter().find_map(|told| told.contact.as_ref()).map(Contact::sentence));
        sentences.join(" ")
    }

    /// The same for the strips above a page: nothing while all is well, two at most, and to whoever can do nothing about it
    /// one sentence, only of what concerns them.
    pub fn banners(&self) -> Vec<Told> {
        let banner = |notice| {
            let told = self.told(notice);
            if self.can_act {
                return Some(told);
            }
            self.brief(notice).map(|title| Told { title, next: String::new(), ..told })
        };
        self.notices().into_iter().filter_map(banner).take(2).collect()
    }

    /// One notice.
    pub fn told(&self, notice: Notice) -> Told {
        let (title, next, remedy) = self.words(notice);
        let tone = match notice {
            Notice::Unlicensed | Notice::Expired | Notice::Lapsed | Notice::Revoked | Notice::Tampered => Tone::Bad,
            Notice::Days30 | Notice::Days14 | Notice::Days7 | Notice::Day1 | Notice::NotYetValid | Notice::Degraded => {
                Tone::Warn
            }
        };
        let remedy = if self.can_act { remedy.to_owned() } else { String::new() };
        let is_cured = self.can_act && notice != Notice::Degraded;
        Told { notice: Some(notice), tone, title, next, remedy, contact: is_cured.then(|| self.contact()) }
    }

    /// One notice in one sentence, for whoever can do nothing about it; `None` where it does not concern them: everything
    /// works, and will do so tomorrow.
    pub fn brief(&self, notice: Notice) -> Option<String> {
        let end = self.end();
        match notice {
            Notice::Days30 | Notice::Days14 | Notice::Days7 | Notice::Degraded => None,
            Notice::Day1 => Some(format!(
                "What this platform is licensed for ends on {end}, in {}, unless an administrator renews the license.",
                self.left()
            )),
            Notice::Expired => Some(format!(
                "The license of this platform ended on {end}: licensed features are off until an administrator renews it."
            )),
            Notice::NotYetValid => Some(format!(
                "The license of this platform begins on {}: licensed features are off until then.",
                self.start()
            )),
            Notice::Unlicensed | Notice::Lapsed | Notice::Revoked | Notice::Tampered => Some(
                "This platform has no license in force: licensed features are off until an administrator puts that right."
                    .to_owned(),
            ),
        }
    }

    /// One notice as the subject of a mail; `platform` is what the platform is called where no genuine license names anybody.
    pub fn subject(&self, notice: Notice, platform: &str) -> String {
        let name = match self.organization() {
            name if !name.is_empty() => name,
            _ if platform.is_empty() => "this platform".to_owned(),
            _ => shown(platform),
        };
        match notice {
            Notice::Days30 | Notice::Days14 | Notice::Days7 | Notice::Day1 => {
                format!("License of {name} ends in {}", self.left())
            }
            Notice::Expired => format!("License of {name} has ended"),
            Notice::NotYetValid => format!("License of {name} begins on {}", self.start().day()),
            Notice::Degraded => format!("License of {name}: the license server is out of reach"),
            Notice::Lapsed => {
                format!("License of {name}: switched off, the license server was out of reach for too long")
            }
            Notice::Revoked => format!("License of {name} was revoked"),
            Notice::Tampered => format!("License of {name} is not genuine any more"),
            Notice::Unlicensed => format!("No license is installed for {name}"),
        }
    }

    /// That all is well, as far as whoever is told can see.
    fn well(&self) -> Told {
        let trust = self.installed.and_then(|installed| installed.inspection.trust);
        Told {
            notice: None,
            tone: if trust == Some(Trust::Pinned) { Tone::Good } else { Tone::Known },
            title: format!("Licensed to {} until {}", self.organization(), self.end()),
            next: format!("{} are left.", self.left()),
            remedy: String::new(),
            contact: None,
        }
    }

    /// What it is, what follows, and what to do.
    fn words(&self, notice: Notice) -> (String, String, &'static str) {
        const KEPT: &str = "Nothing is deleted.";
        let (end, left, now) = (self.end(), self.left(), self.now);
        let standing = self.installed.map(|installed| installed.standing);
        match notice {
            Notice::Days30 | Notice::Days14 | Notice::Days7 | Notice::Day1 => (
                format!("The license expires in {left}, on {}", end.day()),
                if standing.and_then(|standing| standing.locks_at).is_some_and(|locks| locks < end.0) {
                    format!("What it grants is switched off on {end} at the latest. {KEPT}")
                } else {
                    format!("Everything works until {end}; then what it grants is switched off. {KEPT}")
                },
                "Ask for a new license now, and install it when it comes.",
            ),
            Notice::Expired => (
                format!("The license expired {}, on {}", Ago(end.0.saturating_sub(now)), end.day()),
                format!("What it granted to {} ended on {end}. {KEPT}", self.organization()),
                "Install a new license to switch it on again.",
            ),
            Notice::NotYetValid => {
                let start = self.start();
                let wait = Remaining(start.0.saturating_sub(now));
                (
                    format!("The license begins in {wait}, on {}", start.day()),
                    format!("Until {start} nothing is licensed."),
                    "If that is not what was agreed, ask for another one.",
                )
            }
            Notice::Degraded => {
                let since = self.installed.and_then(|installed| installed.known.first_failure_at);
                let since = since.map(|at| format!("It has not answered since {}. ", Utc(at))).unwrap_or_default();
                let locks = Utc(standing.and_then(|standing| standing.locks_at).unwrap_or(now));
                (
                    "The license server is out of reach".to_owned(),
                    if locks < end {
                        let left = Remaining(locks.0.saturating_sub(now));
                        format!(
                            "{since}Everything works until {locks}, for {left}; then what the license grants is switched off. {KEPT}"
                        )
                    } else {
                        format!(
                            "{since}Without an answer, what the license grants is switched off on {locks} at the latest. {KEPT}"
                        )
                    },
                    "Let this server reach it again, or install a new license: either ends this.",
                )
            }
            Notice::Lapsed => {
                let locked = Utc(standing.and_then(|standing| standing.locks_at).unwrap_or(now));
                (
                    "The license server was out of reach for too long".to_owned(),
                    format!("Since {locked} nothing is licensed. {KEPT}"),
                    "Let this server reach it again, or install a new license: either switches everything on again.",
                )
            }
            Notice::Revoked => {
                let at = Utc(standing.and_then(|standing| standing.revoked_at).unwrap_or(now));
                (
                    "The license was revoked".to_owned(),
                    format!("The vendor took it back on {at}, and nothing is licensed since. {KEPT}"),
                    "Ask the vendor why, and install a new license.",
                )
            }
            Notice::Tampered => {
                let reason = self.installed.and_then(|installed| installed.inspection.reason());
                // What the check advises is for whoever received a bundle.
                let found = reason.filter(|_| self.can_act).and_then(|check| check.detail.split("; ").next());
                let found = found.map(|found| format!(" {found}.")).unwrap_or_default();
                (
                    "The stored license is not genuine any more".to_owned(),
                    format!("Something or somebody changed what is stored, so nothing is licensed.{found}"),
                    "Install the same bundle again: that puts it right.",
                )
            }
            Notice::Unlicensed => (
                "No license is installed".to_owned(),
                "The platform runs, but nothing that needs a license can be used until one is installed.".to_owned(),
                "Install one; whoever bought this platform has it.",
            ),
        }
    }

    /// Whom an administrator writes to, whatever there is to be told.
    pub fn contact(&self) -> Contact {
        let claims = self.installed.and_then(|installed| Some(installed.inspection.license.as_ref()?.claims()));
        Contact { address: self.policy.profile.contact, quoting: claims.map(|claims| shown(&claims.customer)) }
    }

    fn organization(&self) -> String {
        let license = self.installed.and_then(|installed| installed.inspection.license.as_ref());
        license.map(|license| shown(&license.claims().organization)).unwrap_or_default()
    }

    /// `exp`. What asks for it is told of genuine licenses alone.
    fn end(&self) -> Utc {
        Utc(self.installed.and_then(|installed| installed.standing.expires_at).unwrap_or(self.now))
    }

    /// How long that is from now.
    fn left(&self) -> Remaining {
        Remaining(self.end().0.saturating_sub(self.now))
    }

    /// `nbf`.
    fn start(&self) -> Utc {
        Utc(self.installed.and_then(|installed| installed.standing.starts_at).unwrap_or(self.now))
    }
}
