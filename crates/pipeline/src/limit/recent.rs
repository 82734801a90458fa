//! What was seen not long ago, in bounded memory.

use super::{Clock, clock::nanos, counter::State, table::Table};
use std::{fmt, hash::Hash, sync::Arc, time::Duration};

/// Keys that were seen within a span. When there are too many, those that will be forgotten soonest are forgotten first.
#[derive(Clone)]
pub struct Recent {
    table: Arc<Table>,
    clock: Arc<dyn Clock>,
    span: Duration,
}

impl Recent {
    /// At most so many keys, each for this long.
    #[must_use]
    pub fn new(span: Duration, keys: usize, clock: Arc<dyn Clock>) -> Self {
        Self { table: Arc::new(Table::new(keys)), clock, span }
    }

    /// Remembers a key from now on.
    pub fn remember(&self, key: &impl Hash) {
        let now = self.clock.now();
        let state = State { at: nanos(now.saturating_add(self.span)), ..State::default() };
        self.table.hold(key).keep(state, |other| other.at <= nanos(now), |other| other.at);
    }

    /// Forgets a key.
    pub fn forget(&self, key: &impl Hash) {
        self.table.hold(key).forget();
    }

    /// Whether a key is remembered.
    #[must_use]
    pub fn knows(&self, key: &impl Hash) -> bool {
        let until = self.table.hold(key).state().map_or(0, |state| state.at);
        until > nanos(self.clock.now())
    }
}

impl fmt::Debug for Recent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recent").field("span", &self.span).finish_non_exhaustive()
    }
}
