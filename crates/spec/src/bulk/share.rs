//! The caller, as the function reaches them while it runs for one item of many.

use crate::{Capability, LogLevel, Peer};
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// The caller of a call with many items: progress with an item is a share of the progress of the call.
pub(crate) struct Share {
    pub(crate) caller: Arc<dyn Peer>,
    pub(crate) index: usize,
    pub(crate) count: usize,
}

impl Peer for Share {
    #[expect(clippy::cast_precision_loss, reason = "there are at most 10,000 items")]
    fn progress(&self, done: f64, total: Option<f64>, message: Option<&str>) {
        let part = total.filter(|total| *total > 0.0).map_or(0.0, |total| (done / total).clamp(0.0, 1.0));
        self.caller.progress(self.index as f64 + part, Some(self.count as f64), message);
    }

    fn wants(&self, level: LogLevel) -> bool {
        self.caller.wants(level)
    }

    fn log(&self, level: LogLevel, logger: Option<&str>, data: &Value) {
        self.caller.log(level, logger, data);
    }

    fn can(&self, capability: Capability) -> bool {
        self.caller.can(capability)
    }

    fn answer(&self, key: &str) -> Option<Value> {
        self.caller.answer(key)
    }

    fn release(&self, retry: Duration) {
        self.caller.release(retry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Told(Mutex<Vec<(f64, Option<f64>)>>);

    impl Peer for Told {
        fn progress(&self, done: f64, total: Option<f64>, _: Option<&str>) {
            self.0.lock().unwrap().push((done, total));
        }
        fn wants(&self, _: LogLevel) -> bool {
            false
        }
        fn log(&self, _: LogLevel, _: Option<&str>, _: &Value) {}
        fn can(&self, _: Capability) -> bool {
            false
        }
        fn answer(&self, _: &str) -> Option<Value> {
            None
        }
        fn release(&self, _: Duration) {}
    }

    #[test]
    fn progress_with_an_item_is_progress_with_the_call() {
        let told = Arc::new(Told::default());
        for index in 0..2 {
            let share = Share { caller: Arc::clone(&told) as Arc<dyn Peer>, index, count: 2 };
            share.progress(5.0, Some(10.0), None);
            share.progress(20.0, Some(10.0), None);
            share.progress(7.0, None, None);
        }
        let expected = [0.5, 1.0, 0.0, 1.5, 2.0, 1.0].map(|done| (done, Some(2.0)));
        assert_eq!(*told.0.lock().unwrap(), expected);
    }
}
