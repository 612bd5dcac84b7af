//! `countersign config`: what the server would run with.

use std::process::ExitCode;

use clap::Args;

use super::settings::Settings;
use super::{Failure, print};
use crate::config::{Config, Environment};

/// Print the effective configuration and where each value comes from, with secrets masked.
#[derive(Args, Debug)]
#[command(
    after_help = "Each setting is a variable of that name. In the file it is written `listen_addr = \"0.0.0.0:3000\"`, or in a\n\
    group: `[license]` and `mode = \"offline\"`. Flags go before the environment, and that before the file."
)]
pub(super) struct Show {
    #[command(flatten)]
    settings: Settings,
}

impl Show {
    pub(super) fn run(self, environment: &Environment) -> Result<ExitCode, Failure> {
        let config = Config::load(&self.settings.flags(), environment)?;
        for warning in config.warnings() {
            eprintln!("warning: {warning}");
        }
        print(&config.describe())?;
        Ok(ExitCode::SUCCESS)
    }
}
