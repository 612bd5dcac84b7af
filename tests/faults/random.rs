//! Chance that can be had again: a seed says all of it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Numbers that nobody expects (splitmix64), always the same for a seed.
pub struct Random(u64);

impl Random {
    /// New each time, or what `FAULTS_SEED` says. It is printed: a test that fails shows what it printed.
    pub fn new() -> Self {
        let chosen = std::env::var("FAULTS_SEED").ok().map(|seed| seed.parse().expect("FAULTS_SEED is a number"));
        let clock = || SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").subsec_nanos();
        let seed = chosen.unwrap_or_else(|| u64::from(clock()));
        println!("FAULTS_SEED={seed}");
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of so many, counted from 0.
    pub fn below(&mut self, count: usize) -> usize {
        let count = u64::try_from(count).expect("64 bits");
        usize::try_from(self.next() % count).expect("64 bits")
    }

    /// Up to this long.
    pub fn within(&mut self, longest: Duration) -> Duration {
        Duration::from_nanos(self.next() % u64::try_from(longest.as_nanos().max(1)).expect("less than centuries"))
    }
}
