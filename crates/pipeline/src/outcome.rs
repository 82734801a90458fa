//! What comes of a call that succeeds.

use crate::scope::Whose;
use bytes::Bytes;
use diptych_spec::{Head, Quota};
use std::fmt;

/// The answer of an operation: JSON, encoded once.
#[derive(Clone)]
pub struct Outcome {
    json: Bytes,
    effect: Effect,
    quotas: Vec<Quota>,
    /// In a box: most say nothing.
    head: Option<Box<Head>>,
    whose: Option<Whose>,
}

/// What a call that succeeds did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// What it is for.
    Done,
    /// Nothing: an earlier call with the same idempotency key had done it.
    DoneBefore,
    /// Nothing that is kept: it was a dry run.
    Tried,
}

impl Outcome {
    pub(crate) fn new(json: Bytes, effect: Effect, head: Option<Box<Head>>) -> Self {
        Self { json, effect, quotas: Vec::new(), head, whose: None }
    }

    pub(crate) fn with_quotas(self, quotas: Vec<Quota>) -> Self {
        Self { quotas, ..self }
    }

    /// In the row scope of the call.
    pub(crate) fn about(self, whose: Option<Whose>) -> Self {
        Self { whose, ..self }
    }

    /// Whose rows the call was about, if it was in a row scope.
    #[must_use]
    pub fn whose(&self) -> Option<&Whose> {
        self.whose.as_ref()
    }

    /// Where the caller stands with the limits since the items of the call were counted; empty where that was known before.
    #[must_use]
    pub fn quotas(&self) -> &[Quota] {
        &self.quotas
    }

    /// What the operation said of the HTTP response beside the answer.
    #[must_use]
    pub fn head(&self) -> Option<&Head> {
        self.head.as_deref()
    }

    /// The JSON text.
    #[must_use]
    pub fn json(&self) -> &str {
        // What serde_json wrote is UTF-8.
        std::str::from_utf8(&self.json).unwrap_or("null")
    }

    /// The bytes, not copied.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.json
    }

    /// Whether it is the answer to an earlier call with the same idempotency key: this call did nothing.
    #[must_use]
    pub fn is_replay(&self) -> bool {
        self.effect == Effect::DoneBefore
    }

    /// Whether nothing of the call was kept, because it was a dry run.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.effect == Effect::Tried
    }
}

/// Without the answer.
impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Outcome({} bytes)", self.json.len())
    }
}
