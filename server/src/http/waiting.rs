//! Which connections wait for their client to say something: a request, or the rest of one. When there is no room for a new one, the
//! one that has waited longest gives up its place: so many that say nothing cannot keep others out.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::sync::Notify;
use tokio::time::Instant;

/// For how long everybody may keep a place. In a crowd a request may have come that is not read yet, and an answer may be on its
/// way: neither is waiting for the client.
const LEAST: Duration = Duration::from_secs(1);

/// Those that wait, by when they began to.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting(Arc<Mutex<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    begun: u64,
    waiting: BTreeMap<u64, (Instant, Arc<Notify>)>,
}

impl Waiting {
    /// A connection, which waits from now on.
    pub(super) fn place(&self) -> Place {
        let place = Place { of: self.clone(), since: Mutex::default(), given_up: Arc::default() };
        place.wait();
        place
    }

    /// Has the one that has waited longest give up its place. `false` if none has waited for [`LEAST`].
    pub(super) fn end_longest(&self) -> bool {
        let longest = self.with(|queue| {
            let longest = queue.waiting.first_entry()?;
            (longest.get().0.elapsed() >= LEAST).then(|| longest.remove())
        });
        longest.inspect(|(_, given_up)| given_up.notify_one()).is_some()
    }

    fn with<T>(&self, work: impl FnOnce(&mut Queue) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The place of one connection.
#[derive(Debug)]
pub(super) struct Place {
    of: Waiting,
    /// Its key among those that wait. It keeps it while it is asked something.
    since: Mutex<u64>,
    given_up: Arc<Notify>,
}

impl Place {
    /// It was asked something, all of it: until [`Self::wait`] it keeps its place. `false` if it was given up just before.
    fn work(&self) -> bool {
        let since = *self.since.lock().unwrap_or_else(PoisonError::into_inner);
        self.of.with(|queue| queue.waiting.remove(&since)).is_some()
    }

    /// It has answered.
    pub(super) fn wait(&self) {
        // The request's body may not have been read.
        self.work();
        let key = self.of.with(|queue| {
            queue.begun = queue.begun.wrapping_add(1);
            queue.waiting.insert(queue.begun, (Instant::now(), self.given_up.clone()));
            queue.begun
        });
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = key;
    }

    /// Waits until the place is given up.
    pub(super) async fn given_up(&self) {
        self.given_up.notified().await;
    }
}

/// A request's body. Once all of it is there, its connection does not wait any more.
#[derive(Debug)]
pub(super) struct Asked {
    body: Incoming,
    place: Arc<Place>,
    is_whole: bool,
}

impl Asked {
    /// The body of a request of this connection; `None` if the connection was given up just before.
    pub(super) fn new(body: Incoming, place: Arc<Place>) -> Option<Self> {
        let is_whole = body.is_end_stream();
        (!is_whole || place.work()).then_some(Self { body, place, is_whole })
    }
}

impl Body for Asked {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if !self.is_whole && (frame.is_none() || self.body.is_end_stream()) {
            self.is_whole = true;
            if !self.place.work() {
                // The connection ends at once; what was asked is not done.
                return Poll::Pending;
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.work();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_leaves_who_has_only_just_come_or_been_answered() {
        let waiting = Waiting::default();
        let (first, second) = (waiting.place(), waiting.place());
        assert!(!waiting.end_longest());
        tokio::time::sleep(LEAST).await;
        assert!(first.work());
        first.wait();
        assert!(waiting.end_longest());
        second.given_up().await;
        assert!(!waiting.end_longest(), "the first was answered a moment ago");
    }

    #[tokio::test]
    async fn who_waits_longest_leaves_first_and_who_works_stays() {
        let waiting = Waiting::default();
        assert!(!waiting.end_longest(), "nobody is there");
        let [first, second, third] = [waiting.place(), waiting.place(), waiting.place()];
        tokio::time::sleep(LEAST).await;
        assert!(first.work());
        assert!(waiting.end_longest());
        second.given_up().await;
        assert!(!second.work(), "it was given up");
        first.wait();
        tokio::time::sleep(LEAST).await;
        assert!(waiting.end_longest());
        third.given_up().await;
        assert!(waiting.end_longest());
        first.given_up().await;
        assert!(!waiting.end_longest(), "all are gone");
        drop([first, second, third]);
        assert!(waiting.with(|queue| queue.waiting.is_empty()));
    }
}
