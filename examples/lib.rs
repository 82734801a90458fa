//! The examples of diptych as libraries, so that tests can mount them too.

#[path = "invoices/app.rs"]
pub mod invoices;
