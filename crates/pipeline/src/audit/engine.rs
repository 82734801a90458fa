//! What an engine does with its audit trail.

use super::Record;
use crate::{Caller, Engine, Operation};
use diptych_spec::{Error, Result};

impl Engine {
    /// Makes sure that there is a table for the audit trail, if there is a trail.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn migrate_audit(&self) -> Result<()> {
        match self.audit() {
            Some(trail) => trail.migrate().await,
            None => Ok(()),
        }
    }

    /// Begins to write rows of calls that failed, and to remove old ones, on the runtime that this is called on. Once is enough.
    pub fn start_audit(&self) {
        if let Some(trail) = self.audit() {
            trail.start();
        }
    }

    /// Writes what is left to be written of the audit trail. Nothing is recorded of calls that fail afterwards.
    pub async fn stop_audit(&self) {
        if let Some(trail) = self.audit() {
            trail.stop().await;
        }
    }

    /// Records a call that a surface refused itself, before it was dispatched.
    pub fn note_refusal(&self, operation: &Operation, caller: &Caller, error: &Error) {
        if let Some(mut record) = Record::open(self.audit(), operation.declaration(), caller) {
            record.failed(error);
        }
    }
}
