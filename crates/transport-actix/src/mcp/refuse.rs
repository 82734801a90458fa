//! What is refused before the protocol sees it.

use crate::refusal::Refusal;

/// The endpoint takes messages, opens streams, and ends sessions.
pub(super) fn method() -> Refusal {
    Refusal::method("POST, GET, DELETE")
}
