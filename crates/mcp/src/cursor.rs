//! Cursors of lists: opaque to clients, and without memory in the server (server/utilities/pagination).
//!
//! A cursor is a position and a fingerprint of the list it was given out for: the server, the list and what the
//! caller may see of it. Any process of the same build reads it. It holds no secret and needs no seal: a forged one
//! leads to an entry that the caller may see anyway.

use crate::refuse::Refusal;

/// What a list consisted of when a cursor was given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint(u64);

impl Fingerprint {
    /// FNV-1a, 64 bits: the same on every machine, which the standard library does not promise of its hasher.
    pub(crate) fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        let mut add = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        for name in names {
            name.bytes().for_each(&mut add);
            add(0xff);
        }
        Self(hash)
    }
}

/// The cursor of the entries from `position` on.
pub(crate) fn encode(position: u64, list: Fingerprint) -> String {
    format!("{position:08x}{:016x}", list.0)
}

/// The position of a cursor that was given out for this list.
pub(crate) fn decode(cursor: &str, list: Fingerprint) -> Option<u64> {
    let position = cursor.get(..cursor.len().checked_sub(16)?)?;
    let position = u64::from_str_radix(position, 16).ok()?;
    (encode(position, list) == cursor).then_some(position)
}

/// A cursor that was not given out for the list it came with.
pub(crate) fn unknown() -> Refusal {
    Refusal::params("`cursor` was not given out for this list; start without one")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_belongs_to_one_list() {
        let list = Fingerprint::of(["server", "tools/list", "a", "b"]);
        for position in [0, 1, 100, 1 << 33] {
            assert_eq!(decode(&encode(position, list), list), Some(position));
        }
        for other in [
            Fingerprint::of(["server", "tools/list", "a"]),
            Fingerprint::of(["server", "tools/list", "ab"]),
            Fingerprint::of(["server", "resources/list", "a", "b"]),
        ] {
            assert_eq!(decode(&encode(1, list), other), None);
        }
    }

    #[test]
    fn anything_else_is_no_cursor() {
        let list = Fingerprint::of(["x"]);
        let upper = encode(10, list).to_uppercase();
        for cursor in ["", "0", "zzzzzzzzzzzzzzzzzzzzzzzz", "+0000001", "ü0000000000000000", &upper] {
            assert_eq!(decode(cursor, list), None, "{cursor}");
        }
    }
}
