//! The server's pages: whole HTML documents.

mod email;
mod forbidden;
mod form;
mod invitation;
mod license_checker;
mod not_found;
mod problem;
mod report;
mod setup;
mod shell;
mod sign_in;
mod unavailable;

pub use forbidden::forbidden;
pub use invitation::invitation;
pub use license_checker::license_checker;
pub use not_found::not_found;
pub use problem::problem_page;
pub use setup::*;
pub use sign_in::sign_in;
pub use unavailable::unavailable;
