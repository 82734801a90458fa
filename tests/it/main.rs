//! What diptych promises, tried from outside: one binary, a file per subject.

#![expect(clippy::unwrap_used, reason = "tests stop where they fail")]

mod architecture;
mod concrete;
mod contract;
mod counter;
mod deadlines;
mod disconnect;
mod mistakes;
mod outcome;
mod pools;
mod savepoints;
mod sqlite;
mod stale;
mod suite;
mod traces;
mod transactions;
