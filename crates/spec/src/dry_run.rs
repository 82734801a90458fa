//! Calls that go through everything and keep nothing.

use crate::{ArgumentSet, Call, FieldError, FromCall, Owner, Result};
use serde::Deserialize;
use serde_json::{Map, json};

/// Whether this call is a dry run, as an argument of a handler: for what a function does outside its transaction, where
/// nothing can be rolled back.
///
/// ```
/// # use diptych_spec::{DryRun, Result};
/// async fn remind(dry_run: DryRun) -> Result<()> {
///     if !dry_run.is_on() {
///         // Send the letter …
///     }
///     Ok(())
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DryRun(bool);

impl DryRun {
    /// The argument by which a caller asks for one.
    pub const ARGUMENT: &'static str = "dry_run";

    /// Whether nothing of this call is kept.
    #[must_use]
    pub fn is_on(self) -> bool {
        self.0
    }

    /// That argument.
    pub(crate) fn argument() -> ArgumentSet {
        #[derive(Deserialize)]
        struct Given {
            dry_run: Option<bool>,
        }
        let schema = json!({
            "type": "boolean",
            "default": false,
            "description": "Do everything and keep nothing: the answer is what it would have been.",
        });
        let properties = Map::from_iter([(Self::ARGUMENT.to_owned(), schema)]);
        let convert = |given: Given| Ok::<_, Vec<FieldError>>(Self(given.dry_run.unwrap_or_default()));
        ArgumentSet::custom(Owner::DryRun, properties, convert)
    }
}

impl FromCall for DryRun {
    async fn from_call(call: &mut Call) -> Result<Self> {
        Ok(Self(call.is_dry_run()))
    }
}

impl Call {
    /// The same call, as a part of one of which nothing is kept.
    #[must_use]
    pub fn in_dry_run(mut self) -> Self {
        self.put(DryRun(true));
        self
    }

    /// Whether nothing of it is kept.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.get::<DryRun>().is_some_and(|dry_run| dry_run.is_on())
    }
}
