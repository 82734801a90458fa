//! The record of one call. However the call ends, it ends up in the trail: in the transaction of what it did, or in the queue.

use super::{row::Row, trail::Trail};
use crate::{Caller, db::Tx, outcome::Effect, trace};
use diptych_spec::{Arguments, Declaration, Error, ErrorKind, Result};
use std::time::Instant;
use uuid::Uuid;

/// A call that is recorded. Dropped before it was told how the call ended, it says that the caller withdrew it.
pub(crate) struct Record {
    trail: Trail,
    row: Row,
    begun: Instant,
    /// Whether the row is in the transaction of what it is about.
    is_kept: bool,
    /// Whether nothing that it did is kept, as the caller wished.
    is_dry_run: bool,
    /// Whether nothing is to be written any more.
    closed: bool,
}

impl Record {
    /// The record of a call that begins, if there is a trail and the call belongs into it.
    pub(crate) fn open(trail: Option<&Trail>, declaration: &Declaration, caller: &Caller) -> Option<Self> {
        let trail = trail.filter(|trail| trail.records(declaration))?;
        let row = Row {
            outcome: ErrorKind::Cancelled.name(),
            code: ErrorKind::Cancelled.name().to_owned(),
            trace_id: trace::trace_id().unwrap_or_default(),
            ..Row::new(declaration.name(), caller)
        };
        Some(Self {
            trail: trail.clone(),
            row,
            begun: Instant::now(),
            is_kept: false,
            is_dry_run: false,
            closed: false,
        })
    }

    /// The id that all records of one call have.
    pub(crate) fn call(&self) -> String {
        self.row.call.clone()
    }

    /// The record of what another call does, whose id it has.
    pub(crate) fn part_of(mut self, call: Option<&str>) -> Self {
        if let Some(call) = call {
            call.clone_into(&mut self.row.call);
        }
        self
    }

    /// Notes the arguments, which are what was declared.
    pub(crate) fn arguments(&mut self, declaration: &Declaration, arguments: &Arguments<'_>) {
        if self.row.arguments.is_empty() {
            self.row.arguments = self.trail.arguments(declaration, arguments);
        }
    }

    /// Adds the row to the transaction of what it is about; or of what an earlier call has done, whose answer this one gets.
    pub(crate) async fn commit_with(&mut self, tx: &mut Tx, effect: Effect) -> Result<()> {
        let duration_ms = self.duration_ms();
        let outcome = if effect == Effect::DoneBefore { "replayed" } else { "committed" };
        let row = Row { outcome, code: String::new(), duration_ms, ..self.row.clone() };
        row.insert(tx.backend()).execute(tx).await?;
        self.is_kept = true;
        // From here on nobody but the database knows, until COMMIT was acknowledged.
        self.row.outcome = ErrorKind::OutcomeUnknown.name();
        self.row.code = ErrorKind::OutcomeUnknown.name().to_owned();
        Ok(())
    }

    /// Nothing of the call will be kept. Its row goes through the queue: the transaction is rolled back.
    pub(crate) fn is_of_dry_run(&mut self) {
        (self.is_dry_run, self.is_kept) = (true, false);
    }

    /// Adds a row that says that the call begins, in a transaction of its own: what it does is not ours to roll back.
    pub(crate) async fn begin(&self) -> Result<()> {
        let id = Uuid::now_v7().to_string();
        let row = Row { id, outcome: "begun", code: String::new(), ..self.row.clone() };
        self.trail.write(row).await
    }

    /// How the call ended. What was kept in its transaction is now in the database.
    pub(crate) fn ended<T>(&mut self, done: &Result<T>) {
        match done {
            Ok(_) if self.is_kept => self.closed = true,
            Ok(_) if self.is_dry_run => (self.row.outcome, self.row.code) = ("dry_run", String::new()),
            Ok(_) => (self.row.outcome, self.row.code) = ("answered", String::new()),
            Err(error) => self.failed(error),
        }
    }

    /// The call failed.
    pub(super) fn failed(&mut self, error: &Error) {
        // It goes on as a task, which has a record of its own.
        self.closed |= error.begins_task();
        self.closed |= error.kind() == ErrorKind::Unauthenticated && !self.trail.records_unauthenticated();
        self.row.outcome = error.kind().name();
        self.row.code = error.code().to_owned();
        if let Some(id) = error.error_id() {
            self.row.trace_id = id.to_owned();
        }
    }

    fn duration_ms(&self) -> i64 {
        i64::try_from(self.begun.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        if !self.closed {
            let row = Row { duration_ms: self.duration_ms(), ..std::mem::take(&mut self.row) };
            self.trail.queue(row);
        }
    }
}
