//! Whether what is published of an input and what is checked of it agree on a call, for the developer: in debug builds the log says
//! which rule only one of them has.

use super::set::{ArgumentSet, Fields};
use crate::{
    Call, FieldError,
    schema::{self, Fit},
};

/// What the published schema says of an input that decoded.
pub(super) struct Agreement {
    input: &'static str,
    refused: Vec<FieldError>,
}

impl Agreement {
    pub(super) fn of(set: &ArgumentSet, fields: &Fields<'_, '_>) -> Self {
        let value = fields.to_value().unwrap_or_default();
        Self { input: set.type_name, refused: Fit::whole(&value, &set.schema.whole()) }
    }

    /// Compares it with the rules that were broken.
    pub(super) fn compare(call: &Call, broken: &[FieldError]) {
        let Some(Self { input, refused }) = call.get::<Self>() else { return };
        match (refused.as_slice(), broken) {
            ([], broken) => {
                // A rule that has no form in a schema is no mistake.
                for (field, keyword) in broken.iter().filter_map(|field| Some((field, schema::keyword(&field.code)?))) {
                    tracing::warn!(
                        input,
                        pointer = field.pointer,
                        rule = %field.code,
                        "a rule is checked that callers do not read in the schema; say it there: #[schemars(extend(\"…\" = …))] with {keyword}"
                    );
                }
            }
            (refused, []) => {
                for field in refused {
                    tracing::warn!(
                        input,
                        pointer = field.pointer,
                        rule = %field.code,
                        "the schema that callers read refuses what is accepted; check the rule, or leave it out of the schema"
                    );
                }
            }
            _ => {}
        }
    }
}
