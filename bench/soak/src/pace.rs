//! When requests are due.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Requests that become due at a rate, each for whoever asks first.
///
/// The runtime's own timer wakes once a millisecond: what is due within it would be sent all at once, up to a millisecond late.
pub struct Pace {
    begin: Instant,
    rate: f64,
    end: Duration,
    taken: AtomicU64,
    due: Semaphore,
}

/// How long what is due may wait for those that come with it.
const STEP: Duration = Duration::from_micros(100);

impl Pace {
    /// So many a second, from then on and for so long.
    pub fn begin(rate: f64, begin: Instant, time: Duration) -> Arc<Self> {
        let pace = Arc::new(Self { begin, rate, end: time, taken: AtomicU64::new(0), due: Semaphore::new(0) });
        let told = pace.clone();
        std::thread::spawn(move || {
            let mut told_of = 0;
            loop {
                let now = begin.elapsed().min(time);
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of requests")]
                let due = (now.as_secs_f64() * rate) as usize;
                told.due.add_permits(due - told_of);
                told_of = due;
                if now == time {
                    // Whoever still waits then is let through once more, behind all that was due, and told that there is no more.
                    break told.due.add_permits(Semaphore::MAX_PERMITS / 2);
                }
                #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
                let next = Duration::from_secs_f64((due + 1) as f64 / rate);
                std::thread::sleep(next.min(time).saturating_sub(begin.elapsed()).max(STEP));
            }
        });
        pace
    }

    /// Waits until the next one is due, and when that was; none after the end.
    pub async fn next(&self) -> Option<Instant> {
        self.due.acquire().await.ok()?.forget();
        let number = self.taken.fetch_add(1, Ordering::Relaxed) + 1;
        #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
        let after = Duration::from_secs_f64(number as f64 / self.rate);
        (after <= self.end).then(|| self.begin + after)
    }
}
