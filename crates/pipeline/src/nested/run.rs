//! The stages of a call that another operation makes. They are those of `dispatch.rs`, but for what only an outermost call has: limits, the
//! task, the transaction, the idempotency key, COMMIT.

use super::frame::{self, Frame};
use crate::{
    audit::Record,
    changes::Named,
    db::{Conn, Tx},
    idempotency::Claim,
    operation::{Computed, Kind, Operation, RunSelector, RunService},
    outcome::{Effect, Outcome},
    stage::{authorize, check, current, limit, open, permit, present, require, resolve, run, scope, validate},
    trace::{self, in_stage, in_target_stage, stage},
};
use diptych_spec::{Arguments, Bulk, Call, Error, ErrorKind, Hidden, OperationKind, ResponseHead, Result};
use std::{pin::pin, sync::Arc};
use tracing::Instrument as _;

/// What a call has from the one that makes it.
pub(super) struct Nested {
    pub(super) frame: Arc<Frame>,
    /// Principal, deadline, questions and the line to the caller.
    pub(super) call: Call,
    /// Whether nothing of the outermost call is kept.
    pub(super) is_dry_run: bool,
}

/// Runs a service in this transaction, and undoes what it did when it fails. `take` is given what it computed, before that is shown.
pub(super) async fn service<T: Send>(
    Nested { frame, call, is_dry_run }: Nested,
    name: &str,
    arguments: String,
    tx: &mut Tx,
    take: impl FnOnce(&Computed) -> Result<T> + Send,
) -> Result<(T, Outcome)> {
    let operation = frame.find(name, OperationKind::Service, is_dry_run)?.clone();
    let Kind::Service(service) = &operation.kind else { return Err(mixed_up()) };
    let hidden = operation.declaration().hidden_from(call.principal(), frame.audience());
    let work = async {
        let arguments = Arguments::named(&arguments);
        let mut record = record(&frame, &operation);
        let done = async {
            let checked = checked(&frame, &operation, call, &arguments, record.as_mut())?; // 1, 2
            let is_own_dry_run = checked.is_dry_run() && !is_dry_run;
            let mut savepoint = tx.begin_savepoint().await?;
            let done = async {
                let tx = savepoint.tx();
                let max_bytes = frame.engine.settings().max_result_bytes;
                let entered = scope::rows(operation.scope(), checked, tx).await?; // 3
                let done = in_savepoint(&**service, entered, tx, take, max_bytes, hidden).await?; // 4 to 9
                match record.as_mut() {
                    Some(record) if is_dry_run || is_own_dry_run => record.is_of_dry_run(),
                    Some(record) => record.commit_with(tx, Effect::Done).await?,
                    None => {}
                }
                if is_own_dry_run {
                    tx.check().await?;
                } else if !is_dry_run {
                    tell(&frame, &operation, &arguments, &done.1, tx);
                }
                Ok(done)
            };
            match done.await {
                Ok(done) if is_own_dry_run => savepoint.roll_back().await.map(|()| done),
                Ok(done) => savepoint.release().await.map(|()| done),
                Err(error) => {
                    // Where that fails nothing of the transaction will be kept, and the error is still the one that came first.
                    let _ = savepoint.roll_back().await;
                    Err(error)
                }
            }
        };
        let done = done.await;
        ended(&operation, record.as_mut(), done)
    };
    let span = trace::nested(&operation);
    work.instrument(span).await
}

/// Stages 4 to 9.
async fn in_savepoint<T>(
    service: &dyn RunService,
    entered: scope::Entered,
    tx: &mut Tx,
    take: impl FnOnce(&Computed) -> Result<T> + Send,
    max_bytes: usize,
    hidden: Hidden,
) -> Result<(T, Outcome)> {
    let declaration = service.declaration();
    tx.lock_targets(declaration.lock());
    let whose = tx.whose();
    let resolved = resolve::target(service, open::Opened::new(entered, tx)).await?; // 4
    let current = in_target_stage(declaration, "permit", || {
        current::version(declaration, permit::target(declaration, resolved)?) // 5
    })?;
    let valid = in_target_stage(declaration, "validate", || validate::input(declaration, current))?; // 6
    let ready = in_target_stage(declaration, "require", || require::conditions(declaration, valid))?; // 7
    let ran = stage("run", pin!(run::service(service, ready, max_bytes))).await?; // 8
    let taken = take(ran.computed())?;
    let presented = stage("present", pin!(present::service(service, ran, max_bytes, hidden))).await?; // 9
    Ok((taken, presented.into_outcome().about(whose)))
}

/// Runs a selector on this connection. `show` is given what it read.
pub(super) async fn selector<T: Send>(
    Nested { frame, call, is_dry_run }: Nested,
    name: &str,
    arguments: String,
    conn: &mut Conn,
    show: impl FnOnce(&dyn RunSelector, run::Read, Hidden) -> Result<T> + Send,
) -> Result<T> {
    let operation = frame.find(name, OperationKind::Selector, is_dry_run)?.clone();
    let Kind::Selector(selector) = &operation.kind else { return Err(mixed_up()) };
    let hidden = operation.declaration().hidden_from(call.principal(), frame.audience());
    let work = async {
        let arguments = Arguments::named(&arguments);
        let mut record = record(&frame, &operation);
        let done = async {
            let checked = checked(&frame, &operation, call, &arguments, record.as_mut())?; // 1, 2
            let mut aside = conn.aside();
            let entered = scope::rows(operation.scope(), checked, &mut aside).await?; // 3
            let read = stage("run", pin!(run::selector(&**selector, open::Reading::new(entered, &mut aside)))).await?; // 8
            in_stage("present", || show(&**selector, read, hidden)) // 9
        };
        let done = done.await;
        ended(&operation, record.as_mut(), done)
    };
    let span = trace::nested(&operation);
    work.instrument(span).await
}

/// Stages 1 and 2. What is counted by limits are calls of those who call from outside.
fn checked(
    frame: &Arc<Frame>,
    operation: &Operation,
    mut call: Call,
    arguments: &Arguments<'_>,
    record: Option<&mut Record>,
) -> Result<check::Checked> {
    let declaration = operation.declaration();
    frame::put(&mut call, frame.within(operation));
    // Said to nobody: the response is that of the outermost operation.
    if let Some(head) = ResponseHead::of(declaration) {
        call.put(head);
    }
    let authorized = in_stage("authorize", || authorize::caller(operation, call))?;
    if declaration.idempotency().is_required() && frame.caller.idempotency_key.is_none() {
        // The key of the outermost call is good for all that it calls.
        Claim::check(operation, &frame.caller)?;
    }
    let admitted = limit::uncounted(authorized);
    let checked = in_stage("check", || check::arguments(declaration, admitted, arguments, false, frame.audience()))?;
    if let Some(record) = record {
        record.arguments(declaration, arguments);
    }
    Ok(checked)
}

/// Its row in the audit trail has the call of the outermost one.
fn record(frame: &Frame, operation: &Operation) -> Option<Record> {
    let record = Record::open(frame.engine.audit(), operation.declaration(), &frame.caller)?;
    Some(record.part_of(frame.trail.as_deref()))
}

/// Tells what the service declares to change, once all of it is committed.
fn tell(frame: &Frame, operation: &Operation, arguments: &Arguments<'_>, outcome: &Outcome, tx: &mut Tx) {
    let declaration = operation.declaration();
    let item = declaration.bulk().and_then(Bulk::item).map_or(declaration, |item| &**item);
    if item.changes().is_empty() {
        return;
    }
    let named = Named::of(operation.declaration(), arguments);
    let (operation, outcome, changes) = (operation.clone(), outcome.clone(), frame.engine.changes().clone());
    tx.tell_after_commit(move || named.tell(operation.declaration(), &outcome, &changes));
}

fn ended<T>(operation: &Operation, record: Option<&mut Record>, done: Result<T>) -> Result<T> {
    if let Some(record) = record {
        record.ended(&done);
    }
    done.map_err(|error| {
        if error.kind() != ErrorKind::InputRequired {
            trace::ended(&error);
        }
        error.refused_by(operation.declaration().name().to_owned())
    })
}

/// Which is excluded by [`Frame::find`].
fn mixed_up() -> Error {
    Error::internal("an operation is not of its own kind")
}
