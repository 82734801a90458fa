//! The lists: tools, resources, resource templates.
//!
//! Every entry is rendered once per revision, when the server is built. A page is the rendered entries that the
//! caller may use, in order of declaration, copied into the answer; nothing is serialized again, and nothing has to be
//! cached or forgotten.

use crate::cursor::{self, Fingerprint};
use crate::describe;
use crate::era::{REVISIONS, Revision};
use crate::method::{Call, Freshness};
use crate::object::{self, Writer};
use crate::refuse::Refusal;
use diptych_pipeline::Engine;
use diptych_spec::Declaration;
use serde::Serialize;

/// How long a client may keep a list: a new one comes with a new deployment.
pub(crate) const TTL_MS: u32 = 60_000;

pub(crate) struct Lists {
    pub(crate) tools: List,
    pub(crate) resources: List,
    pub(crate) templates: List,
}

pub(crate) struct List {
    /// The member of the result that holds it.
    member: &'static str,
    entries: Vec<Entry>,
    /// Whether every caller sees all of it.
    public: bool,
}

struct Entry {
    operation: usize,
    rendered: [String; REVISIONS.len()],
}

impl Lists {
    pub(crate) fn of(engine: &Engine) -> Self {
        let is_template = |declaration: &Declaration| {
            let uri = declaration.resource();
            uri.map(|uri| uri.variables().next().is_some())
        };
        Self {
            tools: List::of(engine, "tools", Declaration::is_tool, |declaration, revision| {
                rendered(&describe::tool(declaration, revision))
            }),
            resources: List::of(
                engine,
                "resources",
                |declaration| is_template(declaration) == Some(false),
                |declaration, revision| rendered(&describe::resource(declaration, revision)),
            ),
            templates: List::of(
                engine,
                "resourceTemplates",
                |declaration| is_template(declaration) == Some(true),
                |declaration, revision| rendered(&describe::template(declaration, revision)),
            ),
        }
    }

    pub(crate) fn has_tools(&self) -> bool {
        !self.tools.entries.is_empty()
    }

    pub(crate) fn has_resources(&self) -> bool {
        !self.resources.entries.is_empty() || !self.templates.entries.is_empty()
    }
}

impl List {
    fn of(
        engine: &Engine,
        member: &'static str,
        belongs: impl Fn(&Declaration) -> bool,
        render: impl Fn(&Declaration, &Revision) -> String,
    ) -> Self {
        let operations = engine.operations().iter().enumerate();
        let listed = || operations.clone().filter(|(_, operation)| belongs(operation.declaration()));
        Self {
            member,
            public: listed().all(|(_, operation)| {
                let permission = operation.declaration().permission();
                permission.is_some_and(diptych_spec::Permission::is_open)
            }),
            entries: listed()
                .map(|(index, operation)| Entry {
                    operation: index,
                    rendered: std::array::from_fn(|row| render(operation.declaration(), &REVISIONS[row])),
                })
                .collect(),
        }
    }

    /// Writes one page (server/utilities/pagination).
    pub(crate) fn page(&self, call: Call<'_>, result: &mut Writer<'_>) -> Result<Freshness, Refusal> {
        let operations = call.server.engine.operations();
        let declaration = |entry: &Entry| operations[entry.operation].declaration();
        let may_use = |entry: &&Entry| declaration(entry).authorize(call.principal).is_ok();
        let visible: Vec<_> = self.entries.iter().filter(may_use).collect();
        let settings = &call.server.settings;
        let fingerprint = || {
            let names = visible.iter().map(|entry| declaration(entry).name());
            Fingerprint::of([&*settings.name, self.member].into_iter().chain(names))
        };
        let start = match call.params.get("cursor") {
            None => 0,
            Some(cursor) => object::text(cursor)
                .and_then(|cursor| cursor::decode(&cursor, fingerprint()))
                .filter(|start| *start < visible.len())
                .ok_or_else(|| Refusal::params("`cursor` was not given out for this list; start without one"))?,
        };
        let end = visible.len().min(start + settings.page_size.max(1));
        let out = result.member(self.member);
        out.push(b'[');
        for (index, entry) in visible[start..end].iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(entry.rendered[call.revision.index].as_bytes());
        }
        out.push(b']');
        if end < visible.len() {
            result.value("nextCursor", &cursor::encode(end, fingerprint()));
        }
        Ok(Freshness::For { ttl_ms: TTL_MS, public: self.public })
    }
}

/// A value of ours as JSON, for keeping.
pub(crate) fn rendered(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("our own values have text keys")
}
