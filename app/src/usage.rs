//! What is in use, held against what the license entitles to.

use countersign_license::Claims;

/// How much is in use at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// CPU cores, as services report them.
    pub cpu_cores: u64,
    /// Memory in GB, as services report it.
    pub ram_gb: u64,
    /// Video memory in GB, as services report it.
    pub vram_gb: u64,
    /// Users with an account.
    pub users: u64,
}

/// What one service said last that it uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageReport {
    /// The name that the service gives itself.
    pub service: String,
    /// CPU cores.
    pub cpu_cores: u64,
    /// Memory, in GB.
    pub ram_gb: u64,
    /// Video memory, in GB.
    pub vram_gb: u64,
    /// When it said so, in seconds.
    pub reported_at: i64,
}

/// The most that was in use at once on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsageDay {
    /// The day, counted from 1970-01-01 UTC.
    pub day: i64,
    /// The most of each.
    pub most: Usage,
}

/// What is in use of one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// The stable name: `cpuCores`, `ramGb`, `vramGb`, `users`.
    pub name: &'static str,
    /// The name for people.
    pub title: &'static str,
    /// How much is in use.
    pub used: u64,
    /// How much the license entitles to; `None` without a genuine license, or where it sets no limit.
    pub entitled: Option<u64>,
}

/// How far an entitlement is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fill {
    /// There is room, or nothing to compare with.
    Fine,
    /// Four fifths or more are in use.
    Near,
    /// All of it is in use.
    Full,
    /// More is in use than the license entitles to.
    Over,
}

impl Usage {
    /// CPU cores, memory, video memory and users against what a license entitles to.
    pub fn against(self, claims: Option<&Claims>) -> [Measure; 4] {
        let entitled = claims.map(|claims| claims.entitlements);
        let measure = |name, title, used, entitled| Measure { name, title, used, entitled };
        [
            measure("cpuCores", "CPU cores", self.cpu_cores, entitled.map(|of| of.cpu_cores)),
            measure("ramGb", "RAM, GB", self.ram_gb, entitled.map(|of| of.ram_gb)),
            measure("vramGb", "VRAM, GB", self.vram_gb, entitled.map(|of| of.vram_gb)),
            measure("users", "Users", self.users, claims.and_then(Claims::max_users)),
        ]
    }
}

impl Measure {
    /// How far it is used up. Video memory is a matter of contract: it is never compared.
    pub fn fill(&self) -> Fill {
        match self.entitled {
            Some(entitled) if self.name != "vramGb" => Fill::of(self.used, entitled),
            _ => Fill::Fine,
        }
    }

    /// `12 of 16`, or `12` where there is nothing to compare with.
    pub fn of(&self) -> String {
        self.entitled.map_or_else(|| self.used.to_string(), |entitled| format!("{} of {entitled}", self.used))
    }

    /// The share in use, in whole percent from 0 to 100; `None` where there is nothing to compare with.
    pub fn percent(&self) -> Option<u64> {
        let entitled = self.entitled?;
        Some(if self.used >= entitled {
            if self.used == 0 { 0 } else { 100 }
        } else {
            u64::try_from(u128::from(self.used) * 100 / u128::from(entitled)).unwrap_or(100)
        })
    }
}

impl Fill {
    /// How far `entitled` is used up.
    pub fn of(used: u64, entitled: u64) -> Self {
        let (share, whole) = (u128::from(used) * 5, u128::from(entitled) * 4);
        if used > entitled {
            Self::Over
        } else if used == entitled && used > 0 {
            Self::Full
        } else if share >= whole && used > 0 {
            Self::Near
        } else {
            Self::Fine
        }
    }

    /// What is to be said of it, beside the numbers; nothing while there is room.
    pub fn words(self) -> Option<&'static str> {
        match self {
            Self::Fine => None,
            Self::Near => Some("nearly all in use"),
            Self::Full => Some("all in use"),
            Self::Over => Some("more than licensed"),
        }
    }

    /// The style class; nothing while there is room.
    pub fn class(self) -> &'static str {
        match self {
            Self::Fine => "",
            Self::Near | Self::Full => "warn",
            Self::Over => "bad",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Fill;

    #[test]
    fn four_fifths_are_nearly_all_and_one_more_than_all_is_too_much() {
        for (used, entitled, fill) in [
            (0, 0, Fill::Fine),
            (1, 0, Fill::Over),
            (0, 16, Fill::Fine),
            (12, 16, Fill::Fine),
            (13, 16, Fill::Near),
            (39, 50, Fill::Fine),
            (40, 50, Fill::Near),
            (49, 50, Fill::Near),
            (50, 50, Fill::Full),
            (51, 50, Fill::Over),
            (u64::MAX, u64::MAX, Fill::Full),
        ] {
            assert_eq!(Fill::of(used, entitled), fill, "{used} of {entitled}");
        }
    }
}
