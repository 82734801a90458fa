//! What is refused before the protocol sees it.

use crate::refusal::Refusal;

/// The endpoint takes messages, and the end of a session; it has no stream of its own to GET.
pub(super) fn method() -> Refusal {
    Refusal::method("POST, DELETE")
}
