//! A visit to a page: who looks, what came back from the form that was sent before, and the door to the server.
//!
//! [`Backend`] is the one trait of the product: what pages ask of the server while they render. A page is an `async fn` from a
//! [`Visit`] to a document; in tests the backend is a fake in any state.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use countersign_license::{Acknowledgement, Comparison, Inspection, PhoneHome, Policy, Standing};

use crate::standing::Told;
use crate::{Heartbeat, Paths, Usage, UsageReport};

/// What a page needs to render.
#[derive(Clone)]
pub struct Visit {
    /// Every path, under the base path.
    pub paths: Paths,
    /// The nonce of this answer's content security policy; scripts carry it.
    pub nonce: String,
    /// Seconds since 1970-01-01 UTC.
    pub now: i64,
    /// The rule that bundles are judged by; names vendor and contact.
    pub policy: Policy,
    /// Who is signed in.
    pub viewer: Option<Viewer>,
    /// Whether the license grants analytics now, so that there is a way to that page.
    pub has_analytics: bool,
    /// What came back from the form that was sent before.
    pub returned: Returned,
    /// What is told about the license above the page: nothing while all is well, and to nobody who is not signed in.
    pub banners: Vec<Told>,
    /// The door to the server.
    pub backend: Arc<dyn Backend>,
}

/// Somebody who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// The user's id.
    pub id: String,
    /// The user's name.
    pub name: String,
    /// The e-mail address that the user signs in with.
    pub email: String,
    /// What the user may do.
    pub role: Role,
}

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// May look.
    Member,
    /// May rotate the license, and manage members and organization administrators.
    OrgAdmin,
    /// May do everything.
    PlatformAdmin,
}

impl Role {
    /// Every role, the mightiest first.
    pub const ALL: [Self; 3] = [Self::PlatformAdmin, Self::OrgAdmin, Self::Member];

    /// The stable name, as forms, API and database have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::PlatformAdmin => "platform-admin",
            Self::OrgAdmin => "org-admin",
            Self::Member => "member",
        }
    }

    /// The name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::PlatformAdmin => "Platform administrator",
            Self::OrgAdmin => "Organization administrator",
            Self::Member => "Member",
        }
    }

    /// The role of that stable name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Whether the role may rotate the license and manage users.
    pub fn is_admin(self) -> bool {
        self != Self::Member
    }

    /// Whether this role may invite somebody into the other one, give it, and change or remove those who have it.
    pub fn may_manage(self, other: Self) -> bool {
        match self {
            Self::PlatformAdmin => true,
            Self::OrgAdmin => other != Self::PlatformAdmin,
            Self::Member => false,
        }
    }
}

/// What came back from a form: it is shown once, on the page that the form stands on.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Returned {
    /// What was done, in a sentence. Empty if nothing was.
    pub notice: String,
    /// What is wrong, in the order of the fields.
    pub errors: Vec<FieldError>,
    /// What was typed, by field. Never a secret.
    pub values: BTreeMap<String, String>,
}

/// What is wrong with one field of a form or one member of a JSON body.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FieldError {
    /// The field's name; empty where it is about the whole form.
    pub field: String,
    /// Why, as a stable code.
    pub code: String,
    /// Why and what to do, as one sentence.
    pub detail: String,
}

impl Returned {
    /// What was typed into a field.
    pub fn value(&self, field: &str) -> Option<&str> {
        self.values.get(field).map(String::as_str)
    }

    /// What is wrong with a field.
    pub fn error(&self, field: &str) -> Option<&FieldError> {
        self.errors.iter().find(|error| error.field == field)
    }
}

/// The steps of the wizard, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Paste the bundle.
    License,
    /// Make the first administrator.
    Admin,
    /// Name the organization.
    Organization,
    /// Say how e-mail is sent.
    Email,
    /// Look at it all, and finish.
    Complete,
}

impl Step {
    /// Every step, in order.
    pub const ALL: [Self; 5] = [Self::License, Self::Admin, Self::Organization, Self::Email, Self::Complete];

    /// The stable name: in paths, and as `next` in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::License => "license",
            Self::Admin => "admin",
            Self::Organization => "organization",
            Self::Email => "email",
            Self::Complete => "complete",
        }
    }

    /// The name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::License => "License",
            Self::Admin => "Admin account",
            Self::Organization => "Organization",
            Self::Email => "Email",
            Self::Complete => "Complete",
        }
    }

    /// The step of that stable name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }
}

/// How far the set-up is.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The first step that is not done.
    pub step: Step,
    /// Whether the first step asks for the set-up token.
    pub needs_token: bool,
    /// The license that the first step holds, inspected now.
    pub license: Option<Arc<Inspection>>,
    /// Whether that license came with the configuration (`LICENSE`, `LICENSE_PUBLIC_KEY`).
    pub is_preseeded: bool,
    /// Why the license that came with the configuration cannot be used, in a sentence.
    pub preseed_problem: Option<String>,
    /// The first administrator, name and e-mail address.
    pub admin: Option<(String, String)>,
    /// The organization's name.
    pub organization: Option<String>,
    /// How e-mail is sent.
    pub email: Option<EmailSettings>,
}

/// How e-mail is sent, without the secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmailSettings {
    /// Not at all, for now.
    Later,
    /// By Resend's API.
    Resend {
        /// The sender's address.
        from: String,
        /// The sender's name.
        from_name: String,
    },
    /// By a mail server.
    Smtp {
        /// Its name or address.
        host: String,
        /// Its port.
        port: u16,
        /// `none`, `starttls` or `tls`.
        security: String,
        /// Who signs in there; empty for nobody.
        username: String,
        /// Whether a password is stored.
        has_password: bool,
        /// The sender's address.
        from: String,
        /// The sender's name.
        from_name: String,
    },
}

/// What may leave the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Which calls there are at all.
    pub mode: CallMode,
    /// Who may be called.
    pub destinations: Vec<Destination>,
    /// The proxy for https, without its name and password.
    pub proxy: Option<String>,
    /// Who is called without it.
    pub no_proxy: Vec<String>,
    /// Whether certificate authorities were added to those of the system.
    pub has_extra_authorities: bool,
}

/// Which calls there are at all: `LICENSE_MODE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallMode {
    /// All that are allowed.
    Online,
    /// None to the license server.
    Offline,
    /// None but to a mail server at a private address.
    Airgapped,
}

impl CallMode {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Offline => "offline",
            Self::Airgapped => "airgapped",
        }
    }
}

/// Somebody who may be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Who it is.
    pub callee: Callee,
    /// A name or an address.
    pub host: String,
    /// The port; `None` for any.
    pub port: Option<u16>,
    /// Where it may be.
    pub addresses: Addresses,
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) if self.host.contains(':') => write!(f, "[{}]:{port}", self.host),
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
        }
    }
}

/// Who is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callee {
    /// The license server: `LICENSE_API_URL`.
    LicenseServer,
    /// The mail server of the settings.
    MailServer,
    /// Resend, as the settings say.
    Resend,
    /// What the operator added: `EGRESS_ALLOW`.
    Added,
}

/// Which addresses a name may lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addresses {
    /// Those of the internet.
    Public,
    /// Private ones too.
    Any,
    /// Private ones alone.
    Private,
}

/// The license in use.
#[derive(Clone, Debug)]
pub struct Installed {
    /// The stored pair, inspected now. Shared: the server remembers it for a second.
    pub inspection: Arc<Inspection>,
    /// What it is worth now.
    pub standing: Standing,
    /// What is known of it from the license server.
    pub known: PhoneHome,
    /// The counter that orders rotations.
    pub revision: i64,
    /// When it was installed, in seconds.
    pub installed_at: i64,
    /// How it came in: `setup`, `configuration`, `rotation`, `revert`, `command line`, `database`.
    pub source: String,
    /// Who installed it, if anybody was signed in.
    pub installed_by: Option<String>,
}

/// A license that was in use.
#[derive(Clone, Debug)]
pub struct Replaced {
    /// Its revision.
    pub revision: i64,
    /// The pair, inspected now.
    pub inspection: Arc<Inspection>,
    /// When it was installed, in seconds.
    pub installed_at: i64,
    /// When it was replaced, in seconds.
    pub replaced_at: i64,
    /// Who replaced it, if anybody was signed in.
    pub replaced_by: Option<String>,
    /// When the license server called it revoked, in seconds, if it did and did not take that back.
    pub revoked_at: Option<i64>,
}

/// What a new bundle would change.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The new bundle, inspected now.
    pub candidate: Inspection,
    /// The difference from the license in use, where both are genuine.
    pub comparison: Option<Comparison>,
    /// What must be acknowledged before it is applied.
    pub acknowledgements: Vec<Acknowledgement>,
    /// The revision that it is compared with; 0 if there is none.
    pub revision: i64,
    /// When the license server called the new one revoked, in seconds, if it was in use before. Then it is not taken.
    pub revoked_at: Option<i64>,
}

/// A user, as administrators see them.
#[derive(Clone, Debug)]
pub struct User {
    /// Who it is.
    pub who: Viewer,
    /// When the account was made, in seconds.
    pub created_at: i64,
    /// When the user was last here, in seconds.
    pub seen_at: Option<i64>,
}

/// An invitation that nobody has used yet.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Its id.
    pub id: String,
    /// The invited address.
    pub email: String,
    /// The role that comes with it.
    pub role: Role,
    /// Who invited, by name.
    pub invited_by: String,
    /// Until when it can be used, in seconds.
    pub expires_at: i64,
}

/// A session of the viewer.
#[derive(Clone, Debug)]
pub struct Session {
    /// A public id, of no use for signing in.
    pub id: String,
    /// When the user signed in, in seconds.
    pub created_at: i64,
    /// When the session was last used, in seconds.
    pub seen_at: i64,
    /// When it ends at the latest, in seconds.
    pub expires_at: i64,
    /// What the browser calls itself. A stranger's text.
    pub agent: String,
    /// The address it came from.
    pub address: String,
    /// Whether it is the one that asks.
    pub is_current: bool,
}

/// Something that was done.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its id; ids of later events are greater.
    pub id: String,
    /// When, in seconds.
    pub at: i64,
    /// Who, by e-mail address or `command line`; empty where nobody was signed in.
    pub actor: String,
    /// What, as a stable code such as `license.rotated`.
    pub action: String,
    /// On what, and how, in a sentence.
    pub detail: String,
    /// The address that the request came from.
    pub address: String,
}

/// Which events are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Those whose action begins so; empty for all.
    pub action: String,
    /// Those by this actor; empty for all.
    pub actor: String,
    /// Those before this id; empty for the newest.
    pub before: String,
}

/// Why the database did not do what it was asked to. But for [`Unavailable::Unsure`], nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// It does not answer.
    Away,
    /// Its file is not where it was.
    Gone,
    /// It went away while it was confirming a change: that was made, or it was not.
    Unsure,
    /// Somebody else is writing, for longer than anybody waits.
    Busy,
    /// There is no room on its disk.
    Full,
    /// It can be read alone.
    ReadOnly,
}

/// What a question to the server comes to.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Unavailable>> + Send + 'a>>;

/// What pages ask of the server while they render.
pub trait Backend: Send + Sync {
    /// How far the set-up is.
    fn setup(&self) -> Answer<'_, Setup>;
    /// The license in use; `None` if there is none.
    fn installed(&self) -> Answer<'_, Option<Installed>>;
    /// How it stands with the license server.
    fn heartbeat(&self) -> Answer<'_, Heartbeat>;
    /// The licenses that were in use, the newest first, at most 50.
    fn history(&self) -> Answer<'_, Vec<Replaced>>;
    /// What this bundle text would change.
    fn preview<'a>(&'a self, bundle: &'a str) -> Answer<'a, Preview>;
    /// The organization's name; empty if it has none yet.
    fn organization(&self) -> Answer<'_, String>;
    /// What may leave the server.
    fn network(&self) -> Answer<'_, Network>;
    /// How e-mail is sent.
    fn email(&self) -> Answer<'_, EmailSettings>;
    /// All users, by name, and open invitations.
    fn users(&self) -> Answer<'_, (Vec<User>, Vec<Invitation>)>;
    /// What is in use now, and what services said of it, by name.
    fn usage(&self) -> Answer<'_, (Usage, Vec<UsageReport>)>;
    /// The viewer's sessions, the one that asks first.
    fn sessions(&self) -> Answer<'_, Vec<Session>>;
    /// Up to 50 events, the newest first, and whether there are more.
    fn events<'a>(&'a self, filter: &'a EventFilter) -> Answer<'a, (Vec<Event>, bool)>;
}
