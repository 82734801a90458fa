//! The stages of a call, one file each. A stage takes what the stage before it gives and nothing else, so that leaving
//! one out or changing their order does not compile. The order is in `dispatch.rs`.

pub(crate) mod authorize;
pub(crate) mod check;
pub(crate) mod claim;
pub(crate) mod close;
pub(crate) mod current;
pub(crate) mod expose;
pub(crate) mod item;
pub(crate) mod keep;
pub(crate) mod limit;
pub(crate) mod open;
pub(crate) mod permit;
pub(crate) mod present;
pub(crate) mod require;
pub(crate) mod resolve;
pub(crate) mod run;
pub(crate) mod scope;
pub(crate) mod validate;
