//! Runs what `diptych-spec` declares: every call through the same stages, a service in one transaction that nothing can
//! tear, a selector on a connection that was opened read-only.
//!
//! | # | stage | what it does |
//! |---|---|---|
//! | 1 | authorize | may this caller use the operation at all? and now, or is it too often? |
//! | 2 | check | the arguments are of the declared types, nothing unknown, nothing missing |
//! | 3 | open | BEGIN, or a read-only connection |
//! | 4 | resolve | the target row, locked |
//! | 5 | permit | may this caller work on this row? and is it the version that they know? |
//! | 6 | validate | the rules of the input |
//! | 7 | require | the preconditions on the row |
//! | 8 | run | the author's function; for a list, its query with filter, order and page |
//! | 9 | present | output selector, serializer, encoding |
//! | 10 | close | COMMIT or ROLLBACK |
//!
//! Applications use the facade crate `diptych`; this crate's own API may change in any release.

#[cfg(not(any(feature = "sqlite", feature = "postgres", feature = "mysql")))]
compile_error!("diptych needs a database: enable the cargo feature `sqlite`, `postgres` or `mysql`");

mod attempts;
mod audit;
mod before_commit;
mod caller;
mod catalogue;
mod changes;
mod db;
mod dispatch;
mod engine;
mod idempotency;
mod inject;
mod limit;
mod nested;
mod operation;
mod outbox;
mod outcome;
mod report;
mod scope;
mod seal;
mod select;
mod stage;
mod standing;
mod statistics;
mod stream;
mod task;
mod ticket;
mod trace;
mod update;
mod watch;

pub use audit::Audit;
pub use audit::AuditArguments;
pub use audit::AuditEntry;
pub use audit::AuditFilter;
pub use audit::AuditList;
pub use audit::AuditOrder;
pub use before_commit::BeforeCommit;
pub use caller::Caller;
pub use caller::OnDisconnect;
pub use caller::Surface;
pub use caller::Via;
pub use catalogue::Catalogue;
pub use changes::Change;
pub use changes::Changes;
pub use db::Backend;
pub use db::Cell;
pub use db::Column;
pub use db::Conn;
pub use db::Db;
pub use db::DbOptions;
pub use db::Lent;
pub use db::Migrations;
pub use db::OnDemand;
pub use db::Query;
pub use db::QueryAs;
pub use db::QueryScalar;
pub use db::ReadLent;
pub use db::Record;
pub use db::Row;
pub use db::Tx;
pub use db::db_error;
pub use db::query;
pub use db::query_as;
pub use db::query_scalar;
pub use db::unknown_variant;
pub use engine::Engine;
pub use engine::EngineBuilder;
pub use engine::Settings;
pub use limit::Clock;
pub use limit::LimitKey;
pub use limit::LimitStore;
pub use limit::Meter;
pub use limit::MountLimits;
pub use limit::Network;
pub use limit::Recent;
pub use limit::Standing;
pub use limit::SystemClock;
pub use limit::Wanted;
pub use nested::Answers;
pub use nested::Append;
pub use nested::ArgumentsOf;
pub use nested::Built;
pub use nested::Calls;
pub use nested::Chain;
pub use nested::Ends;
pub use nested::Fetched;
pub use nested::LastOutput;
pub use nested::NamedSelector;
pub use nested::NamedService;
pub use nested::Steps;
pub use nested::Takes;
pub use nested::Then;
pub use operation::Exposed;
pub use operation::ExposedCall;
pub use operation::Include;
pub use operation::IntoOperation;
pub use operation::Operation;
pub use operation::Operations;
pub use outbox::DeadLetter;
pub use outbox::DeadLetters;
pub use outbox::Delivery;
pub use outbox::HandlesMessages;
pub use outbox::Outbox;
pub use outbox::OutboxMessage;
pub use outbox::OutboxStatistics;
pub use outbox::Outgoing;
pub use outcome::Outcome;
pub use scope::OperationScope;
pub use scope::RowScope;
pub use scope::RowScopeOf;
pub use scope::RowScoping;
pub use scope::Whose;
pub use seal::Seal;
pub use seal::Serial;
pub use select::Select;
pub use standing::Activity;
pub use statistics::OperationStatistics;
pub use stream::RowStream;
pub use task::NewTask;
pub use task::TaskSettings;
pub use task::TaskState;
pub use task::TaskStatus;
pub use task::Tasks;
pub use ticket::Ticket;
pub use trace::TRACE_TARGET;
pub use trace::TraceContext;
pub use trace::Tracing;
pub use trace::adopt;
pub use trace::error_id;
pub use trace::rename;
pub use trace::set_tracing;
pub use update::GivenFor;
pub use update::Update;
pub use update::UpdateOf;
pub use update::update;
