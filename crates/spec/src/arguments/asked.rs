//! Which rows a list was asked for, apart from where among them: what a cursor is bound to.

/// The arguments of a call but for order, page and what is shown, as [`crate::ArgumentTable::canonical`] writes them.
#[derive(Default, PartialEq, Eq)]
pub struct Asked(pub String);

/// Only its length: it is a caller's.
impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Asked({} bytes)", self.0.len())
    }
}
