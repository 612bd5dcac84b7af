//! The server's pages: whole HTML documents.

mod analytics;
mod banner;
mod email;
mod forbidden;
mod form;
mod home;
mod invitation;
mod license_checker;
mod not_found;
mod not_licensed;
mod problem;
pub(crate) mod report;
mod settings;
mod setup;
mod shell;
mod sign_in;
mod standing;
mod unavailable;

pub use analytics::analytics;
pub use forbidden::forbidden;
pub use home::home;
pub use invitation::invitation;
pub use license_checker::license_checker;
pub use not_found::not_found;
pub use not_licensed::{not_licensed, refusal};
pub use problem::problem_page;
pub use settings::*;
pub use setup::*;
pub use sign_in::sign_in;
pub use unavailable::{Unsent, unavailable};
