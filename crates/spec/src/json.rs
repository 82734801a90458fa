//! What JSON of a caller has to keep to before anything is made of it.
//!
//! One pass over the text, which allocates nothing for values: it checks the grammar (RFC 8259), counts, and refuses a name that
//! an object has twice, at any depth. `serde_json` takes the last of two; a proxy or a log in front of it may take the first.

mod scan;
mod without;

use crate::{Error, FieldError};
use scan::Scan;
use std::fmt;
pub(crate) use without::without;

/// How large JSON of a caller may be, beside its length in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonLimits {
    /// How deeply arrays and objects may be nested; 64. More than 120 is more than the decoder takes.
    pub depth: usize,
    /// How many values there may be in all, those that hold others among them; 100,000.
    pub values: usize,
    /// The longest name of a member, in bytes as it was written, in which a letter can have twelve; 8,192.
    pub name: usize,
    /// The longest number, in bytes; 256. A number also has to be one that a 64-bit float can hold.
    pub number: usize,
}

impl JsonLimits {
    /// None but how deep the decoder goes: for what was within the limits of a server before.
    pub const NONE: Self = Self { depth: 120, values: usize::MAX, name: usize::MAX, number: usize::MAX };
}

impl Default for JsonLimits {
    fn default() -> Self {
        Self { depth: 64, values: 100_000, name: 8192, number: 256 }
    }
}

/// Why JSON is refused. It tells where, and no value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonFault {
    /// It is not JSON from here on; both count from 1, the column in bytes.
    Syntax {
        /// The line.
        line: usize,
        /// The byte in the line.
        column: usize,
    },
    /// It is nested deeper than so many levels.
    Depth(usize),
    /// It has more than so many values.
    Values(usize),
    /// A name of a member is longer than so many bytes.
    Name(usize),
    /// A number is longer than so many bytes, or larger than a 64-bit float can be.
    Number(usize),
    /// Objects have a name twice: where, as JSON pointers (RFC 6901), one of each object, at most 16. Everything else is right.
    Twice(Vec<String>),
}

impl JsonLimits {
    /// Checks a text: that it is one JSON value, within the limits, and that no object in it has a name twice.
    ///
    /// # Errors
    /// The first thing that is wrong. A byte order mark is wrong (RFC 8259, section 8.1), and so is half of a surrogate pair.
    pub fn check(&self, json: &str) -> Result<(), JsonFault> {
        Scan::new(json, self).run()
    }
}

impl fmt::Display for JsonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax { line, column } => write!(f, "not valid JSON: line {line}, column {column}"),
            Self::Depth(most) => write!(f, "nested deeper than {most} levels"),
            Self::Values(most) => write!(f, "more than {most} values"),
            Self::Name(most) => write!(f, "a name of a member that is longer than {most} bytes"),
            Self::Number(most) => write!(f, "a number that is longer than {most} bytes or out of range"),
            Self::Twice(pointers) => write!(f, "more than once the member {}", pointers.join(", ")),
        }
    }
}

impl From<JsonFault> for Error {
    fn from(fault: JsonFault) -> Self {
        match fault {
            JsonFault::Twice(pointers) => {
                let twice = |pointer| FieldError::new(pointer, "duplicate", "this field is given twice");
                Self::invalid(pointers.into_iter().map(twice).collect())
            }
            fault @ (JsonFault::Syntax { .. } | JsonFault::Depth(_)) => {
                Self::bad_request(format!("the input is {fault}"))
            }
            fault => Self::bad_request(format!("the input has {fault}")),
        }
    }
}

#[cfg(test)]
mod tests;
