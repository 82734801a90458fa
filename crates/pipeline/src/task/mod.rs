//! Tasks: calls that outlive the request that made them, kept in the application's database and run by workers.
//!
//! A task is a row. A worker claims it under a lease, which it renews while it runs the operation as the caller, through the
//! same stages as every call. The transaction of a service also marks the task finished, under the lease: effect and
//! completion are committed together, and a worker that lost its lease commits nothing (ADR 0014).

mod engine;
mod failure;
mod lease;
mod owner;
mod peer;
mod pool;
mod run;
mod schema;
mod settings;
mod state;
mod store;
mod tasks;

pub(crate) use owner::key as owner_key;
pub use settings::TaskSettings;
pub use state::TaskState;
pub use state::TaskStatus;
pub use tasks::NewTask;
pub use tasks::Tasks;
