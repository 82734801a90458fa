//! The order of a call, on one screen. Each line is a stage of its own file in `stage/`.
//!
//! A service runs in a task of the pipeline, not in the caller's future: dropping the caller's future asks the task to roll
//! back, it does not tear the transaction (ADR 0002).

use crate::{
    BeforeCommit, Caller, Engine, OnDisconnect, Outcome,
    changes::Named,
    db::{Plans, is_retryable},
    operation::{Exposed, Kind, Operation, RunSelector, RunService},
    report,
    stage::{authorize, check, close, expose, keep, open, permit, present, require, resolve, run, validate},
    trace::{self, closing, in_stage, in_target_stage, stage},
    watch::until,
};
use bytes::Bytes;
use diptych_spec::{Arguments, Call, Deadline, Error, ErrorKind, Principal, Result};
use std::{pin::pin, sync::Arc, time::Duration};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument as _;

/// Runs an operation. A service runs in a task that `running` keeps count of.
pub(crate) async fn dispatch(
    engine: &Engine,
    running: &TaskTracker,
    operation: &Operation,
    arguments: Arguments<'_>,
    caller: Caller,
) -> Result<Outcome> {
    let answering = pin!(answer(engine, running, operation, arguments, caller));
    answering.instrument(trace::call(operation)).await
}

async fn answer(
    engine: &Engine,
    running: &TaskTracker,
    operation: &Operation,
    arguments: Arguments<'_>,
    caller: Caller,
) -> Result<Outcome> {
    let longest = caller.deadline.or(operation.declaration().deadline());
    let deadline = Deadline::after(longest.unwrap_or(engine.settings().deadline));
    let mut plans = Plans::Cached;
    loop {
        let peer = caller.peer.clone().filter(|_| operation.declaration().converses());
        let call = Call::new(caller.principal.clone(), engine.state(), deadline).with_peer(peer);
        let questions = call.questions().clone();
        let terms = Terms { deadline, longest, plans, cancelled: caller.withdrawn.child_token() };
        match attempt(engine, running, operation, call, &arguments, &caller, terms).await {
            Err(error) if error.kind() == ErrorKind::InputRequired => {
                return Err(error.with_questions(questions.take()));
            }
            Err(error) if plans == Plans::Cached && may_run_again(operation, &error) => plans = Plans::Fresh,
            Err(error) => return Err(report::error(operation.declaration(), error)),
            Ok(json) => return Ok(Outcome::new(json)),
        }
    }
}

/// Stages 1 and 2 alone, and the rules of the input: whether a call would begin.
pub(crate) fn would_begin(
    engine: &Engine,
    operation: &Operation,
    arguments: &Arguments<'_>,
    principal: Option<Principal>,
) -> Result<()> {
    let declaration = operation.declaration();
    let call = Call::new(principal, engine.state(), Deadline::after(engine.settings().deadline));
    let authorized = authorize::caller(declaration, call)?;
    let checked = check::arguments(declaration, authorized, arguments)?;
    checked.validate(declaration)
}

/// How long and in which way a call may run.
struct Terms {
    deadline: Deadline,
    /// What the caller or the declaration says; the database enforces it, too.
    longest: Option<Duration>,
    plans: Plans,
    cancelled: CancellationToken,
}

async fn attempt(
    engine: &Engine,
    running: &TaskTracker,
    operation: &Operation,
    call: Call,
    arguments: &Arguments<'_>,
    caller: &Caller,
    terms: Terms,
) -> Result<Bytes> {
    let declaration = operation.declaration();
    let authorized = in_stage("authorize", || authorize::caller(declaration, call))?; // 1
    let checked = in_stage("check", || check::arguments(declaration, authorized, arguments))?; // 2
    match &operation.0 {
        Kind::Selector(selector) => {
            until(terms.deadline, &terms.cancelled, read(engine, &**selector, checked, terms.plans)).await
        }
        Kind::Service(service) => {
            // Dropped with this future, when the caller goes away.
            let _cancel = (caller.on_disconnect == OnDisconnect::Cancel).then(|| terms.cancelled.clone().drop_guard());
            let named = Named::of(declaration, arguments);
            let keeper = caller.before_commit.clone();
            let task = write(engine.clone(), Arc::clone(service), checked, named, terms, keeper);
            running.spawn(task.in_current_span()).await.unwrap_or_else(|_| Err(stopped()))
        }
        Kind::Exposed(exposed) => {
            let _cancel = (caller.on_disconnect == OnDisconnect::Cancel).then(|| terms.cancelled.clone().drop_guard());
            let task = hand_over(engine.clone(), Arc::clone(exposed), checked, terms);
            running.spawn(task.in_current_span()).await.unwrap_or_else(|_| Err(stopped()))
        }
    }
}

async fn write(
    engine: Engine,
    service: Arc<dyn RunService>,
    checked: check::Checked,
    named: Named,
    terms: Terms,
    keeper: Option<Arc<dyn BeforeCommit>>,
) -> Result<Bytes> {
    let (declaration, max_bytes) = (service.declaration(), engine.settings().max_result_bytes);
    let Terms { deadline, longest, plans, cancelled } = terms;
    let begin = pin!(open::transaction(declaration, engine.db(), longest, plans));
    let mut tx = until(deadline, &cancelled, stage("open", begin)).await?; // 3
    let answer = until(deadline, &cancelled, async {
        let opened = open::Opened::new(checked, &mut tx);
        let resolved = resolve::target(&*service, opened).await?; // 4
        let permitted = in_target_stage(declaration, "permit", || permit::target(declaration, resolved))?; // 5
        let valid = in_target_stage(declaration, "validate", || validate::input(declaration, permitted))?; // 6
        let ready = in_target_stage(declaration, "require", || require::conditions(declaration, valid))?; // 7
        let ran = stage("run", pin!(run::service(&*service, ready))).await?; // 8
        let presented = stage("present", pin!(present::service(&*service, ran, max_bytes))).await?; // 9
        keep::with_answer(&mut tx, presented, keeper.as_deref()).await
    });
    let answer = answer.await;
    let json = closing(answer.is_ok(), pin!(close::transaction(tx, answer))).await?; // 10
    named.tell(declaration, &json, engine.changes());
    Ok(json)
}

async fn read(engine: &Engine, selector: &dyn RunSelector, checked: check::Checked, plans: Plans) -> Result<Bytes> {
    let mut conn = stage("open", pin!(open::connection(engine.db(), plans))).await?; // 3
    let reading = open::Reading::new(checked, &mut conn);
    let read = stage("run", pin!(run::selector(selector, reading))).await?; // 8
    let presented = in_stage("present", || present::selector(selector, read, engine.settings().max_result_bytes))?; // 9
    Ok(presented.into_json())
}

async fn hand_over(engine: Engine, exposed: Arc<dyn Exposed>, checked: check::Checked, terms: Terms) -> Result<Bytes> {
    let max_bytes = engine.settings().max_result_bytes;
    let running = pin!(expose::handler(&*exposed, checked, max_bytes));
    until(terms.deadline, &terms.cancelled, stage("run", running)).await // 8, 9
}

/// Whether nothing of the call happened, so that it can be run a second time: a plan that DDL made stale, or, for a read, a
/// connection that was dead.
fn may_run_again(operation: &Operation, error: &Error) -> bool {
    is_retryable(error) && (error.code() == "stale_plan" || !operation.is_service())
}

/// The task is gone with its runtime: COMMIT may have been under way.
fn stopped() -> Error {
    let detail = "the server stopped before the outcome was known; read before you try again";
    Error::new(ErrorKind::OutcomeUnknown, "outcome_unknown", detail)
        .with_source("the runtime of the call was shut down")
}
