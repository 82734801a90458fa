//! Where in a value something is, written out only when it is told.

use crate::schema::escape;

/// A place in a value.
#[derive(Clone, Copy)]
pub(super) enum At<'a> {
    /// At a JSON pointer.
    Root(&'a str),
    /// A member of what is at another place.
    Name(&'a Self, &'a str),
    /// An element of it.
    Index(&'a Self, usize),
}

impl At<'_> {
    /// The JSON pointer (RFC 6901).
    pub(super) fn pointer(self) -> String {
        match self {
            Self::Root(pointer) => pointer.to_owned(),
            Self::Name(parent, name) => format!("{}/{}", parent.pointer(), escape(name)),
            Self::Index(parent, index) => format!("{}/{index}", parent.pointer()),
        }
    }
}
