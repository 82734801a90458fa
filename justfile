# `just` lists what there is; `just ci` runs everything that has to pass.

_default:
    @just --list

# Run the example.
run:
    cargo run --example invoices

# Run the tests; needs PostgreSQL (DIPTYCH_TEST_POSTGRES).
test *args:
    cargo test --workspace {{args}}

# Format and lint.
check:
    cargo fmt --all
    cargo clippy --workspace --all-targets -- -D warnings

# Read the documentation.
doc:
    cargo doc --workspace --no-deps --open

# Rewrite the files that tests compare with: published contracts, macro expansions, compile errors.
update:
    UPDATE=1 cargo test -p diptych-tests --test it contract
    UPDATE=1 cargo test -p diptych-macros
    TRYBUILD=overwrite cargo test -p diptych-tests --test ui

# Official MCP clients, OpenAPI linters and disconnects against the example.
interop:
    bash tests/interop/run

# The official conformance suite against its example.
conformance:
    bash tests/conformance/run

# Everything that has to pass.
ci:
    bash .ci/run
