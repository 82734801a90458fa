//! A list that can be read whole.

use super::SelectorSpec;
use crate::{Handler, List, Streaming};

impl<H: Handler, V> SelectorSpec<H, V> {
    /// Lets clients of REST read the whole list, filtered and ordered, without pages: each row as soon as the database has it, as
    /// NDJSON or CSV, for who asks for that with `Accept`. Everybody else gets pages.
    pub fn stream(mut self, streaming: Streaming) -> Self
    where
        H::Out: List,
    {
        self.declaration.list.streaming = Some(streaming);
        self
    }
}
