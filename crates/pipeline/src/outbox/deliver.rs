//! One run of a handler, and what becomes of the message afterwards.

use super::{
    delivery::Arrived,
    handler::{Registered, Way},
    settings::Outbox,
    shared::Shared,
    store::{Claimed, Failure, Lease, delivered_in},
};
use crate::{
    Engine,
    db::{Plans, Terms},
    report::Causes,
    trace,
    watch::until,
};
use diptych_spec::{Call, Deadline, Error, ErrorKind, Isolation, Lock};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often what became of a message is tried to be written, and how long to wait in between.
const END_TRIES: u32 = 5;
const END_PAUSE: Duration = Duration::from_secs(1);

/// What becomes of a message.
enum End {
    /// The transaction of its handler has marked it already.
    Committed,
    /// It is marked now.
    Handled,
    /// It is tried again after a pause, or given up.
    Failed(Error),
    /// Its handler was not begun with.
    GivenBack,
    /// It is somebody else's, or is found by whoever takes it over.
    Left,
}

pub(super) async fn deliver(engine: &Engine, shared: &Shared, claimed: Claimed, lease: &str) {
    let Some(handler) = shared.handler(&claimed.topic) else { return };
    let (attempt, lease) = (claimed.attempt, Lease { message: claimed.id, id: lease });
    let end = if attempt > shared.outbox.attempts {
        End::Failed(worker_lost())
    } else {
        handled(engine, shared, handler, claimed, &lease).await
    };
    match end {
        End::Left => {}
        End::Committed => handler.counters.note_delivered(),
        End::Handled => {
            if written(shared, &lease, Note::Handled).await {
                handler.counters.note_delivered();
            }
        }
        End::GivenBack => {
            written(shared, &lease, Note::GivenBack).await;
        }
        End::Failed(error) => failed(shared, handler, attempt, &lease, &error).await,
    }
}

async fn failed(shared: &Shared, handler: &Registered, attempt: u32, lease: &Lease<'_>, error: &Error) {
    let (topic, message_id, code, error_id) = (handler.topic(), lease.message, error.code(), trace::error_id());
    let failure = Failure { code, error_id: &error_id };
    let is_dead = attempt >= shared.outbox.attempts;
    handler.counters.note_failed(is_dead);
    if is_dead {
        tracing::error!(topic, %message_id, attempt, code, error_id, cause = %Causes(error), "a message was given up: it is a dead letter");
        written(shared, lease, Note::Dead(&failure)).await;
    } else {
        let pause = pause(&shared.outbox, attempt, error, uuid::Uuid::new_v4().as_fields().0);
        tracing::warn!(topic, %message_id, attempt, code, error_id, cause = %Causes(error), "a message was not handled, and is tried again");
        written(shared, lease, Note::Failed(pause, &failure)).await;
        shared.wait_for(pause);
    }
}

async fn handled(engine: &Engine, shared: &Shared, handler: &Registered, claimed: Claimed, lease: &Lease<'_>) -> End {
    let Claimed { id, payload, attempt, sent_at, .. } = claimed;
    let (span, stopped) = (shared.outbox.deadline, CancellationToken::new());
    let deadline = Deadline::after(span);
    let mut call = Call::new(None, engine.state(), deadline);
    call.put(Arrived { payload, id, attempt, sent_at });
    let function = match &handler.way {
        Way::Inside(function) => function,
        Way::Outside(function) => {
            let done = until(deadline, &stopped, function.run(&mut call)).await;
            return done.map_or_else(End::Failed, |()| End::Handled);
        }
    };
    // Once it failed, because a plan was out of date for all that is known.
    let plans = if attempt > 1 { Plans::Fresh } else { Plans::Cached };
    let terms =
        Terms { plans, deadline: Some(span), isolation: Isolation::default(), lock: Lock::default(), own: false };
    let mut tx = match until(deadline, &stopped, shared.store.db.begin_with(terms)).await {
        Ok(tx) => tx,
        Err(error) => {
            tracing::debug!(%error, "there is no transaction for a message");
            return End::GivenBack;
        }
    };
    let done = until(deadline, &stopped, async {
        function.run(&mut call, &mut tx).await?;
        delivered_in(&mut tx, lease).await
    });
    match done.await {
        Ok(true) => match tx.commit_of(handler.topic()).await {
            Ok(()) => End::Committed,
            // If it was committed, it is marked; if not, it is taken over.
            Err(error) if error.kind() == ErrorKind::OutcomeUnknown => End::Left,
            Err(error) => End::Failed(error),
        },
        Ok(false) => {
            tx.rollback().await;
            End::Left
        }
        Err(error) => {
            tx.rollback().await;
            End::Failed(error)
        }
    }
}

/// What is written of a message.
#[derive(Clone, Copy)]
enum Note<'a> {
    Handled,
    GivenBack,
    Failed(Duration, &'a Failure<'a>),
    Dead(&'a Failure<'a>),
}

/// Writes what became of a message. Whether it was still ours.
async fn written(shared: &Shared, lease: &Lease<'_>, note: Note<'_>) -> bool {
    let store = &shared.store;
    for tries in 1.. {
        let written = match note {
            Note::Handled => store.delivered(lease).await,
            Note::GivenBack => store.give_back(lease, END_PAUSE).await,
            Note::Failed(pause, failure) => store.failed(lease, pause, failure).await,
            Note::Dead(failure) => store.died(lease, failure).await,
        };
        match written {
            Ok(true) => return true,
            Ok(false) => {
                tracing::debug!(message_id = %lease.message, "a message was handled too late: it is not ours any more");
                return false;
            }
            Err(error) if tries == END_TRIES || shared.stopping.is_cancelled() => {
                tracing::warn!(message_id = %lease.message, %error, "what became of a message was not written; it will be handled again");
                return false;
            }
            Err(_) => tokio::time::sleep(END_PAUSE).await,
        }
    }
    false
}

/// How long to wait before the next attempt.
fn pause(outbox: &Outbox, attempt: u32, error: &Error, random: u32) -> Duration {
    if let Some(wait) = error.retry_after() {
        return wait.min(outbox.longest_pause);
    }
    let doubled = 1u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
    let longest = outbox.first_pause.saturating_mul(doubled).min(outbox.longest_pause);
    longest.mul_f64(0.5 + 0.5 * f64::from(random) / f64::from(u32::MAX))
}

/// Nobody lived to say what became of it.
fn worker_lost() -> Error {
    Error::new(
        ErrorKind::Internal,
        "worker_lost",
        "a message was begun with again and again, and no worker lived to end it",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_ceiling() {
        let outbox = Outbox::new().backoff(Duration::from_secs(1), Duration::from_secs(10));
        let failed = Error::internal("it failed");
        let longest = |attempt| pause(&outbox, attempt, &failed, u32::MAX).as_secs();
        assert_eq!([1, 2, 3, 4, 5, 15, 40].map(longest), [1, 2, 4, 8, 10, 10, 10]);
        assert_eq!(pause(&outbox, 2, &failed, 0), Duration::from_secs(1), "at least half of it");
        let told = Error::internal("it failed").with_retry_after(Duration::from_secs(7));
        assert_eq!(pause(&outbox, 1, &told, 0), Duration::from_secs(7));
        let told = Error::internal("it failed").with_retry_after(Duration::from_secs(70));
        assert_eq!(pause(&outbox, 1, &told, 0), Duration::from_secs(10));
    }
}
