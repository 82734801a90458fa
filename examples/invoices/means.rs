//! By which means a payment was made: one of several, each with rules of its own.

use diptych::{Error, Result, ValidateVariants};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

/// How it was paid.
#[derive(Debug, Serialize, Deserialize, JsonSchema, ValidateVariants)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Means {
    /// By card.
    Card(Card),
    /// By bank transfer.
    Transfer(Transfer),
    /// In cash.
    Cash,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// The last four digits of its number.
    #[validate(length(equal = 4))]
    last_four: String,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    /// What the payer wrote.
    #[validate(length(min = 1, max = 140))]
    reference: String,
}

impl Means {
    /// The text that a column keeps: JSON.
    pub(super) fn stored(&self) -> Result<String> {
        serde_json::to_string(self).map_err(Error::internal)
    }

    pub(super) fn read(stored: Option<&str>) -> Option<Self> {
        // What cannot be read any more is not known any more.
        serde_json::from_str(stored?).ok()
    }
}
