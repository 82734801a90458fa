//! What is declared, tried from outside: arguments, schemas, templates, permissions.

#![expect(clippy::unwrap_used, reason = "tests stop where they fail")]

mod access;
mod arguments;
mod canonical;
mod declared;
mod headers;
mod patches;
mod rules;
mod schemas;
mod templates;
mod uris;
