//! Sealed states that may not be used again (2026-07-28, basic/patterns/mrtr, Security). Remembered by each process for itself.

use diptych_pipeline::Serial;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// How many used states are remembered.
const MAX_USED: usize = 100_000;

/// States that may not be used again, and until when that matters.
#[derive(Debug, Default)]
pub(crate) struct Used(Mutex<HashMap<Serial, Instant>>);

impl Used {
    /// Takes a state for use; `false` when it was taken before.
    pub(crate) fn claim(&self, serial: Serial, until: Instant) -> bool {
        let mut used = self.lock();
        if used.len() >= MAX_USED {
            let now = Instant::now();
            used.retain(|_, until| *until > now);
            if used.len() >= MAX_USED {
                let first = used.iter().min_by_key(|(_, until)| **until).map(|(serial, _)| *serial);
                first.and_then(|first| used.remove(&first));
            }
        }
        used.insert(serial, until).is_none()
    }

    /// Gives a state back: it was not used after all.
    pub(crate) fn release(&self, serial: &Serial) {
        self.lock().remove(serial);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Serial, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_state_is_used_once() {
        let used = Used::default();
        let until = Instant::now() + Duration::from_secs(9);
        assert!(used.claim([1; 24], until));
        assert!(!used.claim([1; 24], until));
        used.release(&[1; 24]);
        assert!(used.claim([1; 24], until));
    }
}
