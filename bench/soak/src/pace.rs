//! When requests are due.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Requests that become due at a rate, each for whoever asks first.
///
/// The runtime's own timer wakes once a millisecond: what is due within it would be sent all at once, up to a millisecond late.
pub struct Pace {
    begin: Instant,
    rate: f64,
    released: Semaphore,
}

/// How long what is due may wait for those that come with it.
const STEP: Duration = Duration::from_micros(100);

impl Pace {
    /// So many a second, from then on and for so long.
    pub fn begin(rate: f64, begin: Instant, time: Duration) -> Arc<Self> {
        let pace = Arc::new(Self { begin, rate, released: Semaphore::new(0) });
        let told = pace.clone();
        std::thread::spawn(move || {
            let mut told_of = 0;
            loop {
                let now = begin.elapsed().min(time);
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of requests")]
                let due = (now.as_secs_f64() * rate) as usize;
                told.released.add_permits(due - told_of);
                told_of = due;
                if now == time {
                    // Whoever still waits then is let through, behind all that was due, and finds that its own is due later.
                    break told.released.add_permits(Semaphore::MAX_PERMITS / 2);
                }
                #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
                let next = Duration::from_secs_f64((due + 1) as f64 / rate);
                std::thread::sleep(next.min(time).saturating_sub(begin.elapsed()).max(STEP));
            }
        });
        pace
    }

    /// Waits until one more is due, or there is no more.
    pub async fn wait(&self) {
        // It is never closed.
        if let Ok(permit) = self.released.acquire().await {
            permit.forget();
        }
    }

    /// When that of this number is due; they begin at 0.
    pub fn due(&self, number: u64) -> Instant {
        #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
        let after = Duration::from_secs_f64((number + 1) as f64 / self.rate);
        self.begin + after
    }
}
