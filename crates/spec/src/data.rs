//! What a type has to be to travel as JSON: into an operation, or out of it.
//!
//! Each trait stands for several, so that a type that lacks one is one error, which says what to derive.

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use validator::Validate;

/// What an [`crate::Input`] holds. Implemented by whatever is `Deserialize`, `JsonSchema` and `Validate`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the input of a service or selector",
    label = "an input has to be `Deserialize`, `JsonSchema` and `Validate`",
    note = "put `#[derive(Deserialize, JsonSchema, Validate)]` on `{Self}`, of serde 1, schemars 1 and validator 0.21"
)]
pub trait InputData: DeserializeOwned + JsonSchema + Validate + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema + Validate + Send + 'static> InputData for T {}

/// What an `#[arg]` or a [`crate::Filter`] is. Implemented by whatever is `Deserialize` and `JsonSchema`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from the arguments of a call",
    label = "an argument has to be `Deserialize` and `JsonSchema`",
    note = "put `#[derive(Deserialize, JsonSchema)]` on `{Self}`, of serde 1 and schemars 1",
    note = "what is found by its type (`Principal`, `State<T>`, …) is written without `#[arg]`"
)]
pub trait ArgumentData: DeserializeOwned + JsonSchema + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema + Send + 'static> ArgumentData for T {}

/// What a caller is shown. Implemented by whatever is `Serialize` and `JsonSchema`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be shown to a caller",
    label = "an answer has to be `Serialize` and `JsonSchema`",
    note = "put `#[derive(Serialize, JsonSchema)]` on `{Self}`, of serde 1 and schemars 1"
)]
pub trait AnswerData: Serialize + JsonSchema + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + JsonSchema + Send + 'static> AnswerData for T {}
