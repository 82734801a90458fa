//! The lists: tools, resources, resource templates, prompts.
//!
//! Every entry is rendered once per revision, when the server is built. A page is the rendered entries that the
//! caller may use, in order of declaration, copied into the answer; nothing is serialized again, and nothing has to be
//! cached or forgotten.

use crate::call::{Call, Freshness};
use crate::completion;
use crate::cursor::{self, Fingerprint};
use crate::describe;
use crate::era::{REVISIONS, Revision};
use crate::meta::{self, MetaTools};
use crate::mount::Mount;
use crate::object::{self, Writer};
use crate::offer::Offer;
use crate::refuse::Refusal;
use crate::rows::Rows;
use crate::views::Views;
use diptych_pipeline::Operation;
use diptych_spec::{Audience, Declaration, Hidden, OperationKind};
use serde::Serialize;
use std::ops::Range;

/// How long a client may keep a list: a new one comes with a new deployment.
pub(crate) const TTL_MS: u32 = 60_000;

pub(crate) struct Lists {
    pub(crate) tools: List,
    /// What is listed in place of the tools.
    pub(crate) meta: Option<MetaTools>,
    pub(crate) resources: List,
    pub(crate) templates: List,
    pub(crate) rows: Rows,
    pub(crate) views: Views,
    pub(crate) prompts: List,
    /// Whether an argument of a prompt or a variable of a template can be completed.
    pub(crate) completions: bool,
    /// Whether any operation sends log messages.
    pub(crate) logs: bool,
    /// Whether any operation is a task.
    pub(crate) tasks: bool,
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
    /// The same for each caller who is not shown some fields of its answers.
    others: Vec<(Hidden, [String; REVISIONS.len()])>,
}

impl Lists {
    pub(crate) fn of(offer: &Offer, mount: &Mount) -> Self {
        let is_template = |declaration: &Declaration| {
            let uri = declaration.resource();
            uri.map(|uri| uri.variables().next().is_some())
        };
        let is_prompt = |declaration: &Declaration| declaration.kind() == OperationKind::Prompt;
        Self {
            tools: List::tools(offer),
            meta: mount.meta_tools.then(|| MetaTools::of(offer)),
            resources: List::of(
                offer,
                "resources",
                |declaration| is_template(declaration) == Some(false),
                |declaration, revision| rendered(&describe::resource(declaration, revision)),
            ),
            templates: List::of(
                offer,
                "resourceTemplates",
                |declaration| is_template(declaration) == Some(true),
                |declaration, revision| rendered(&describe::template(declaration, revision)),
            ),
            rows: Rows::of(offer),
            views: Views::of(offer),
            prompts: List::of(offer, "prompts", is_prompt, |declaration, revision| {
                rendered(&describe::prompt(declaration, revision))
            }),
            completions: offer.declarations().any(completion::is_offered),
            tasks: offer.declarations().any(|declaration| declaration.task().is_some()),
            logs: offer.declarations().any(Declaration::logs),
        }
    }

    /// The entries of `tools/list` in the newest revision, by name.
    pub(crate) fn tool_entries(&self, offer: &Offer) -> Vec<(String, &str)> {
        match &self.meta {
            Some(meta) => {
                let names = meta::NAMES.into_iter().map(str::to_owned);
                names.zip(meta.tools[0].iter().map(String::as_str)).collect()
            }
            None => {
                let entries = self.tools.entries.iter();
                let name = |entry: &Entry| offer.at(entry.operation).declaration().name().to_owned();
                entries.map(|entry| (name(entry), &*entry.rendered[0])).collect()
            }
        }
    }

    pub(crate) fn has_tools(&self) -> bool {
        !self.tools.entries.is_empty()
    }

    pub(crate) fn has_resources(&self) -> bool {
        !self.resources.entries.is_empty() || !self.templates.entries.is_empty() || self.has_views()
    }

    pub(crate) fn has_views(&self) -> bool {
        !self.views.is_empty()
    }

    pub(crate) fn has_prompts(&self) -> bool {
        !self.prompts.entries.is_empty()
    }
}

impl List {
    pub(crate) fn of(
        offer: &Offer,
        member: &'static str,
        belongs: impl Fn(&Declaration) -> bool,
        render: impl Fn(&Declaration, &Revision) -> String,
    ) -> Self {
        let listed = || offer.operations().filter(|(_, operation)| belongs(operation.declaration()));
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
                    others: Vec::new(),
                })
                .collect(),
        }
    }

    /// The tools. Their schemas say what their answers have, so an entry that hides fields is there for each set of them.
    fn tools(offer: &Offer) -> Self {
        let tool = |declaration: &Declaration, revision: &Revision, hidden| {
            rendered(&describe::tool(declaration, revision, hidden))
        };
        let seen = |declaration: &Declaration| declaration.hidden_sets(Audience::Agents);
        let all = |declaration: &Declaration| seen(declaration).first().copied().unwrap_or_default();
        let mut list = Self::of(offer, "tools", Declaration::is_tool, |declaration, revision| {
            tool(declaration, revision, all(declaration))
        });
        for entry in &mut list.entries {
            let declaration = offer.at(entry.operation).declaration();
            let others = seen(declaration).into_iter().skip(1);
            let render = |hidden| std::array::from_fn(|row| tool(declaration, &REVISIONS[row], hidden));
            entry.others = others.map(|hidden| (hidden, render(hidden))).collect();
            list.public &= entry.others.is_empty();
        }
        list
    }

    /// What the caller may see of it.
    pub(crate) fn visible<'a>(&'a self, call: Call<'a>) -> Visible<'a> {
        let offer = &call.server.offer;
        let may_use = |entry: &&Entry| call.authorize(offer.at(entry.operation).declaration()).is_ok();
        Visible { list: self, entries: self.entries.iter().filter(may_use).collect() }
    }

    /// Writes one page (server/utilities/pagination).
    pub(crate) fn page(&self, call: Call<'_>, result: &mut Writer<'_>) -> Result<Freshness, Refusal> {
        let visible = self.visible(call);
        let start = match visible.position(call, &[])? {
            None => 0,
            Some((_, Some(_))) => return Err(cursor::unknown()),
            Some((position, None)) => {
                usize::try_from(position).ok().filter(|start| *start < visible.len()).ok_or_else(cursor::unknown)?
            }
        };
        let end = visible.len().min(start + call.server.settings.page_size.max(1));
        let out = result.member(self.member);
        out.push(b'[');
        for (index, entry) in visible.entries(call, start..end).enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(entry.as_bytes());
        }
        out.push(b']');
        if end < visible.len() {
            result.value("nextCursor", &visible.cursor(call, end as u64, &[], ""));
        }
        // Credentials may be good for fewer operations than nobody's.
        let restricted = call.principal.is_some_and(|principal| principal.operations().is_some());
        Ok(Freshness::For { ttl_ms: TTL_MS, public: self.public && !restricted })
    }
}

impl Entry {
    /// As the caller's revision has it, and as far as it is for the caller.
    fn text(&self, call: Call<'_>) -> &str {
        let other = match self.others.is_empty() {
            true => None,
            false => {
                let hidden = call.hidden(call.server.offer.at(self.operation).declaration());
                self.others.iter().find(|(set, _)| *set == hidden)
            }
        };
        &other.map_or(&self.rendered, |(_, rendered)| rendered)[call.revision.index]
    }
}

/// The entries of a list that a caller may see.
pub(crate) struct Visible<'a> {
    list: &'a List,
    entries: Vec<&'a Entry>,
}

impl Visible<'_> {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Entries as the caller's revision has them.
    pub(crate) fn entries(&self, call: Call<'_>, range: Range<usize>) -> impl Iterator<Item = &str> {
        self.entries[range].iter().map(move |entry| entry.text(call))
    }

    /// Each operation, with its entry as the caller's revision has it.
    pub(crate) fn operations<'c>(&'c self, call: Call<'c>) -> impl Iterator<Item = (&'c Operation, &'c str)> {
        let entries = self.entries.iter();
        entries.map(move |entry| (call.server.offer.at(entry.operation), entry.text(call)))
    }

    /// The cursor of what comes from `position` on; `more` is what the list consists of besides its entries, and `behind` the cursor
    /// of what is at the position, if that has pages of its own.
    pub(crate) fn cursor(&self, call: Call<'_>, position: u64, more: &[&str], behind: &str) -> String {
        let cursor = cursor::encode(position, self.fingerprint(call, more));
        if behind.is_empty() { cursor } else { format!("{cursor}.{behind}") }
    }

    /// The position that the request asks for, and the cursor there; none when it asks for the first page.
    pub(crate) fn position(&self, call: Call<'_>, more: &[&str]) -> Result<Option<(u64, Option<String>)>, Refusal> {
        let Some(cursor) = call.params.get("cursor") else { return Ok(None) };
        let found = object::text(cursor).and_then(|cursor| {
            let (cursor, behind) = cursor.split_once('.').map_or((&*cursor, None), |(own, behind)| (own, Some(behind)));
            Some((cursor::decode(cursor, self.fingerprint(call, more))?, behind.map(str::to_owned)))
        });
        found.map(Some).ok_or_else(cursor::unknown)
    }

    fn fingerprint(&self, call: Call<'_>, more: &[&str]) -> Fingerprint {
        let names = self.entries.iter().map(|entry| call.server.offer.at(entry.operation).declaration().name());
        let server = [&*call.server.settings.name, &*call.server.place, self.list.member];
        Fingerprint::of(server.into_iter().chain(names).chain(more.iter().copied()))
    }
}

/// A value of ours as JSON, for keeping.
pub(crate) fn rendered(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("our own values have text keys")
}
