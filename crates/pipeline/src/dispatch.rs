//! The order of a call, on one screen. Each line is a stage of its own file in `stage/`.
//!
//! A service runs in a task of the pipeline, not in the caller's future: dropping the caller's future asks the task to roll
//! back, it does not tear the transaction (ADR 0002).

use crate::{
    BeforeCommit, Caller, Engine, OnDisconnect, Outcome,
    attempts::Attempts,
    audit::Record,
    changes::Named,
    db::Plans,
    idempotency::Claim,
    nested::{self, Frame},
    operation::{Exposed, Kind, Operation, RunSelector, RunService},
    report,
    stage::{
        authorize, check, claim, close, current, expose, keep, limit, open, permit, present, require, resolve, run,
        scope, validate,
    },
    trace::{self, closing, in_stage, in_target_stage, stage},
    watch::until,
};
use diptych_spec::{
    Arguments, Call, Deadline, DryRun, Error, ErrorKind, FieldError, Hidden, OperationKind, Quota, ResponseHead, Result,
};
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
    mut caller: Caller,
) -> Result<Outcome> {
    let longest = caller.deadline.or(operation.declaration().deadline());
    let deadline = Deadline::after(longest.unwrap_or(engine.settings().deadline));
    let principal = engine.granted(caller.principal.clone());
    let mut attempts = Attempts::of(operation, deadline);
    let mut record = Record::open(engine.audit(), operation.declaration(), &caller);
    let place = Place { engine, running };
    loop {
        let peer = caller.peer.clone().filter(|_| operation.declaration().converses());
        let call = Call::new(principal.clone(), engine.state(), deadline).with_peer(peer);
        let mut call = call.expecting(caller.expected_version.clone());
        if let Some(head) = ResponseHead::of(operation.declaration()) {
            call.put(head);
        }
        nested::put(&mut call, Frame::of(engine, operation, &caller, record.as_ref()));
        let questions = call.questions().clone();
        let (cancelled, keeper) = (caller.withdrawn.clone(), caller.before_commit.clone());
        let terms = Terms { deadline, longest, plans: attempts.plans(), cancelled, keeper };
        let done = match attempt(place, operation, call, &arguments, &mut caller, terms, &mut record).await {
            Err(error) if error.kind() == ErrorKind::InputRequired => Err(error.with_questions(questions.take())),
            Err(error) => match Box::pin(attempts.again(error, &caller.withdrawn)).await {
                Ok(()) => continue,
                Err(error) => Err(report::error(operation.declaration(), error)),
            },
            done => done.map(|outcome| outcome.with_quotas(caller.ticket.take_quotas())),
        };
        record.iter_mut().for_each(|record| record.ended(&done));
        return done;
    }
}

/// Stage 1 alone. `told` is where the caller then stands with the limits.
pub(crate) async fn admit(
    engine: &Engine,
    operation: &Operation,
    caller: &mut Caller,
    told: Option<&mut Vec<Quota>>,
) -> Result<()> {
    let admitted = async {
        let authorized = authorize::caller(operation, preliminary(engine, caller))?;
        limit::call(engine, operation, authorized, caller, told).await
    };
    let admitted = admitted.await.map_err(|error| report::error(operation.declaration(), error));
    admitted.map(drop).inspect_err(|error| engine.note_refusal(operation, caller, error))
}

/// Stages 1 and 2 alone, and the rules of the input: whether a call would begin as a task.
pub(crate) async fn would_begin(
    engine: &Engine,
    operation: &Operation,
    arguments: &Arguments<'_>,
    caller: &Caller,
) -> Result<()> {
    let declaration = operation.declaration();
    let authorized = authorize::caller(operation, preliminary(engine, caller))?;
    let mut caller = caller.clone();
    let admitted = limit::call(engine, operation, authorized, &mut caller, None).await?;
    Claim::check(operation, &caller)?;
    let checked = check::arguments(declaration, admitted, arguments, false, caller.via.surface.audience())?;
    let checked = limit::asked(engine, operation, checked, &mut caller).await?;
    if checked.is_dry_run() {
        let why = "a dry run is answered at once, not by a task";
        return Err(Error::invalid(vec![FieldError::new(format!("/{}", DryRun::ARGUMENT), "dry_run", why)]));
    }
    checked.validate(declaration)
}

/// A call that does not run.
fn preliminary(engine: &Engine, caller: &Caller) -> Call {
    Call::new(engine.granted(caller.principal.clone()), engine.state(), Deadline::after(engine.settings().deadline))
}

/// How long and in which way a call may run, and what is kept in its transaction.
struct Terms {
    deadline: Deadline,
    /// What the caller or the declaration says; the database enforces it, too.
    longest: Option<Duration>,
    plans: Plans,
    cancelled: CancellationToken,
    keeper: Option<Arc<dyn BeforeCommit>>,
}

/// What runs a call.
#[derive(Clone, Copy)]
struct Place<'e> {
    engine: &'e Engine,
    running: &'e TaskTracker,
}

async fn attempt(
    Place { engine, running }: Place<'_>,
    operation: &Operation,
    call: Call,
    arguments: &Arguments<'_>,
    caller: &mut Caller,
    terms: Terms,
    record: &mut Option<Record>,
) -> Result<Outcome> {
    let declaration = operation.declaration();
    let audience = caller.via.surface.audience();
    let hidden = declaration.hidden_from(call.principal(), audience);
    let authorized = in_stage("authorize", || authorize::caller(operation, call))?; // 1
    let admitted = limit::call(engine, operation, authorized, caller, None).await?; // 1
    Claim::check(operation, caller)?;
    let may_be_replay = matches!(operation.kind, Kind::Service(_)) && caller.idempotency_key.is_some();
    let checked = || check::arguments(declaration, admitted, arguments, may_be_replay, audience);
    let checked = in_stage("check", checked)?; // 2
    let checked = limit::asked(engine, operation, checked, caller).await?; // 2
    if let Some(record) = record {
        record.arguments(declaration, arguments);
    }
    match &operation.kind {
        Kind::Selector(selector) => {
            until(terms.deadline, &terms.cancelled, read(engine, operation, &**selector, checked, terms.plans, hidden))
                .await
        }
        Kind::Service(service) => {
            let about = About {
                named: Named::of(declaration, arguments),
                // What is only tried is done each time.
                claim: match checked.is_dry_run() {
                    true => None,
                    false => Claim::of(engine.keys(), operation, caller, arguments)?,
                },
                operation: operation.clone(),
                hidden,
            };
            let (engine, service) = (engine.clone(), Arc::clone(service));
            let work = |terms, record| write(engine, service, checked, about, terms, record);
            in_task(running, caller, terms, record, work).await
        }
        Kind::Exposed(exposed) => {
            let (engine, exposed) = (engine.clone(), Arc::clone(exposed));
            let work = |terms, record| hand_over(engine, exposed, checked, terms, record);
            in_task(running, caller, terms, record, work).await
        }
    }
}

/// What work in a task comes back with.
type Done = (Result<Outcome>, Option<Record>);

/// What the arguments of a service's call say before it runs.
struct About {
    /// The resources that change.
    named: Named,
    /// The idempotency key.
    claim: Option<Claim>,
    /// The operation, for its row scope.
    operation: Operation,
    /// What the caller is not shown of the answer.
    hidden: Hidden,
}

/// Does work that is not torn when the caller goes away. The record of the call is taken along, and comes back with the outcome; when
/// nobody waits for that any more, the record ends with the task.
async fn in_task<W: Future<Output = Done> + Send + 'static>(
    running: &TaskTracker,
    caller: &Caller,
    mut terms: Terms,
    record: &mut Option<Record>,
    work: impl FnOnce(Terms, Option<Record>) -> W,
) -> Result<Outcome> {
    // Dropped with this future, when the caller goes away; their own token may be for other calls, too.
    let _cancel = (caller.on_disconnect == OnDisconnect::Cancel).then(|| {
        terms.cancelled = terms.cancelled.child_token();
        terms.cancelled.clone().drop_guard()
    });
    let work = work(terms, record.take());
    let task = async {
        let (done, mut record) = work.await;
        record.iter_mut().for_each(|record| record.ended(&done));
        (done, record)
    };
    let (done, kept) = running.spawn(task.in_current_span()).await.unwrap_or_else(|_| (Err(stopped()), None));
    *record = kept;
    done
}

/// Runs a service.
async fn write(
    engine: Engine,
    service: Arc<dyn RunService>,
    checked: check::Checked,
    about: About,
    terms: Terms,
    mut record: Option<Record>,
) -> Done {
    let done = in_transaction(engine, service, checked, about, terms, &mut record).await;
    (done, record)
}

async fn in_transaction(
    engine: Engine,
    service: Arc<dyn RunService>,
    checked: check::Checked,
    About { named, mut claim, operation, hidden }: About,
    terms: Terms,
    record: &mut Option<Record>,
) -> Result<Outcome> {
    let (declaration, max_bytes) = (service.declaration(), engine.settings().max_result_bytes);
    let Terms { deadline, longest, plans, cancelled, keeper } = terms;
    let dry_run = checked.is_dry_run();
    let begin = pin!(open::transaction(declaration, engine.db(), longest, plans));
    let mut tx = until(deadline, &cancelled, stage("open", begin)).await?; // 3
    let answer = until(deadline, &cancelled, async {
        let entered = scope::rows(operation.scope(), checked, &mut tx).await?; // 3
        if let (Some(claim), Some(scope)) = (&mut claim, &tx.scope) {
            claim.within(scope);
        }
        let claimed = claim::key(open::Opened::new(entered, &mut tx), claim.as_ref()).await?; // 3
        let opened = match claimed {
            claim::Claimed::Anew(opened) => opened,
            claim::Claimed::Before(presented) => {
                // What was shown then, as far as it still is.
                let presented = presented.shown(declaration, hidden)?;
                return keep::with_answer(&mut tx, presented, keeper.as_deref(), record.as_mut()).await;
            }
        };
        let resolved = resolve::target(&*service, opened).await?; // 4
        let current = in_target_stage(declaration, "permit", || {
            current::version(declaration, permit::target(declaration, resolved)?) // 5
        })?;
        let valid = in_target_stage(declaration, "validate", || validate::input(declaration, current))?; // 6
        let ready = in_target_stage(declaration, "require", || require::conditions(declaration, valid))?; // 7
        let ran = stage("run", pin!(run::service(&*service, ready, max_bytes))).await?; // 8
        let presented = stage("present", pin!(present::service(&*service, ran, max_bytes, hidden))).await?; // 9
        if dry_run {
            return keep::nothing(&mut tx, presented, record.as_mut()).await;
        }
        let presented = claim::answered(&mut tx, presented, claim.as_ref()).await?;
        keep::with_answer(&mut tx, presented, keeper.as_deref(), record.as_mut()).await
    });
    let answer = answer.await;
    let whose = tx.whose();
    let closed = closing(answer.is_ok(), pin!(close::transaction(declaration, tx, answer))).await; // 10
    let outcome = closed.map_err(|error| if claim.is_some() { Claim::unknown(error) } else { error })?;
    let outcome = outcome.about(whose);
    named.tell(declaration, &outcome, engine.changes());
    Ok(outcome)
}

async fn read(
    engine: &Engine,
    operation: &Operation,
    selector: &dyn RunSelector,
    checked: check::Checked,
    plans: Plans,
    hidden: Hidden,
) -> Result<Outcome> {
    let (declaration, scope) = (selector.declaration(), operation.scope());
    let mut conn = stage("open", pin!(open::connection(declaration, scope, engine.db(), plans))).await?; // 3
    let read = async {
        let entered = scope::rows(scope, checked, &mut conn).await?; // 3
        let reading = open::Reading::new(entered, &mut conn);
        stage("run", pin!(run::selector(selector, reading))).await // 8
    };
    let read = read.await;
    let whose = conn.whose();
    close::connection(conn).await; // 10
    let read = read?;
    let presented =
        in_stage("present", || present::selector(selector, read, engine.settings().max_result_bytes, hidden))?; // 9
    Ok(presented.into_outcome().about(whose))
}

/// Runs a handler that is not ours. What it does is in no transaction of ours, so the trail says before that it begins, and
/// afterwards how it ended.
async fn hand_over(
    engine: Engine,
    exposed: Arc<dyn Exposed>,
    checked: check::Checked,
    terms: Terms,
    record: Option<Record>,
) -> Done {
    let max_bytes = engine.settings().max_result_bytes;
    let recorded = record.as_ref().filter(|_| exposed.declaration().kind() == OperationKind::Service);
    let running = until(terms.deadline, &terms.cancelled, async {
        if let Some(record) = recorded {
            record.begin().await?;
        }
        stage("run", pin!(expose::handler(&*exposed, checked, max_bytes))).await // 8, 9
    });
    (running.await, record)
}

/// The task is gone with its runtime: COMMIT may have been under way.
fn stopped() -> Error {
    let detail = "the server stopped before the outcome was known; read before you try again";
    Error::new(ErrorKind::OutcomeUnknown, "outcome_unknown", detail)
        .with_source("the runtime of the call was shut down")
}
