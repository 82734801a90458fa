//! Operations that call other operations: in the same transaction, for the same caller, through the same stages (ADR 0035).

mod calls;
mod frame;
mod handle;
mod run;

pub use calls::Calls;
pub(crate) use frame::{Frame, put};
pub use handle::{ArgumentsOf, Fetched, NamedSelector, NamedService, Takes};
