//! The tests are in `it/` (one binary) and `ui/` (compile errors).
