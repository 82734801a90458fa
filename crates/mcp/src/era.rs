//! The revisions of the protocol that are served, and in one table what each of them changes.
//!
//! Nothing else in this crate compares version strings: code asks a [`Revision`] for what it needs to know. A new
//! revision is a row here, plus what is new in it.

/// The two ways of speaking the protocol (basic/versioning, Terminology).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Era {
    /// `initialize`, then a session.
    Legacy,
    /// Every request carries its version and the client's capabilities; nothing is remembered.
    Modern,
}

/// What `structuredContent` of a tool's result may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Structured {
    /// The field does not exist, nor does `outputSchema`.
    Absent,
    /// An object; anything else is wrapped as `{"result": …}`.
    Object,
    /// Any JSON value.
    Any,
}

/// One revision of the protocol.
#[derive(Debug)]
pub(crate) struct Revision {
    /// The version string on the wire.
    pub(crate) name: &'static str,
    /// Its row in [`REVISIONS`].
    pub(crate) index: usize,
    pub(crate) era: Era,
    /// Whether several messages may come as one array.
    pub(crate) batches: bool,
    /// Whether `MCP-Protocol-Version` is defined, and a wrong one refused.
    pub(crate) version_header: bool,
    /// Whether content may be a `resource_link`, and has `_meta` and `annotations.lastModified`.
    pub(crate) resource_links: bool,
    /// Whether a completion is told what else is filled in.
    pub(crate) completion_context: bool,
    /// Whether tools, resources, prompts and implementations have a `title`.
    pub(crate) titles: bool,
    /// Whether a property of an input schema can have `x-mcp-header`.
    pub(crate) header_arguments: bool,
    /// Whether implementations have a `websiteUrl`.
    pub(crate) websites: bool,
    /// Whether an event stream begins with an id to come back with (basic/transports, Resumability).
    pub(crate) primes: bool,
    /// Whether a question to the user says if it is a form or a URL.
    pub(crate) question_modes: bool,
    /// Whether the extension of tasks belongs to it (SEP-2663); where it does not, it is not looked at.
    pub(crate) tasks: bool,
    pub(crate) structured: Structured,
    /// Whether tools, resources and content have a `_meta`.
    pub(crate) metas: bool,
    /// Whether annotations have a `lastModified`.
    pub(crate) last_modified: bool,
    /// Whether tools, resources and implementations have `icons`, and implementations a `description`.
    pub(crate) icons: bool,
    /// The error code for a resource that is not there.
    pub(crate) resource_not_found: i32,
    /// The error code for what may work later. 2026-07-28 retires -32000 to -32019 (basic, Error Codes).
    pub(crate) unavailable: i32,
}

/// Every revision that is served, newest first.
pub(crate) static REVISIONS: [Revision; 4] = [
    Revision {
        name: "2026-07-28",
        index: 0,
        era: Era::Modern,
        batches: false,
        version_header: true,
        resource_links: true,
        completion_context: true,
        titles: true,
        header_arguments: true,
        websites: true,
        primes: false,
        question_modes: true,
        tasks: true,
        structured: Structured::Any,
        metas: true,
        last_modified: true,
        icons: true,
        resource_not_found: -32602,
        unavailable: -32603,
    },
    Revision {
        name: "2025-11-25",
        index: 1,
        era: Era::Legacy,
        batches: false,
        version_header: true,
        resource_links: true,
        completion_context: true,
        titles: true,
        header_arguments: false,
        websites: true,
        primes: true,
        question_modes: true,
        tasks: false,
        structured: Structured::Object,
        metas: true,
        last_modified: true,
        icons: true,
        resource_not_found: -32002,
        unavailable: -32000,
    },
    Revision {
        name: "2025-06-18",
        index: 2,
        era: Era::Legacy,
        batches: false,
        version_header: true,
        resource_links: true,
        completion_context: true,
        titles: true,
        header_arguments: false,
        websites: false,
        primes: false,
        question_modes: false,
        tasks: false,
        structured: Structured::Object,
        metas: true,
        last_modified: true,
        icons: false,
        resource_not_found: -32002,
        unavailable: -32000,
    },
    Revision {
        name: "2025-03-26",
        index: 3,
        era: Era::Legacy,
        batches: true,
        version_header: false,
        resource_links: false,
        completion_context: false,
        titles: false,
        header_arguments: false,
        websites: false,
        primes: false,
        question_modes: false,
        tasks: false,
        structured: Structured::Absent,
        metas: false,
        last_modified: false,
        icons: false,
        resource_not_found: -32002,
        unavailable: -32000,
    },
];

impl Revision {
    /// The revision of this name, if it is served.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        REVISIONS.iter().find(|revision| revision.name == name)
    }

    /// What an `initialize` for `wanted` is answered with: the same, or the newest that has `initialize`
    /// (2025-11-25, basic/lifecycle, Version Negotiation).
    pub(crate) fn negotiated(wanted: &str) -> &'static Self {
        let legacy = || REVISIONS.iter().filter(|revision| !revision.is_modern());
        legacy().find(|revision| revision.name == wanted).or_else(|| legacy().next()).unwrap_or(&REVISIONS[1])
    }

    pub(crate) fn is_modern(&self) -> bool {
        self.era == Era::Modern
    }

    /// The names of all revisions, newest first.
    pub(crate) fn names() -> [&'static str; REVISIONS.len()] {
        std::array::from_fn(|index| REVISIONS[index].name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_knows_its_place() {
        for (index, revision) in REVISIONS.iter().enumerate() {
            assert_eq!(revision.index, index, "{}", revision.name);
        }
    }

    #[test]
    fn initialize_never_negotiates_the_stateless_revision() {
        for (wanted, got) in [
            ("2025-03-26", "2025-03-26"),
            ("2025-06-18", "2025-06-18"),
            ("2025-11-25", "2025-11-25"),
            ("2024-11-05", "2025-11-25"),
            ("2026-07-28", "2025-11-25"),
            ("v999.0.0", "2025-11-25"),
            ("", "2025-11-25"),
        ] {
            assert_eq!(Revision::negotiated(wanted).name, got, "{wanted}");
        }
    }
}
