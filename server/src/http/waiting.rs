//! Which connections wait for their client: for a request, for the rest of one, or until it takes more of an answer. When there is no
//! room for a new one, the one that has waited longest gives up its place: so many that do nothing cannot keep others out. Whoever
//! waited for a place and did nothing meanwhile has waited for its client as well.

use std::collections::BTreeMap;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

/// For how long everybody may keep a place. Among thousands an honest client may take a while to say what it came for, and a busy
/// server to read it.
const LEAST: Duration = Duration::from_secs(3);

/// Long enough to read what has come.
pub(super) const READ: Duration = Duration::from_millis(5);

/// Those that wait, by when they began to.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting(Arc<Mutex<Queue>>);

#[derive(Debug, Default)]
struct Queue {
    begun: u64,
    waiting: BTreeMap<Key, Arc<Notify>>,
}

/// Since when one waits, and a number that makes it different from all others.
type Key = (Instant, u64);

impl Waiting {
    /// A connection, which waits for its client since it came.
    pub(super) fn place(&self, since: Instant) -> Place {
        let state = State { key: (since, 0), is_waiting: false };
        let place = Place { of: self.clone(), state: Mutex::new(state), asked: Arc::default() };
        place.wait_since(since);
        place
    }

    /// Asks the one that has waited longest to give up its place. `false` if none has waited for [`LEAST`].
    pub(super) fn end_longest(&self) -> bool {
        let longest = self.with(|queue| {
            let longest = queue.waiting.first_entry()?;
            (longest.key().0.elapsed() >= LEAST).then(|| longest.remove())
        });
        longest.inspect(|asked| asked.notify_one()).is_some()
    }

    fn with<T>(&self, work: impl FnOnce(&mut Queue) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The place of one connection.
#[derive(Debug)]
pub(super) struct Place {
    of: Waiting,
    state: Mutex<State>,
    /// Rung when it is asked to give up its place.
    asked: Arc<Notify>,
}

#[derive(Clone, Copy, Debug)]
struct State {
    /// Its key among those that wait. It keeps it while the server is at work.
    key: Key,
    is_waiting: bool,
}

impl Place {
    /// The server is at work for it: nobody asks it to give up its place.
    fn work(&self) {
        let State { key, .. } = self.set(|state| state.is_waiting = false);
        self.of.with(|queue| queue.waiting.remove(&key));
    }

    /// It waits, from now on.
    pub(super) fn wait(&self) {
        self.wait_since(Instant::now());
    }

    fn wait_since(&self, since: Instant) {
        self.work();
        let key = self.of.with(|queue| {
            queue.begun = queue.begun.wrapping_add(1);
            let key = (since, queue.begun);
            queue.waiting.insert(key, self.asked.clone());
            key
        });
        self.set(|state| *state = State { key, is_waiting: true });
    }

    /// It waits again, as if it had never stopped: a byte now and then gains nobody time.
    fn wait_on(&self) {
        let State { key, .. } = self.set(|state| state.is_waiting = true);
        self.of.with(|queue| queue.waiting.insert(key, self.asked.clone()));
    }

    /// Its client took something. If it waits, it does so from now on.
    fn went_on(&self) {
        let State { key: (since, _), is_waiting } = self.set(|_| ());
        // Most answers are taken at once.
        if is_waiting && since.elapsed() > LEAST / 10 {
            self.wait();
        }
    }

    /// Serves until the end, or until the place is given up.
    pub(super) async fn serve(&self, served: impl Future<Output = ()>) {
        let mut served = pin!(served);
        loop {
            tokio::select! {
                () = served.as_mut() => return,
                () = self.asked.notified() => {}
            }
            // What has come meanwhile is read first: whoever was asked something, or went on, stays.
            tokio::select! {
                biased;
                () = served.as_mut() => return,
                () = sleep(READ) => {}
            }
            let State { key, is_waiting, .. } = self.set(|_| ());
            if is_waiting && !self.of.with(|queue| queue.waiting.contains_key(&key)) {
                tracing::debug!("a connection that waited made room for another");
                return;
            }
        }
    }

    /// Changes the state; what it is then.
    fn set(&self, change: impl FnOnce(&mut State)) -> State {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        *state
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
    /// The body of a request of this connection.
    pub(super) fn new(body: Incoming, place: Arc<Place>) -> Self {
        place.work();
        Self { body, place, is_waiting: false }
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
            (false, true) => self.place.work(),
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
    use std::future::pending;

    use tokio::time::timeout;

    use super::*;

    /// Whether the connection of this place ends soon.
    async fn ends(place: &Place) -> bool {
        timeout(Duration::from_millis(200), place.serve(pending())).await.is_ok()
    }

    #[tokio::test]
    async fn nobody_leaves_who_has_only_just_come_or_been_answered() {
        let waiting = Waiting::default();
        let (first, second) = (waiting.place(Instant::now()), waiting.place(Instant::now()));
        assert!(!waiting.end_longest());
        sleep(LEAST).await;
        first.work();
        first.wait();
        assert!(waiting.end_longest());
        assert!(ends(&second).await);
        assert!(!waiting.end_longest(), "the first was answered a moment ago");
        assert!(!ends(&first).await);
    }

    #[tokio::test]
    async fn who_waits_longest_leaves_first_and_who_works_stays() {
        let waiting = Waiting::default();
        assert!(!waiting.end_longest(), "nobody is there");
        let [first, second, third] = [(); 3].map(|()| waiting.place(Instant::now()));
        sleep(LEAST).await;
        first.work();
        assert!(waiting.end_longest());
        assert!(ends(&second).await);
        first.wait();
        sleep(LEAST).await;
        assert!(waiting.end_longest());
        assert!(ends(&third).await);
        assert!(waiting.end_longest());
        assert!(ends(&first).await);
        assert!(!waiting.end_longest(), "all are gone");
        drop([first, second, third]);
        assert!(waiting.with(|queue| queue.waiting.is_empty()));
    }

    #[tokio::test]
    async fn whoever_is_asked_to_go_and_has_just_begun_stays() {
        let waiting = Waiting::default();
        let (busy, moving) = (waiting.place(Instant::now()), waiting.place(Instant::now()));
        sleep(LEAST).await;
        assert!(waiting.end_longest() && waiting.end_longest());
        busy.work();
        moving.went_on();
        assert!(!ends(&busy).await && !ends(&moving).await);
    }
    #[tokio::test]
    async fn whoever_came_long_ago_and_said_nothing_leaves_as_soon_as_it_has_a_place() {
        let waiting = Waiting::default();
        let came = Instant::now();
        sleep(LEAST / 2).await;
        let answered = waiting.place(Instant::now());
        sleep(LEAST / 2).await;
        let (silent, asking) = (waiting.place(came), waiting.place(came));
        asking.work();
        assert!(waiting.end_longest() && !waiting.end_longest());
        assert!(ends(&silent).await);
        assert!(!ends(&asking).await && !ends(&answered).await);
    }
}
