//! The order of a call, on one screen. Each line is a stage of its own file in `stage/`.
//!
//! A service runs in a task of the pipeline, not in the caller's future: dropping the caller's future asks the task to roll
//! back, it does not tear the transaction (ADR 0002).

use crate::{
    Caller, Engine, OnDisconnect, Outcome,
    changes::Named,
    db::{Plans, is_retryable},
    operation::{Exposed, Kind, Operation, RunSelector, RunService},
    report,
    stage::{authorize, check, close, expose, open, permit, present, require, resolve, run, validate},
    trace::{closing, in_stage, in_target_stage, stage},
    watch::until,
};
use bytes::Bytes;
use diptych_spec::{Arguments, Call, Deadline, Error, ErrorKind, Result};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

pub(crate) async fn dispatch(
    engine: &Engine,
    operation: &Operation,
    arguments: Arguments<'_>,
    caller: Caller,
) -> Result<Outcome> {
    let deadline = Deadline::after(operation.declaration().deadline().unwrap_or(engine.settings().deadline));
    let mut plans = Plans::Cached;
    loop {
        let peer = caller.peer.clone().filter(|_| operation.declaration().converses());
        let call = Call::new(caller.principal.clone(), engine.state(), deadline).with_peer(peer);
        let questions = call.questions().clone();
        match attempt(engine, operation, call, &arguments, &caller, plans).await {
            Err(error) if error.kind() == ErrorKind::InputRequired => {
                return Err(error.with_questions(questions.take()));
            }
            Err(error) if plans == Plans::Cached && may_run_again(operation, &error) => plans = Plans::Fresh,
            Err(error) => return Err(report::error(operation.declaration(), error)),
            Ok(json) => return Ok(Outcome::new(json)),
        }
    }
}

async fn attempt(
    engine: &Engine,
    operation: &Operation,
    call: Call,
    arguments: &Arguments<'_>,
    caller: &Caller,
    plans: Plans,
) -> Result<Bytes> {
    let deadline = call.deadline();
    let declaration = operation.declaration();
    let authorized = in_stage("authorize", || authorize::caller(declaration, call))?; // 1
    let checked = in_stage("check", || check::arguments(declaration, authorized, arguments))?; // 2
    let cancelled = caller.withdrawn.child_token();
    match &operation.0 {
        Kind::Selector(selector) => until(deadline, &cancelled, read(engine, &**selector, checked, plans)).await,
        Kind::Service(service) => {
            // Dropped with this future, when the caller goes away.
            let _cancel = (caller.on_disconnect == OnDisconnect::Cancel).then(|| cancelled.clone().drop_guard());
            let named = Named::of(declaration, arguments);
            let task = write(engine.clone(), Arc::clone(service), checked, named, deadline, cancelled, plans);
            engine.tasks().spawn(task.in_current_span()).await.unwrap_or_else(|_| Err(stopped()))
        }
        Kind::Exposed(exposed) => {
            let _cancel = (caller.on_disconnect == OnDisconnect::Cancel).then(|| cancelled.clone().drop_guard());
            let task = hand_over(engine.clone(), Arc::clone(exposed), checked, deadline, cancelled);
            engine.tasks().spawn(task.in_current_span()).await.unwrap_or_else(|_| Err(stopped()))
        }
    }
}

async fn write(
    engine: Engine,
    service: Arc<dyn RunService>,
    checked: check::Checked,
    named: Named,
    deadline: Deadline,
    cancelled: CancellationToken,
    plans: Plans,
) -> Result<Bytes> {
    let declaration = service.declaration();
    let begin = stage("open", open::transaction(declaration, engine.db(), plans));
    let mut tx = until(deadline, &cancelled, begin).await?; // 3
    let answer = until(deadline, &cancelled, async {
        let opened = open::Opened::new(checked, &mut tx);
        let resolved = resolve::target(&*service, opened).await?; // 4
        let permitted = in_target_stage(declaration, "permit", || permit::target(declaration, resolved))?; // 5
        let valid = in_target_stage(declaration, "validate", || validate::input(declaration, permitted))?; // 6
        let ready = in_target_stage(declaration, "require", || require::conditions(declaration, valid))?; // 7
        let ran = stage("run", run::service(&*service, ready)).await?; // 8
        stage("present", present::service(&*service, ran, engine.settings().max_result_bytes)).await // 9
    });
    let answer = answer.await;
    let json = closing(answer.is_ok(), close::transaction(tx, answer)).await?; // 10
    named.tell(declaration, &json, engine.changes());
    Ok(json)
}

async fn read(engine: &Engine, selector: &dyn RunSelector, checked: check::Checked, plans: Plans) -> Result<Bytes> {
    let mut conn = stage("open", open::connection(engine.db(), plans)).await?; // 3
    let reading = open::Reading::new(checked, &mut conn);
    let read = stage("run", run::selector(selector, reading)).await?; // 8
    let presented = in_stage("present", || present::selector(selector, read, engine.settings().max_result_bytes))?; // 9
    Ok(presented.into_json())
}

async fn hand_over(
    engine: Engine,
    exposed: Arc<dyn Exposed>,
    checked: check::Checked,
    deadline: Deadline,
    cancelled: CancellationToken,
) -> Result<Bytes> {
    let max_bytes = engine.settings().max_result_bytes;
    until(deadline, &cancelled, stage("run", expose::handler(&*exposed, checked, max_bytes))).await // 8, 9
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
