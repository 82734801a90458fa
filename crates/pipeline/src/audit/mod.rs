//! The audit trail: a row for each call that changes data, in the application's database.
//!
//! The row of a call that is committed is written in its own transaction: there is no effect without it. That of a call that
//! failed goes through a bounded queue into a transaction of its own, for the call's was undone (ADR 0023).

mod engine;
mod list;
mod record;
mod redact;
mod row;
mod schema;
mod settings;
mod trail;
mod writer;

pub use list::AuditEntry;
pub use list::AuditFilter;
pub use list::AuditList;
pub use list::AuditOrder;
pub(crate) use record::Record;
pub use settings::Audit;
pub use settings::AuditArguments;
pub(crate) use trail::Trail;
