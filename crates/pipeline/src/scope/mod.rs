//! Row scopes: which rows of a table are there for a caller at all, whatever operation of a set reads them.

mod found;
mod listed;
mod mistakes;
mod reads;
mod row_scope;
mod whose;

pub(crate) use found::{InScope, enter, text};
pub use listed::{OperationScope, RowScoping};
pub(crate) use mistakes::{mistakes, wider};
pub(crate) use reads::Reads;
pub(crate) use row_scope::Scope;
pub use row_scope::{RowScope, RowScopeOf};
pub use whose::Whose;
