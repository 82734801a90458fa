//! The measurements are in `compare/` and `json.rs`: `cargo bench -p diptych-benches`.
