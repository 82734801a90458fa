//! The named arguments of an operation: declared in sets, given by a caller as JSON or as text, and split by
//! the set that owns each.
//!
//! An argument has one name on every surface. What is not declared is refused; what is given twice is refused;
//! every wrong field is reported at once.

mod agreement;
mod asked;
mod canonical;
mod given;
mod header;
mod items;
mod json;
mod nul;
mod set;
mod split;
mod table;

pub use asked::Asked;
pub use canonical::canonical_json;
pub use given::Arguments;
pub use header::HeaderArgument;
pub(crate) use header::is_token;
pub use items::ItemCalls;
pub(crate) use items::{ITEMS, ItemShape};
pub use json::{json_to_text, scalar_to_text};
pub use set::ArgumentSet;
pub use table::{Argument, ArgumentTable, Owner};
