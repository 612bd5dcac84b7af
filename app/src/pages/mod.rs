//! The server's pages: whole HTML documents.

mod license_checker;
mod not_found;
mod shell;

pub use license_checker::license_checker;
pub use not_found::not_found;
