//! What a tool costs a conversation: its entry in `tools/list`, which hosts show to the model at the start of each.

/// The size of a tool's entry in `tools/list`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolCost {
    /// The tool's name.
    pub name: String,
    /// The bytes of its entry, as it is sent.
    pub bytes: usize,
    /// About how many tokens these are: bytes divided by [`ToolCost::BYTES_PER_TOKEN`], rounded up.
    pub tokens: usize,
}

impl ToolCost {
    /// Four bytes are about one token of English or JSON. Every model counts in its own way; this is a rule of thumb that
    /// compares tools, and the same for all of them.
    pub const BYTES_PER_TOKEN: usize = 4;

    /// The cost of an entry of so many bytes.
    #[must_use]
    pub fn new(name: impl Into<String>, bytes: usize) -> Self {
        Self { name: name.into(), bytes, tokens: bytes.div_ceil(Self::BYTES_PER_TOKEN) }
    }
}
