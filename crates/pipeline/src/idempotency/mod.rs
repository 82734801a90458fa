//! Idempotency keys: a call that is sent again does nothing, and is answered as it was the first time.
//!
//! The key, what it was used for and the answer are a row that is written in the transaction of the effect: either all of them are
//! there afterwards, or nothing (ADR 0025).

mod claim;
mod engine;
mod keys;
mod schema;

pub(crate) use claim::{Claim, IN_PROGRESS};
pub(crate) use keys::Keys;
