//! One run of a task: the operation, called as the task's owner, and what becomes of the task afterwards.

use super::{engine::stored, lease::Lease, owner, peer::TaskPeer, store::Claimed, tasks::Shared};
use crate::{
    BeforeCommit, Caller, Engine, OnDisconnect, Operation, Outcome, Surface, Ticket, Via, db::Backend,
    dispatch::dispatch, idempotency::IN_PROGRESS, report,
};
use diptych_spec::{Capability, Error, ErrorKind, IdempotencyKey, Question, Result, Task};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often a task is taken over before it is given up: its worker dies of it.
const MAX_ATTEMPTS: i64 = 5;
/// How many questions a task may ask in all.
const MAX_QUESTIONS: usize = 256;
/// How long the text of a status is at most, in characters.
const MAX_MESSAGE: usize = 500;
/// How often the end of a run is tried to be written, and how long to wait in between.
const END_TRIES: u32 = 5;
const END_PAUSE: Duration = Duration::from_secs(1);

/// Why a run is withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// The owner does not want it any more.
    Cancelled,
    /// The lease was not renewed in time, or the task is gone.
    Lost,
    /// The server stops.
    Stopping,
    /// The owner may not act any more.
    Inactive,
}

/// A run, as it is reached from outside.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) lease: Lease,
    /// Whether its lease cannot be renewed and need not be: on SQLite a service holds the write lock.
    pub(super) holds_the_writer: bool,
    withdrawn: CancellationToken,
    why: OnceLock<Why>,
    said: Mutex<Said>,
    spoke: Arc<tokio::sync::Notify>,
}

#[derive(Debug, Default)]
struct Said {
    message: Option<String>,
    is_news: bool,
}

impl Run {
    pub(super) fn new(lease: Lease, holds_the_writer: bool, spoke: Arc<tokio::sync::Notify>) -> Self {
        let (withdrawn, why) = (CancellationToken::new(), OnceLock::new());
        Self { lease, holds_the_writer, withdrawn, why, said: Mutex::default(), spoke }
    }

    /// Stops it; the first reason counts.
    pub(super) fn withdraw(&self, why: Why) {
        let _ = self.why.set(why);
        self.withdrawn.cancel();
    }

    /// Says how far it is.
    pub(super) fn say(&self, mut message: String) {
        if let Some((end, _)) = message.char_indices().nth(MAX_MESSAGE) {
            message.truncate(end);
        }
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        *said = Said { message: Some(message), is_news: true };
        self.spoke.notify_one();
    }

    /// How far it said that it is.
    pub(super) fn message(&self) -> Option<String> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).message.clone()
    }

    pub(super) fn has_news(&self) -> bool {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).is_news
    }

    /// What it said since this was last asked.
    pub(super) fn news(&self) -> Option<String> {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut said.is_news).then(|| said.message.clone()).flatten()
    }
}

/// What becomes of a task after a run.
enum End {
    /// The transaction has finished it already.
    Committed,
    Finished(Result<Outcome>),
    Asked(Vec<Question>),
    /// For another worker, or this one, after a pause.
    GivenBack(Duration),
    /// It is somebody else's, or is found by whoever takes it over.
    Left,
}

pub(super) async fn run(engine: Engine, shared: &Shared, claimed: Claimed, run: &Arc<Run>) {
    let Some(operation) = engine.operation(&claimed.operation) else { return };
    let answers = serde_json::from_str(&claimed.answers).unwrap_or_default();
    let capabilities = owner::read_capabilities(&claimed.capabilities);
    let end = if claimed.attempts > MAX_ATTEMPTS {
        let error = Error::internal("a task was begun again and again, and no worker lived to finish it");
        End::Finished(Err(report::error(operation.declaration(), error)))
    } else {
        let peer = TaskPeer { run: Arc::clone(run), capabilities: capabilities.clone(), answers };
        let outcome = called(&engine, shared, operation, &claimed, peer).await;
        ended(operation, run, outcome, &capabilities)
    };
    for tries in 1.. {
        match written(shared, operation, &claimed, &run.lease, &end).await {
            Ok(()) => return shared.tell(&claimed.id),
            Err(error) if tries == END_TRIES || shared.stopping.is_cancelled() => {
                tracing::warn!(operation = claimed.operation, %error, "the end of a task was not written; it will be run again");
                return;
            }
            Err(_) => tokio::time::sleep(END_PAUSE).await,
        }
    }
}

/// Whether the lease of its runs cannot be renewed.
pub(super) fn holds_the_writer(engine: &Engine, operation: &str) -> bool {
    let is_service = engine.operation(operation).is_some_and(Operation::is_service);
    is_service && engine.db().backend() == Backend::Sqlite
}

async fn called(
    engine: &Engine,
    shared: &Shared,
    operation: &Operation,
    claimed: &Claimed,
    peer: TaskPeer,
) -> Result<Outcome> {
    let run = Arc::clone(&peer.run);
    let owner = owner::principal(&claimed.owner, &claimed.scopes, &claimed.credentials)?;
    // It may have waited for long, or been another worker's.
    if let Some(owner) = &owner
        && !engine.is_active(owner).await.map_err(unknown)?
    {
        return Err(inactive());
    }
    let caller = Caller {
        on_disconnect: OnDisconnect::Finish,
        peer: Some(Arc::new(peer)),
        withdrawn: run.withdrawn.clone(),
        deadline: operation.declaration().task().map(Task::longest_run),
        before_commit: Some(Arc::new(run.lease.clone()) as Arc<dyn BeforeCommit>),
        idempotency_key: IdempotencyKey::new(&claimed.idempotency_key).ok(),
        // It was counted when it was created.
        ticket: Ticket::of_all(operation),
        ..Caller::new(owner.clone(), Via::new(Surface::Task))
    };
    let arguments = stored(&claimed.arguments);
    let mut work = pin!(dispatch(engine, &shared.runs, operation, arguments, caller));
    tokio::select! {
        biased;
        outcome = &mut work => outcome,
        () = engine.until_inactive(owner.as_ref()) => {
            run.withdraw(Why::Inactive);
            work.await.map_err(|error| match error.kind() {
                ErrorKind::Cancelled if run.why.get() == Some(&Why::Inactive) && error.code() == "cancelled" => inactive(),
                _ => error,
            })
        }
    }
}

/// Nothing was done, and nothing will be.
fn inactive() -> Error {
    let detail = "the credentials of the task's owner are not good any more; nothing was changed";
    Error::new(ErrorKind::Unauthenticated, "invalid_token", detail)
}

/// Whether the owner may still act cannot be told now: not a reason to fail, and not one to begin.
fn unknown(error: Error) -> Error {
    Error::new(ErrorKind::Unavailable, "unavailable", "it cannot be told whether the owner may still act")
        .with_source(error)
}

fn ended(operation: &Operation, run: &Run, outcome: Result<Outcome>, capabilities: &[Capability]) -> End {
    let error = match outcome {
        Ok(_) if operation.is_service() => return End::Committed,
        Ok(outcome) => return End::Finished(Ok(outcome)),
        Err(error) => error,
    };
    match (error.kind(), run.why.get()) {
        (ErrorKind::Cancelled, Some(Why::Stopping)) => End::GivenBack(Duration::ZERO),
        (ErrorKind::Cancelled, Some(Why::Cancelled | Why::Lost)) => End::Left,
        (ErrorKind::Cancelled, _) if error.code() == "lease_lost" => End::Left,
        // Nothing was done: later it may work.
        (ErrorKind::Unavailable, _) => End::GivenBack(END_PAUSE),
        // Another call has its key, and its answer soon.
        (ErrorKind::Conflict, _) if error.code() == IN_PROGRESS => End::GivenBack(END_PAUSE),
        // If it was committed, the task is finished; if not, it is taken over.
        (ErrorKind::OutcomeUnknown, _) => End::Left,
        (ErrorKind::InputRequired, _) => {
            let needs = |question: &Question| capabilities.contains(&question.asking.needs());
            match error.questions() {
                questions if !questions.is_empty() && questions.iter().all(needs) => End::Asked(questions.to_vec()),
                _ => End::Finished(Err(error)),
            }
        }
        _ => End::Finished(Err(error)),
    }
}

async fn written(shared: &Shared, operation: &Operation, claimed: &Claimed, lease: &Lease, end: &End) -> Result<()> {
    let (store, task) = (&shared.store, &*claimed.id);
    let done = match end {
        End::Committed | End::Left => true,
        End::Finished(outcome) => store.finish(task, &lease.id, outcome.as_ref().map(Outcome::json)).await?,
        End::GivenBack(pause) => store.give_back(task, &lease.id, *pause).await?,
        End::Asked(questions) => match parked(questions, &claimed.asked) {
            Some((questions, asked)) => store.park(task, &lease.id, questions, asked).await?,
            None => {
                let error = report::error(operation.declaration(), Error::internal("a task asks again and again"));
                store.finish(task, &lease.id, Err(&error)).await?
            }
        },
    };
    if !done {
        tracing::debug!(operation = claimed.operation, "a run of a task came too late: the task is not ours any more");
    }
    Ok(())
}

/// The open questions by the keys they are answered under, and every such key so far; none is used twice, not even for a
/// question that is asked again (SEP-2663, Task Update Requests). `None` when there are too many.
fn parked(questions: &[Question], asked: &str) -> Option<(String, String)> {
    let mut asked: BTreeSet<String> = serde_json::from_str(asked).unwrap_or_default();
    let mut open = Map::new();
    for question in questions {
        let mut key = question.key.clone();
        let mut times = 1;
        while !asked.insert(key.clone()) {
            times += 1;
            key = format!("{}-{times}", question.key);
        }
        open.insert(key, serde_json::to_value(question).unwrap_or_default());
    }
    let few = asked.len() <= MAX_QUESTIONS;
    few.then(|| (Value::Object(open).to_string(), Value::from_iter(asked).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use diptych_spec::Asking;

    #[test]
    fn no_key_is_used_twice() {
        let question = |key: &str| Question { key: key.to_owned(), asking: Asking::Roots {} };
        let mut asked = "[]".to_owned();
        let mut keys = Vec::new();
        for round in [&["who", "who-2"] as &[&str], &["who"], &["who", "who-2", "why"]] {
            let questions: Vec<_> = round.iter().map(|key| question(key)).collect();
            let (open, all) = parked(&questions, &asked).unwrap();
            let open: Map<String, Value> = serde_json::from_str(&open).unwrap();
            keys.extend(open.iter().map(|(key, question)| (key.clone(), question["key"].clone())));
            asked = all;
        }
        let expected = [
            ("who", "who"),
            ("who-2", "who-2"),
            ("who-3", "who"),
            ("who-4", "who"),
            ("who-2-2", "who-2"),
            ("why", "why"),
        ];
        assert_eq!(keys, expected.map(|(key, of)| (key.to_owned(), Value::from(of))));
        let many: Vec<_> = (0..=MAX_QUESTIONS).map(|number| question(&number.to_string())).collect();
        assert!(parked(&many, "[]").is_none());
    }

    #[test]
    fn a_message_is_short() {
        let lease = Lease { task: String::new(), id: String::new() };
        let run = Run::new(lease, false, Arc::default());
        assert_eq!((run.has_news(), run.message()), (false, None));
        run.say("ä".repeat(MAX_MESSAGE + 1));
        assert_eq!(run.news().unwrap().chars().count(), MAX_MESSAGE);
        assert_eq!((run.news(), run.message().is_some()), (None, true));
    }
}
