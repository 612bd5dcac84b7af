//! One reading for everybody who asks the same at the same time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{self, OnceCell};
use tokio::task::yield_now;

/// Answers to questions that many ask at once. Whoever asks while an answer is being read does not get that one: it waits for the
/// next reading, together with all who came meanwhile. So each answer was read after it was asked for, as fresh as one of their
/// own, and a busy server reads no more often than its database can answer.
#[derive(Debug)]
pub(super) struct Shared<T>(Mutex<HashMap<String, Arc<Line<T>>>>);

/// Those who wait for one answer.
#[derive(Debug)]
struct Line<T> {
    /// Held while it is being read.
    turn: sync::Mutex<()>,
    /// The reading that has not begun.
    next: Mutex<Arc<OnceCell<T>>>,
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self { turn: sync::Mutex::default(), next: Mutex::default() }
    }
}

impl<T: Clone> Shared<T> {
    /// The answer to a question. Of those who share it one reads; if that one gives up meanwhile, another does.
    pub(super) async fn ask<F: Future<Output = T>>(&self, question: &str, read: impl FnOnce() -> F) -> T {
        // Made first, so that it goes last, when this one's part of the line is gone: also of one that gives up.
        let _leaving = Leaving { lines: self, question };
        let line = Arc::clone(open(&self.0).entry(question.to_owned()).or_default());
        let next = Arc::clone(&open(&line.next));
        let reading = async {
            let _turn = line.turn.lock().await;
            // Whoever is about to ask, on a thread that is busy, comes first and shares this reading.
            yield_now().await;
            {
                let mut waiting = open(&line.next);
                // From here on whoever asks is too late for this reading.
                if Arc::ptr_eq(&waiting, &next) {
                    *waiting = Arc::default();
                }
            }
            read().await
        };
        next.get_or_init(|| reading).await.clone()
    }
}

/// Whoever leaves a line, answered or not. The last one takes it away.
struct Leaving<'a, T> {
    lines: &'a Shared<T>,
    question: &'a str,
}

impl<T> Drop for Leaving<'_, T> {
    fn drop(&mut self) {
        let mut lines = open(&self.lines.0);
        // The map's: nobody else has it any more, and nobody joins it meanwhile.
        if lines.get(self.question).is_some_and(|line| Arc::strong_count(line) == 1) {
            lines.remove(self.question);
        }
    }
}

/// What is behind a lock. Nothing in here can be left half done.
fn open<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn every_answer_was_read_after_it_was_asked_for_and_many_share_one() {
        let shared = Arc::new(Shared::default());
        // What is stored only grows, so an answer tells when it was read.
        let (stored, readings) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let people: Vec<_> = (0..32)
            .map(|person| {
                let (shared, stored, readings) = (shared.clone(), stored.clone(), readings.clone());
                tokio::spawn(async move {
                    for turn in 0..100 {
                        let written = stored.fetch_add(1, Ordering::SeqCst) + 1;
                        let read = || async {
                            readings.fetch_add(1, Ordering::SeqCst);
                            let found = stored.load(Ordering::SeqCst);
                            tokio::time::sleep(Duration::from_micros(200)).await;
                            found
                        };
                        let answer = shared.ask("what", read);
                        // Some give up in the middle.
                        if (person + turn) % 7 == 0 {
                            let _ = tokio::time::timeout(Duration::from_micros(100), answer).await;
                        } else {
                            let answer = answer.await;
                            assert!(answer >= written, "{answer} was read before {written} was written");
                        }
                    }
                })
            })
            .collect();
        for person in people {
            person.await.unwrap();
        }
        assert!(open(&shared.0).is_empty(), "nothing is kept");
        let readings = readings.load(Ordering::SeqCst);
        assert!(readings < 1600, "{readings} readings for 3200 questions");
    }

    #[tokio::test]
    async fn nothing_is_kept_of_questions_that_were_answered() {
        let shared = Shared::default();
        for question in 0..100 {
            assert_eq!(shared.ask(&question.to_string(), async || question).await, question);
        }
        assert!(open(&shared.0).is_empty());
    }

    #[tokio::test]
    async fn nothing_is_kept_of_questions_whose_answer_nobody_waited_for() {
        let shared = Shared::<()>::default();
        for question in 0..100 {
            let question = question.to_string();
            let asking = shared.ask(&question, std::future::pending::<()>);
            assert!(tokio::time::timeout(Duration::ZERO, asking).await.is_err());
        }
        assert!(open(&shared.0).is_empty());
    }
}
