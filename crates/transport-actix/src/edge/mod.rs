//! What is refused before anybody is asked who they are: foreign pages, foreign names, bodies that are too long or too
//! slow.

mod authority;
pub(crate) mod body;
pub(crate) mod host;
pub(crate) mod origin;
