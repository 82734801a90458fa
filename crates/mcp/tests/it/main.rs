//! The protocol on the wire: a request goes in as headers and bytes, and every reply is checked against the official
//! JSON Schema of its revision.
#![expect(clippy::unwrap_used, reason = "a helper that cannot go on should stop the test")]

mod asking;
mod batches;
mod completions;
mod errors;
mod fixture;
mod formats;
mod forms;
mod ladder;
mod listening;
mod lists;
mod meta_tools;
mod mounts;
mod notes;
mod parameters;
mod prompts;
mod resources;
mod rows;
mod schema;
mod sessions;
mod shown;
mod stdio;
mod stdio_calls;
mod stdio_talking;
mod talking;
mod task_access;
mod tasks;
mod tools;
