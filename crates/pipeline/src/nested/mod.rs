//! Operations that call other operations: in the same transaction, for the same caller, through the same stages (ADR 0035).

mod calls;
mod chain;
mod frame;
mod handle;
mod outputs;
mod run;

pub use calls::Calls;
pub use chain::{Answers, Built, Chain, LastOutput, Steps, Then};
pub(crate) use frame::{Frame, put};
pub use handle::{ArgumentsOf, Fetched, NamedSelector, NamedService, Takes};
pub use outputs::{Append, Ends};
