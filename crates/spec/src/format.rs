//! In which format the text of a tool's answer is written. The structured content beside it is always JSON.

/// The format of the text block of a tool's answer (MCP, server/tools, Tool Result).
///
/// It is for the model, which reads every character of it. `structuredContent` stays JSON whatever is chosen here, and so does
/// the answer over REST.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Format {
    /// JSON, without white space.
    #[default]
    Json,
    /// Token-Oriented Object Notation, specification 4: the field names of a list of rows are written once.
    #[cfg(feature = "toon")]
    Toon,
    /// CSV (RFC 4180) with a header row, for answers that are a list of flat rows.
    Csv,
}

impl Format {
    /// Every format that is compiled in.
    pub const ALL: &'static [Self] = &[
        Self::Json,
        #[cfg(feature = "toon")]
        Self::Toon,
        Self::Csv,
    ];

    /// Its name in a request: `json`, `toon` or `csv`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            #[cfg(feature = "toon")]
            Self::Toon => "toon",
            Self::Csv => "csv",
        }
    }

    /// The format of this name; `None` for one that is not known, or not compiled in.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.name() == name)
    }
}
