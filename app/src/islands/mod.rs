//! What the server's pages gain where scripts run: boxes that judge a bundle at once, buttons that copy, forms that check.
//!
//! Every page is whole without it. The server writes plain elements with a few attributes ([`marks`]); in the browser
//! [`wake`] listens to the whole window, once for each kind of event, and acts on what carries those attributes. So nothing
//! here is a reactive view, holds state, or costs a page anything that does not use it.

#[cfg(feature = "hydrate")]
mod bundle_box;
#[cfg(feature = "hydrate")]
mod form;
#[cfg(feature = "ssr")]
mod marks;
#[cfg(feature = "hydrate")]
mod wake;

#[cfg(feature = "ssr")]
pub use marks::{BundleBox, CopyButton};
#[cfg(feature = "hydrate")]
pub use wake::wake;
