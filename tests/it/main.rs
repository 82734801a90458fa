//! What diptych promises, tried from outside: one binary, a file per subject.

#![expect(clippy::unwrap_used, reason = "tests stop where they fail")]

mod architecture;
mod concrete;
mod contract;
mod counter;
mod deadlines;
mod disconnect;
mod exposed;
mod mistakes;
mod outcome;
mod pools;
mod queries;
mod resources;
mod savepoints;
mod sqlite;
mod stale;
mod streams;
mod suite;
mod tasks;
mod traces;
mod transactions;
