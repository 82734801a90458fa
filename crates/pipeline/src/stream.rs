//! A list that is read whole: the same first stages as any other call, then rows that leave as they are read.
//!
//! The rows are read in a task of the pipeline, on a connection of its own, in a read-only transaction that sees one state of the
//! database. Whoever takes them decides how fast: a few parts wait at most, then the task does. When they are not taken any more, the
//! task is dropped where it stands, and with it the connection.

mod places;

pub(crate) use places::Streams;

use crate::{
    Caller, Engine, Operation,
    audit::Record,
    db::Sink,
    nested::{self, Frame},
    operation::{Kind, RunSelector},
    report,
    stage::{authorize, check, limit, open, run, scope},
    trace::{self, in_stage, stage},
    watch::until,
};
use bytes::Bytes;
use diptych_spec::{Arguments, Audience, Call, Deadline, Error, Head, Hidden, Principal, ResponseHead, Result};
use futures_util::FutureExt as _;
use std::{fmt, panic::AssertUnwindSafe, pin::pin, sync::Arc};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};
use tracing::{Instrument as _, Span};

/// How many parts wait to be taken.
const WAITING: usize = 2;

/// The rows of a list, in parts. Dropped before its end, it ends what reads them.
pub struct RowStream {
    operation: Operation,
    first: Option<Bytes>,
    parts: mpsc::Receiver<Result<Bytes>>,
    head: Option<Box<Head>>,
    hidden: Hidden,
    record: Option<Record>,
    span: Span,
    _reading: DropGuard,
}

impl RowStream {
    /// The next rows, as whole lines of JSON: a row in each, and a line break behind it. `None` behind the last.
    ///
    /// # Errors
    /// The stream is broken off: what came before is not the whole list.
    pub async fn next(&mut self) -> Option<Result<Bytes>> {
        if let Some(part) = self.first.take() {
            return Some(Ok(part));
        }
        let done = match self.parts.recv().await {
            Some(Ok(part)) => return Some(Ok(part)),
            Some(Err(error)) => {
                let name = self.operation.declaration().name();
                tracing::warn!(operation = name, code = error.code(), "a stream was broken off");
                Err(self.span.in_scope(|| report::error(self.operation.declaration(), error)))
            }
            None => Ok(()),
        };
        if let Some(mut record) = self.record.take() {
            record.ended(&done);
        }
        done.err().map(Err)
    }

    /// The fields that its rows do not have, because they are not for this caller.
    #[must_use]
    pub fn hidden(&self) -> Hidden {
        self.hidden
    }

    /// What the operation said of the HTTP response beside the rows.
    #[must_use]
    pub fn head(&self) -> Option<&Head> {
        self.head.as_deref()
    }
}

impl fmt::Debug for RowStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowStream").field("operation", &self.operation).finish_non_exhaustive()
    }
}

/// Begins to read a list; returns with its first rows. Its tasks are kept count of in `running`.
pub(crate) async fn begin(
    engine: &Engine,
    running: &TaskTracker,
    operation: &Operation,
    arguments: Arguments<'_>,
    mut caller: Caller,
) -> Result<RowStream> {
    let mut record = Record::open(engine.audit(), operation.declaration(), &caller);
    let span = trace::call(operation);
    let begun = first_rows(engine, running, operation, &arguments, &mut caller, &mut record);
    let begun = async { pin!(begun).await.map_err(|error| report::error(operation.declaration(), error)) };
    let begun = begun.instrument(span).await;
    if begun.is_err() {
        record.iter_mut().for_each(|record| record.ended(&begun));
    }
    begun.map(|stream| RowStream { record, ..stream })
}

async fn first_rows(
    engine: &Engine,
    running: &TaskTracker,
    operation: &Operation,
    arguments: &Arguments<'_>,
    caller: &mut Caller,
    record: &mut Option<Record>,
) -> Result<RowStream> {
    let declaration = operation.declaration();
    let none = || Error::internal("the operation is not declared as one that is streamed");
    let (Kind::Selector(selector), Some(streaming)) = (&operation.kind, declaration.streaming()) else {
        return Err(none());
    };
    let deadline = Deadline::after(caller.deadline.unwrap_or(streaming.longest()));
    let principal = engine.granted(caller.principal.clone());
    let mut call = Call::new(principal.clone(), engine.state(), deadline);
    let hidden = declaration.hidden_from(call.principal(), Some(Audience::People));
    let head = ResponseHead::of(declaration);
    head.iter().for_each(|head| call.put(head.clone()));
    nested::put(&mut call, Frame::of(engine, operation, caller, record.as_ref()));
    let authorized = in_stage("authorize", || authorize::caller(operation, call))?; // 1
    let admitted = limit::call(engine, operation, authorized, caller, None).await?; // 1
    let checked = in_stage("check", || {
        declaration.check_unpaged(arguments)?;
        check::arguments(declaration, admitted, arguments, false, caller.via.surface.audience()) // 2
    })?;
    record.iter_mut().for_each(|record| record.arguments(declaration, arguments));
    let place = engine.streams().place(caller)?;

    let (sink, mut parts) = mpsc::channel(WAITING);
    let withdrawn = caller.withdrawn.child_token();
    let reading = withdrawn.clone().drop_guard();
    let work = read(engine.clone(), operation.clone(), Arc::clone(selector), checked, (place, deadline), sink.clone());
    let watched = watched(engine.clone(), principal, deadline, withdrawn, work);
    let span = Span::current();
    running.spawn(told(sink, watched).instrument(span.clone()));
    let first = parts.recv().await.transpose()?;
    let head = head.and_then(|head| head.take());
    let operation = operation.clone();
    Ok(RowStream { operation, first, parts, head, hidden, record: None, span, _reading: reading })
}

/// Reads the rows.
async fn read(
    engine: Engine,
    operation: Operation,
    selector: Arc<dyn RunSelector>,
    checked: check::Checked,
    (place, deadline): (OwnedSemaphorePermit, Deadline),
    sink: Sink,
) -> Result<()> {
    let mut conn = stage("open", pin!(open::stream(engine.db(), place, deadline))).await?; // 3
    let entered = scope::rows(operation.scope(), checked, &mut conn).await?; // 3
    let reading = open::Reading::new(entered, &mut conn);
    stage("run", pin!(run::stream(&*selector, reading, &sink))).await?; // 8, 9
    conn.end_stream().await; // 10
    Ok(())
}

/// Ends the work with its deadline, with the server, when nobody takes rows any more, and when the caller may not act any more. What
/// ends in between is dropped where it stands.
async fn watched(
    engine: Engine,
    principal: Option<Principal>,
    deadline: Deadline,
    withdrawn: CancellationToken,
    work: impl Future<Output = Result<()>>,
) -> Result<()> {
    tokio::select! {
        biased;
        () = engine.streams().ended() => Err(places::stopping()),
        () = engine.until_inactive(principal.as_ref()) => Err(Error::unauthenticated()),
        done = until(deadline, &withdrawn, work) => done,
    }
}

/// Says how it ended, unless it was with the last row.
async fn told(sink: Sink, work: impl Future<Output = Result<()>>) {
    // Also a panic beside the work: without a word the stream would end as if it were whole.
    let done = AssertUnwindSafe(work).catch_unwind().await;
    if let Err(error) = done.unwrap_or_else(|_| Err(Error::internal("a stream panicked"))) {
        let _ = sink.send(Err(error)).await;
    }
}

impl Engine {
    /// Reads a list whole: a selector that declares `.stream(…)`. Permission, limits and arguments are looked at as in
    /// [`Engine::dispatch`]; it returns with the first rows.
    ///
    /// # Errors
    /// What went wrong before the first row; unavailable, when as many are streamed as [`crate::Settings::max_streams`] says, and rate
    /// limited, when this caller has half of those.
    pub async fn stream(&self, operation: &Operation, arguments: Arguments<'_>, caller: Caller) -> Result<RowStream> {
        begin(self, self.running(), operation, arguments, caller).await
    }

    /// Breaks off every stream, and begins no more.
    pub fn end_streams(&self) {
        self.streams().end();
    }
}
