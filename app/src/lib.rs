//! Every page and component of Countersign: for the browser and for the server.
//!
//! Pages are whole HTML from the server; islands wake what is alive in them. The static checker is the same checker
//! component, mounted in the browser alone. This crate knows no SQL, no environment, no file system and no clock but the
//! browser's, which is read in an event or effect and passed on as a number.

#![forbid(unsafe_code)]

mod checker;
mod heartbeat;
#[cfg(any(feature = "ssr", feature = "hydrate"))]
mod islands;
#[cfg(feature = "ssr")]
mod pages;
mod paths;
mod piece;
mod standing;
mod unreached;
mod usage;
mod visit;
mod words;

pub use checker::Checker;
#[cfg(any(feature = "ssr", feature = "hydrate"))]
pub use checker::CheckerIsland;
pub use heartbeat::Heartbeat;
#[cfg(feature = "hydrate")]
pub use islands::wake;
#[cfg(feature = "ssr")]
pub use islands::{BundleBox, CopyButton};
#[cfg(feature = "ssr")]
pub use pages::report::holds_private_key;
#[cfg(feature = "ssr")]
pub use pages::*;
pub use paths::Paths;
pub use standing::{Contact, Telling, Told};
pub use unreached::Unreached;
pub use usage::{Fill, Measure, Usage, UsageDay, UsageReport};
pub use visit::*;
pub use words::{Fact, Headline, Tone, facts, headline, revoked, summary};
