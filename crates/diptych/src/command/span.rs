//! Spans of time, as arguments write them.

use std::time::Duration;

pub(super) const HOUR: u64 = 60 * 60;
pub(super) const DAY: u64 = 24 * HOUR;

/// `90d`: a number and one of these units, which have so many seconds; `most` seconds at the most, and not none.
pub(super) fn read(text: &str, units: &[(char, u64)], most: u64) -> Option<Duration> {
    let seconds = units.iter().find_map(|(unit, seconds)| {
        let count: u64 = text.strip_suffix(*unit)?.parse().ok()?;
        count.checked_mul(*seconds)
    });
    seconds.filter(|seconds| (1..=most).contains(seconds)).map(Duration::from_secs)
}
