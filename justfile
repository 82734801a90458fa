# `just` lists what there is; `just ci` runs everything that has to pass.

_default:
    @just --list

# Run the example.
run:
    cargo run --example invoices

# Run the tests; needs PostgreSQL (DIPTYCH_TEST_POSTGRES) and MariaDB (DIPTYCH_TEST_MYSQL).
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

# The plans of keyset pages deep in a million rows.
plans:
    DIPTYCH_TEST_ROWS=1000000 cargo test -p diptych-pipeline --features postgres,mysql deep_keyset

# Official MCP clients, OpenAPI linters and disconnects against the example.
interop:
    bash tests/interop/run

# Attacks on the example, with real tokens: `just attacks postgres tokens`.
attacks *args:
    bash tests/attacks/run {{args}}

# Errors, broken wires and callers who go away during calls with an idempotency key, so many times.
faults runs="5000":
    DIPTYCH_FAULTS={{runs}} cargo test -p diptych-tests --test it idempotency::faults -- --nocapture

# The official conformance suite against its example.
conformance:
    bash tests/conformance/run

# Every decoder, fed with anything: `just fuzz 60 mcp rest`.
fuzz *args:
    bash .ci/fuzz {{args}}

# Hostile callers beside healthy ones, for so many seconds: latency and memory of the server.
load *args:
    cargo build --release --package diptych-examples --example invoices
    python3 tests/attacks/load.py {{args}}

# Everything that has to pass.
ci:
    bash .ci/run
