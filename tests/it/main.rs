//! What diptych promises, tried from outside: one binary, a file per subject.

#![expect(clippy::unwrap_used, reason = "tests stop where they fail")]

mod after_commit;
mod architecture;
mod audit;
mod authenticating;
mod ceilings;
mod compact;
mod concrete;
mod contract;
mod counter;
mod deadlines;
mod disconnect;
mod dry_runs;
mod exposed;
mod idempotency;
mod interrupts;
mod issuer_down;
mod keys;
mod keyset;
mod limits;
mod matrix;
mod mistakes;
mod mounts;
mod oauth;
mod outbox;
mod outcome;
mod permissions;
mod pools;
mod promises;
mod queries;
mod resources;
mod retries;
mod savepoints;
mod secrets;
mod sqlite;
mod stale;
mod standing;
mod streams;
mod suite;
mod tasks;
mod traces;
mod trail;
mod transactions;
mod updates;
