//! Rate limits: how often an operation may be called, asked at one place for every surface (`stage/limit.rs`).
//!
//! `counter.rs` is how a limit counts, `bucket.rs` the algorithm that is not our own, `key.rs` whose calls are counted together,
//! `table.rs` the memory, `limits.rs` which limits a call has and how they are asked together. ADR 0021 says why.

mod bucket;
mod clock;
mod counter;
mod engine;
mod key;
mod limits;
mod meter;
mod recent;
mod rule;
mod store;
mod table;

#[cfg(test)]
mod tests;

pub use clock::{Clock, SystemClock};
pub use key::{LimitKey, Network};
pub use limits::MountLimits;
pub(crate) use limits::{Limits, LimitsBuilder};
pub use meter::Meter;
pub use recent::Recent;
pub use store::{LimitStore, Standing, Wanted};
