//! `countersign setup-token`: a new token for the first step of the set-up.

use std::process::ExitCode;

use clap::Args;

use super::database::{entry, on_database};
use super::settings::Settings;
use super::{Failure, print};
use crate::config::Environment;
use crate::ids;

/// Print a new set-up token; older ones that nobody used stop working
#[derive(Args, Debug)]
#[command(
    after_help = "Exit status: 0 printed, 1 the platform has its administrator already, 2 no database or not readable.\n\
    The token alone goes to standard output."
)]
pub(super) struct SetupToken {
    #[command(flatten)]
    settings: Settings,
}

impl SetupToken {
    pub(super) fn run(self, environment: &Environment) -> Result<ExitCode, Failure> {
        on_database(self.settings, environment, async |_, store| {
            let token =
                ids::secret().map_err(|_| Failure("the system has no random numbers to make a token of".to_owned()))?;
            let entry = entry("setup.token-made", "A new set-up token was printed; unused ones stopped working.");
            if !store.renew_setup_token(&ids::hash(&token), &entry).await? {
                eprintln!("countersign: the platform has its first administrator already; sign in as that one");
                return Ok(ExitCode::from(1));
            }
            print(&format!("{token}\n"))?;
            eprintln!("Type this token in the first step of the set-up. It works once, and is stored as a hash alone.");
            Ok(ExitCode::SUCCESS)
        })
    }
}
