//! Lists: a query that is not run yet, and what the pipeline adds to it.

mod cursor;
mod key;
mod keyset;
mod pour;
mod predicate;
mod query;
mod related;
mod render;
mod run;
mod search;
mod shown;
#[cfg(test)]
mod tests;

pub(crate) use pour::pour;
pub use query::Select;
pub(crate) use related::{Key, related};
pub(crate) use render::in_scope;
pub(crate) use run::{Ends, Listed, Shown, run};
pub(crate) use shown::{keyset_page, numbered_page};
