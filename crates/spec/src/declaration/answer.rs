//! An answer, held against the schema that is published for it.

use super::Declaration;
use crate::{Error, FieldError, Hidden, Result, schema::Fit};
use serde_json::Value;
use std::fmt;

/// How many fields the log is told of.
const TOLD: usize = 5;

impl Declaration {
    /// Whether an answer, as JSON, is what [`Declaration::output_without`] says to this caller. What an exposed handler answers is not known before, so
    /// anything is.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Internal`], whose source names the operation, and pointer and rule of what is wrong. No value is in it.
    pub fn check_answer(&self, json: &[u8], hidden: Hidden) -> Result<()> {
        if self.exposed {
            return Ok(());
        }
        let value = serde_json::from_slice(json).map_err(Error::internal)?;
        let found = Fit::whole(&value, &self.output_without(hidden));
        if found.is_empty() { Ok(()) } else { Err(Error::internal(Misfit { operation: self.name.to_string(), found })) }
    }
}

/// Holds rows of a list against their schema, one at a time.
pub struct RowCheck {
    operation: String,
    rows: Value,
}

impl Declaration {
    /// What checks its rows, as this caller is shown them, as [`Declaration::check_answer`] does with an answer.
    #[must_use]
    pub fn row_check(&self, hidden: Hidden) -> Option<RowCheck> {
        Some(RowCheck { operation: self.name.to_string(), rows: self.rows_schema(&self.output_without(hidden))? })
    }
}

impl RowCheck {
    /// Whether this row, as JSON, is what was published.
    ///
    /// # Errors
    /// As [`Declaration::check_answer`].
    pub fn check(&self, json: &[u8]) -> Result<()> {
        let row: Value = serde_json::from_slice(json).map_err(Error::internal)?;
        let found = Fit::whole(&Value::Array(vec![row]), &self.rows);
        if found.is_empty() {
            Ok(())
        } else {
            Err(Error::internal(Misfit { operation: self.operation.clone(), found }))
        }
    }
}

impl fmt::Debug for RowCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowCheck").field("operation", &self.operation).finish_non_exhaustive()
    }
}

/// An answer that is not what was published.
#[derive(Debug)]
struct Misfit {
    operation: String,
    found: Vec<FieldError>,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the answer of `{}` is not what its own schema says", self.operation)?;
        for FieldError { pointer, code, detail } in self.found.iter().take(TOLD) {
            let pointer = if pointer.is_empty() { "the answer" } else { pointer.as_str() };
            write!(f, "; {pointer} ({code}): {detail}")?;
        }
        match self.found.len().saturating_sub(TOLD) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl std::error::Error for Misfit {}
