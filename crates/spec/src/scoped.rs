//! The scope of a call's rows, as an argument of a handler.

use crate::{Call, FromCall, Result, Signature, call::misplaced};
use std::ops::Deref;

/// What all rows of the call belong to, a tenant for example: the value that the row scope of the operations found for the caller.
///
/// SQL that is written by hand binds it, and what a service inserts has it in its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scoped<T>(pub T);

impl<T: Clone + Send + 'static> FromCall for Scoped<T> {
    fn describe(signature: &mut Signature) {
        signature.scoped::<T>();
    }
    async fn from_call(call: &mut Call) -> Result<Self> {
        // It stays in the call: the selector of a target and the service itself may both ask.
        call.get::<Self>().cloned().ok_or_else(|| misplaced::<T>("Scoped"))
    }
}

impl<T> Deref for Scoped<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}
