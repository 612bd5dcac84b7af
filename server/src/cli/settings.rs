//! The flags that say where configuration comes from, shared by the commands that need it.

use std::path::PathBuf;

use clap::Args;

use crate::config::{Flags, Key};

/// Where configuration comes from: a file, then the environment, then these flags.
#[derive(Args, Debug)]
pub(super) struct Settings {
    /// The configuration file, in TOML [default: `COUNTERSIGN_CONFIG`, else countersign.toml if it is there]
    #[arg(long = "config", value_name = "FILE")]
    file: Option<PathBuf>,
    /// Where to listen, such as 127.0.0.1:3000 (`LISTEN_ADDR`)
    #[arg(long, value_name = "ADDRESS")]
    listen_addr: Option<String>,
    /// The path that the platform is mounted at, such as /platform (`BASE_PATH`)
    #[arg(long, value_name = "PATH")]
    base_path: Option<String>,
    /// Where people reach the platform from outside (`PUBLIC_URL`)
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
}

impl Settings {
    pub(super) fn flags(self) -> Flags {
        let settings =
            [(Key::ListenAddr, self.listen_addr), (Key::BasePath, self.base_path), (Key::PublicUrl, self.public_url)];
        Flags {
            file: self.file,
            settings: settings.into_iter().filter_map(|(key, value)| Some((key, value?))).collect(),
        }
    }
}
