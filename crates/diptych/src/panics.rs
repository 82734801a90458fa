//! A panic in the log of a program: where it happened, not what it said. `unwrap` says what is inside of an error, and that may be
//! a caller's.

use crate::configuration;
use std::{
    backtrace::{Backtrace, BacktraceStatus},
    panic, thread,
};

/// Takes the place of the hook of the standard library, unless `DIPTYCH_PANIC_MESSAGES` is 1.
pub(crate) fn keep_messages_out_of_the_log() {
    if configuration::read("DIPTYCH_PANIC_MESSAGES").is_some_and(|text| text.trim() == "1") {
        return;
    }
    panic::set_hook(Box::new(|panicked| {
        let place = panicked.location().map(ToString::to_string).unwrap_or_default();
        let thread = thread::current();
        let thread = thread.name().unwrap_or_default();
        let message = "a thread panicked; DIPTYCH_PANIC_MESSAGES=1 shows what it said";
        // Where RUST_BACKTRACE asks for one.
        let trace = Backtrace::capture();
        if trace.status() == BacktraceStatus::Captured {
            tracing::error!(place, thread, backtrace = %trace, "{message}");
        } else {
            tracing::error!(place, thread, "{message}");
        }
    }));
}
