//! The named arguments of an operation: declared in sets, given by a caller as JSON or as text, and split by
//! the set that owns each.
//!
//! An argument has one name on every surface. What is not declared is refused; what is given twice is refused;
//! every wrong field is reported at once.

mod given;
mod header;
mod json;
mod set;
mod split;
mod table;

pub use given::Arguments;
pub use header::HeaderArgument;
pub use set::ArgumentSet;
pub use table::{Argument, ArgumentTable, Owner};
