//! Errors of operations that other operations call.

use super::Error;
use serde::Serialize;
use std::{borrow::Cow, fmt::Write as _};

/// A step of a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Which it is, from 1.
    pub number: u32,
    /// The operation that it calls. The fields of the error are of that one's arguments.
    pub operation: Cow<'static, str>,
}

impl Error {
    /// Notes that another operation refused what a function called it with: the fields are of its arguments, which the caller of the
    /// function has not sent.
    #[must_use]
    pub fn refused_by(mut self, operation: impl Into<Cow<'static, str>>) -> Self {
        // Of which steps another operation is made, its own callers are told.
        self.0.step = None;
        if !self.0.fields.is_empty() || self.0.code == "bad_request" {
            self.0.refused_by = Some(operation.into());
        }
        self
    }

    /// Names the step that failed. Its fields are told, as those of the step.
    #[must_use]
    pub fn at_step(mut self, number: u32, operation: impl Into<Cow<'static, str>>) -> Self {
        self.0.refused_by = None;
        self.0.step = Some(Step { number, operation: operation.into() });
        self
    }

    /// The step of a chain that failed.
    #[must_use]
    pub fn step(&self) -> Option<&Step> {
        self.0.step.as_ref()
    }

    /// What becomes of it when a function of this name ends with it. Arguments that the function made itself are for nobody else to mend,
    /// so that what is wrong with them is a fault, told to the log.
    #[must_use]
    pub fn leaving(self, operation: &str) -> Self {
        let Some(by) = &self.0.refused_by else { return self };
        let mut why = format!("`{operation}` called `{by}` with arguments that it does not take");
        for field in &self.0.fields {
            // Never a value: a detail says what was expected.
            let _ = write!(why, "; {}: {}", field.pointer, field.detail);
        }
        Self::internal(why)
    }
}
