//! Whether a connection of HTTP/1.1 works on a request. actix gives only the first head on a connection a deadline; what comes
//! between two requests has to have one as well.

use std::{cell::Cell, rc::Rc};

/// What a connection and the calls on it tell each other.
#[derive(Debug, Default)]
pub(super) struct Activity {
    /// Heads are waited for: it is HTTP/1.1.
    pub(super) is_watched: Cell<bool>,
    /// Calls so far.
    begun: Cell<u64>,
    /// Calls whose answer has not been sent to its end.
    running: Cell<u32>,
}

impl Activity {
    pub(super) fn begun(&self) -> u64 {
        self.begun.get()
    }

    /// Whether what is read now is, or is the beginning of, a head.
    pub(super) fn awaits_a_head(&self) -> bool {
        self.is_watched.get() && self.running.get() == 0
    }
}

/// A call, to the end of its answer, whose body holds it.
pub(super) struct Running(Rc<Activity>);

impl Running {
    pub(super) fn begin(activity: &Rc<Activity>) -> Self {
        activity.begun.set(activity.begun.get() + 1);
        activity.running.set(activity.running.get() + 1);
        Self(Rc::clone(activity))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.set(self.0.running.get() - 1);
    }
}
