//! Which connections wait for their client: for a request, for the rest of one, or until it takes more of an answer. When there is no
//! room for a new one, the one that has waited longest gives up its place: so many that do nothing cannot keep others out.

use std::collections::BTreeMap;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
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
        let since = Mutex::new((0, Instant::now()));
        let place = Place { of: self.clone(), since, given_up: Arc::default() };
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
    /// Its key among those that wait, and since when. It keeps both while the server is at work.
    since: Mutex<(u64, Instant)>,
    given_up: Arc<Notify>,
}

impl Place {
    /// The server is at work for it, and it keeps its place. `false` if it was given up just before.
    fn work(&self) -> bool {
        let (key, _) = self.since();
        self.of.with(|queue| queue.waiting.remove(&key)).is_some()
    }

    /// It waits, from now on.
    pub(super) fn wait(&self) {
        self.work();
        let now = Instant::now();
        let key = self.of.with(|queue| {
            queue.begun = queue.begun.wrapping_add(1);
            queue.waiting.insert(queue.begun, (now, self.given_up.clone()));
            queue.begun
        });
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = (key, now);
    }

    /// It waits again, as if it had never stopped: a byte now and then gains nobody time.
    fn wait_on(&self) {
        let (key, since) = self.since();
        self.of.with(|queue| queue.waiting.insert(key, (since, self.given_up.clone())));
    }

    /// Its client took something. If it waits, it does so from now on.
    fn went_on(&self) {
        // Most answers are taken at once.
        if self.since().1.elapsed() > LEAST / 10 && self.work() {
            self.wait();
        }
    }

    /// Waits until the place is given up.
    pub(super) async fn given_up(&self) {
        self.given_up.notified().await;
    }

    fn since(&self) -> (u64, Instant) {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.work();
    }
}

/// A request's body. Its connection waits only while more of it is asked for and does not come.
#[derive(Debug)]
pub(super) struct Asked {
    body: Incoming,
    place: Arc<Place>,
    is_waiting: bool,
}

impl Asked {
    /// The body of a request of this connection; `None` if the connection was given up just before.
    pub(super) fn new(body: Incoming, place: Arc<Place>) -> Option<Self> {
        place.work().then_some(Self { body, place, is_waiting: false })
    }
}

impl Body for Asked {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match (polled.is_pending(), self.is_waiting) {
            (true, false) => self.place.wait_on(),
            // It was given up: the connection ends at once, and what was asked is not done.
            (false, true) if !self.place.work() => return Poll::Pending,
            _ => {}
        }
        self.is_waiting = polled.is_pending();
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A connection's stream, which tells when its client takes something of an answer.
#[derive(Debug)]
pub(super) struct Line<S> {
    stream: S,
    place: Arc<Place>,
}

impl<S> Line<S> {
    /// The stream of this connection.
    pub(super) fn new(stream: S, place: Arc<Place>) -> Self {
        Self { stream, place }
    }

    fn told(&self, written: io::Result<usize>) -> Poll<io::Result<usize>> {
        self.place.went_on();
        Poll::Ready(written)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Line<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Line<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes));
        self.told(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(context, pieces));
        self.told(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
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
