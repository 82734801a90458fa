//! A handler that is not ours, as an operation: no connection, no transaction. How it is run is for the transport to know.

use super::{Kind, Operation};
use diptych_spec::{Declaration, Principal, Result};
use futures_util::future::BoxFuture;
use serde_json::{Map, Value};
use std::{fmt, sync::Arc};

/// What an exposed handler is called with.
#[derive(Clone)]
pub struct ExposedCall {
    /// The arguments by name, checked.
    pub arguments: Map<String, Value>,
    /// Who calls.
    pub principal: Option<Principal>,
    /// The longest answer, in bytes.
    pub max_bytes: usize,
}

/// Without what the arguments are.
impl fmt::Debug for ExposedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.arguments.keys().collect();
        f.debug_struct("ExposedCall")
            .field("arguments", &names)
            .field("principal", &self.principal)
            .finish_non_exhaustive()
    }
}

/// A handler that is not ours.
pub trait Exposed: Send + Sync + 'static {
    /// What is known of it before any call.
    fn declaration(&self) -> &Declaration;

    /// Runs it, and gives its answer as JSON; text is a JSON string. When the future is dropped, the handler is too.
    fn run(&self, call: ExposedCall) -> BoxFuture<'static, Result<Vec<u8>>>;
}

impl Operation {
    /// The operation that runs this handler.
    #[must_use]
    pub fn exposed(handler: Arc<dyn Exposed>) -> Self {
        Kind::Exposed(handler).into()
    }
}
