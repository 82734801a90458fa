//! The database: the only place that knows sqlx.
//!
//! No type here has a database as a type parameter. [`Db`], [`Conn`] and [`Tx`] are enums over the drivers that are
//! compiled in; which one is chosen is decided by the URL at run time.

mod after_commit;
mod backend;
mod column;
mod connection;
mod cursor;
mod encode;
mod fault;
mod held;
mod interrupt;
mod key;
mod lent;
mod migrate;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod numeric;
mod on_demand;
#[cfg(feature = "mysql")]
mod placeholders;
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
mod purge;
mod record;
mod savepoint;
#[cfg(any(feature = "postgres", feature = "mysql"))]
mod served;
mod slots;
#[cfg(feature = "sqlite")]
mod sqlite;
mod statement;
mod transaction;

pub(crate) use after_commit::AfterCommits;
pub use backend::Backend;
pub use column::{Cell, Column, unknown_variant};
pub use connection::Conn;
pub(crate) use cursor::{Sink, gone};
pub use fault::db_error;
pub(crate) use fault::{is_retryable, is_type_mismatch, lost_a_race};
pub use lent::{Lent, ReadLent};
pub use migrate::Migrations;
pub use on_demand::OnDemand;
pub use pool::{Db, DbOptions};
pub(crate) use pool::{Plans, Terms};
pub(crate) use purge::Old;
pub use record::{Record, Row};
pub use statement::{Query, QueryAs, QueryScalar, query, query_as, query_scalar};
pub(crate) use statement::{Rows, Statement, locked_inside};
pub use transaction::Tx;
