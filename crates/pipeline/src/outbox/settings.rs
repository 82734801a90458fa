//! What handles messages, how often it is tried, and for how long what is done is kept.

use super::{
    delivery::Delivers,
    handler::{HandlesMessages, Registered},
};
use diptych_spec::{Mistake, StateMap};
use std::{collections::HashSet, fmt, time::Duration};

/// The outbox of a server: who handles its messages, and how.
///
/// ```
/// use diptych_pipeline::{Delivery, Outbox, OutboxMessage, Tx, query};
/// use diptych_spec::Result;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct InvoicePaid {
///     number: String,
/// }
///
/// impl OutboxMessage for InvoicePaid {
///     const TOPIC: &'static str = "invoice.paid";
/// }
///
/// async fn book(tx: &mut Tx, paid: Delivery<InvoicePaid>) -> Result<()> {
///     query("INSERT INTO ledger (number) VALUES ($1)").bind(&paid.number).execute(tx).await?;
///     Ok(())
/// }
///
/// let outbox = Outbox::new().handle(book);
/// ```
#[must_use = "give it to the server with `.outbox(…)`"]
pub struct Outbox {
    pub(super) handlers: Vec<Registered>,
    pub(super) workers: usize,
    pub(super) deadline: Duration,
    pub(super) attempts: u32,
    pub(super) first_pause: Duration,
    pub(super) longest_pause: Duration,
    pub(super) poll: Duration,
    pub(super) keep: Duration,
    pub(super) keep_dead: Option<Duration>,
    pub(super) max_bytes: usize,
}

impl Default for Outbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Outbox {
    /// One that handles nothing: what is sent waits for other processes on the same database.
    pub fn new() -> Self {
        Self {
            handlers: Vec::new(),
            workers: 4,
            deadline: Duration::from_secs(30),
            attempts: 15,
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_secs(3600),
            poll: Duration::from_secs(5),
            keep: Duration::from_secs(24 * 3600),
            keep_dead: None,
            max_bytes: 256 * 1024,
        }
    }

    /// Handles the messages of a topic, which is that of the type in the function's [`crate::Delivery`]. A topic has one handler.
    ///
    /// - `async fn(&mut Tx, Delivery<M>, arguments…)` runs in a transaction, in which the message is marked as handled: what it does
    ///   there happens once, however often it is begun.
    /// - `async fn(Delivery<M>, arguments…)` runs in none, and the message is marked afterwards: for what is done elsewhere, at least
    ///   once.
    ///
    /// Nobody calls it, so it has no principal and no input; the other arguments are given by their types, as those of a service.
    pub fn handle<F: HandlesMessages<Shape>, Shape>(mut self, function: F) -> Self {
        self.handlers.push(function.registered());
        self
    }

    /// How many messages this process handles at a time; 4. With 0 it only sends, for other processes to handle.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// How long a handler may take; 30 seconds. A worker that is not heard of for 30 seconds more loses its message to another. The
    /// clocks of all processes have to agree to much less than that.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How often a message is tried before it is a dead letter; 15 times, over about three hours.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// How long to wait after the first failure, and at the most; a second and an hour. It doubles with each failure, and is between
    /// half of that and all of it, at random. An error with a [`diptych_spec::Error::with_retry_after`] says it itself.
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        (self.first_pause, self.longest_pause) = (first, longest);
        self
    }

    /// How often a worker that has nothing to do looks for messages of other processes; every 5 seconds. Those of its own it hears of
    /// when they are committed.
    pub fn poll(mut self, poll: Duration) -> Self {
        self.poll = poll;
        self
    }

    /// For how long messages that were handled are kept; 24 hours.
    pub fn keep(mut self, span: Duration) -> Self {
        self.keep = span;
        self
    }

    /// For how long dead letters are kept; for ever.
    pub fn keep_dead(mut self, span: Duration) -> Self {
        self.keep_dead = Some(span);
        self
    }

    /// The longest message, in bytes of JSON; 256 KiB. The service that sends a longer one is rolled back.
    pub fn longest(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// What is wrong with it, given the state of the application.
    pub(super) fn mistakes(&self, state: &StateMap) -> Vec<Mistake> {
        let mut state = state.clone();
        state.insert(Delivers);
        let mut found = Vec::new();
        let mut topics = HashSet::new();
        for handler in &self.handlers {
            let about = format!("the handler of {}", handler.topic());
            let told = handler.declaration.mistakes(&state);
            found.extend(told.iter().map(|mistake| Mistake::new(&*about, mistake.message())));
            if !handler.declaration.arguments().arguments().is_empty() {
                let why =
                    "takes arguments of a call, but nobody calls it; what it needs to know belongs in the message";
                found.push(Mistake::new(&*about, why));
            }
            if !topics.insert(handler.topic()) {
                found.push(Mistake::new(
                    about,
                    "is there twice; a topic has one handler, which can send further messages",
                ));
            }
        }
        let mut wrong = |why: &str| found.push(Mistake::new("the outbox", why));
        if self.attempts == 0 {
            wrong("tries no message; write `.attempts(…)` with 1 or more");
        }
        if self.deadline.is_zero() {
            wrong("gives handlers no time; write a longer `.deadline(…)`");
        }
        if self.first_pause > self.longest_pause {
            wrong("waits longer after the first failure than at the most; write `.backoff(first, longest)`");
        }
        found
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("handlers", &self.handlers).finish_non_exhaustive()
    }
}
