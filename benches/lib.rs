//! The measurements are in `compare/`: `cargo bench -p diptych-benches`.
