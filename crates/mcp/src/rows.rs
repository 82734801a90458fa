//! The rows of resource templates in `resources/list`: after the fixed resources, one entry for each row that the caller gets
//! from a list selector.
//!
//! A page of the list asks one selector once, through the pipeline like any other call, so permission, scoping and page
//! sizes are those of the selector. A cursor says which selector and which of its pages comes next; of keyset pages it ends in the
//! selector's own.

use crate::call::{Call, Freshness};
use crate::cursor;
use crate::describe;
use crate::era::REVISIONS;
use crate::list::{Visible, rendered};
use crate::object::{Members, Writer};
use crate::offer::Offer;
use crate::refuse::{self, Refusal};
use diptych_pipeline::Operation;
use diptych_spec::{Arguments, ErrorKind, Pagination, Template, json_to_text};
use serde::Deserialize;
use serde_json::{json, value::RawValue};
use std::borrow::Cow;

/// Where the rows of each template come from, in order of declaration.
pub(crate) struct Rows(Vec<Source>);

/// Both operations by their place in the engine.
struct Source {
    template: usize,
    list: usize,
    /// What all entries share, without the opening brace.
    shared: [String; REVISIONS.len()],
}

/// Where a page starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At this fixed resource.
    Fixed(usize),
    /// At this page, from 1, of this source.
    Rows { source: usize, page: u32 },
}

/// A page of a list selector.
#[derive(Deserialize)]
pub(crate) struct Listed<'a> {
    #[serde(borrow)]
    pub(crate) items: Vec<&'a RawValue>,
    pub(crate) total: Option<u64>,
    /// The cursor of the next one, of keyset pages.
    pub(crate) next: Option<String>,
    page: Option<u64>,
    page_size: Option<u64>,
}

/// What comes behind a page of rows.
enum More {
    No,
    /// The page of the next number.
    Page,
    /// The page behind this cursor.
    Behind(String),
}

impl Rows {
    pub(crate) fn of(offer: &Offer) -> Self {
        let sources = offer.operations().filter_map(|(template, operation)| {
            let declaration = operation.declaration();
            let list = offer.place(declaration.enumeration()?.list())?;
            let shared = std::array::from_fn(|row| {
                let shared = rendered(&describe::row(declaration, &REVISIONS[row]));
                shared.trim_start_matches('{').to_owned()
            });
            Some(Source { template, list, shared })
        });
        Self(sources.collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// One page of `resources/list` (server/resources, Listing Resources).
pub(crate) async fn page(call: Call<'_>, result: &mut Writer<'_>) -> Result<Freshness, Refusal> {
    let lists = &call.server.lists;
    if lists.rows.is_empty() {
        return lists.resources.page(call, result);
    }
    let fixed = lists.resources.visible(call);
    let offer = &call.server.offer;
    let may_use = |at: usize| call.authorize(offer.at(at).declaration()).is_ok();
    let sources: Vec<_> = lists.rows.0.iter().filter(|row| may_use(row.template) && may_use(row.list)).collect();
    let templates: Vec<_> = sources.iter().map(|row| offer.at(row.template).declaration().name()).collect();

    let (start, after) = match fixed.position(call, &templates)? {
        None => (Place::Fixed(0), None),
        Some((position, after)) => (Place::read(position, &fixed, sources.len()).ok_or_else(cursor::unknown)?, after),
    };
    let out = result.member("resources");
    out.push(b'[');
    let mut entries = Entries { out, empty: true };
    let mut next = None;
    let mut rows = None;
    let mut behind = String::new();
    match start {
        Place::Fixed(start) => {
            let end = fixed.len().min(start + call.server.settings.page_size.max(1));
            fixed.entries(call, start..end).for_each(|entry| entries.add(entry.as_bytes()));
            if end < fixed.len() {
                next = Some(Place::Fixed(end));
            } else if !sources.is_empty() {
                rows = Some((0, 1));
            }
        }
        Place::Rows { source, page } => rows = Some((source, page)),
    }
    if let Some((source, page)) = rows {
        let more = sources[source].write(call, page, after.as_deref(), &mut entries).await?;
        next = match &more {
            More::Page | More::Behind(_) => Some(Place::Rows { source, page: page + 1 }),
            More::No => Some(Place::Rows { source: source + 1, page: 1 }).filter(|_| source + 1 < sources.len()),
        };
        if let More::Behind(cursor) = more {
            behind = cursor;
        }
    }
    entries.out.push(b']');
    if let Some(next) = next {
        result.value("nextCursor", &fixed.cursor(call, next.number(), &templates, &behind));
    }
    Ok(Freshness::For { ttl_ms: 0, public: false })
}

impl Source {
    /// Writes a page of rows; whether there is another one. `after` is the selector's own cursor.
    async fn write(
        &self,
        call: Call<'_>,
        page: u32,
        after: Option<&str>,
        entries: &mut Entries<'_>,
    ) -> Result<More, Refusal> {
        let (engine, offer) = (&call.server.engine, &call.server.offer);
        let (template, list) = (offer.at(self.template), offer.at(self.list));
        let arguments = match list.declaration().list().page() {
            None => "{}".to_owned(),
            Some(declared) => {
                let most = u32::try_from(call.server.settings.page_size).unwrap_or(u32::MAX);
                let mut arguments = json!({"page_size": most.clamp(1, declared.max_size())});
                match (declared, after) {
                    (Pagination::PageNumber(_), _) => arguments["page"] = page.into(),
                    (Pagination::Keyset(_), Some(after)) => arguments["after"] = after.into(),
                    (Pagination::Keyset(_), None) => {}
                }
                arguments.to_string()
            }
        };
        let outcome = match engine.dispatch(list, Arguments::named(&arguments), call.caller()).await {
            Ok(outcome) => outcome,
            // Not for this caller: there are no rows to see.
            Err(error) if is_hidden(error.kind()) => return Ok(More::No),
            Err(error) if matches!(error.kind(), ErrorKind::Invalid | ErrorKind::BadRequest) => {
                return Err(cursor::unknown());
            }
            Err(error) => return Err(refuse::list(&error, call.revision)),
        };
        let Ok(listed) = serde_json::from_str::<Listed<'_>>(outcome.json()) else {
            return Ok(More::No);
        };
        for row in listed.items {
            self.entry(call, template, row, entries);
        }
        let shown = listed.page_size.unwrap_or_default().saturating_mul(u64::from(page));
        Ok(match listed.next {
            Some(next) => More::Behind(next),
            None if listed.page.is_some() && listed.total.is_some_and(|total| shown < total) => More::Page,
            None => More::No,
        })
    }

    /// Writes the entry of a row; none for one whose fields make no URI of the template.
    fn entry(&self, call: Call<'_>, template: &Operation, row: &RawValue, entries: &mut Entries<'_>) {
        let declaration = template.declaration();
        let Ok(members) = Members::read(row.get()) else { return };
        let field = |name: &str| json_to_text(members.get(name)?.get()).map(Cow::into_owned);
        let uri = |uri: &Template| uri.expand(field).filter(|text| uri.matches(text).is_some());
        let Some(uri) = declaration.resource().and_then(uri) else { return };
        let name = declaration.enumeration().and_then(|rows| field(rows.name()?));
        let mut entry = Vec::with_capacity(160);
        let mut writer = Writer::open(&mut entry);
        writer.value("uri", &uri);
        writer.value("name", name.as_ref().unwrap_or(&uri));
        entry.push(b',');
        entry.extend_from_slice(self.shared[call.revision.index].as_bytes());
        entries.add(&entry);
    }
}

fn is_hidden(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Unauthenticated | ErrorKind::Forbidden | ErrorKind::NotFound)
}

/// The entries of a page, with commas between them.
struct Entries<'o> {
    out: &'o mut Vec<u8>,
    empty: bool,
}

impl Entries<'_> {
    fn add(&mut self, entry: &[u8]) {
        if !std::mem::take(&mut self.empty) {
            self.out.push(b',');
        }
        self.out.extend_from_slice(entry);
    }
}

/// The sources of a server fit into so many bits; the page of one is in front.
const SOURCE_BITS: u32 = 20;

impl Place {
    fn number(self) -> u64 {
        match self {
            Self::Fixed(at) => at as u64,
            Self::Rows { source, page } => (u64::from(page) << SOURCE_BITS) | source as u64,
        }
    }

    /// The place of this number, if there is something.
    fn read(number: u64, fixed: &Visible<'_>, sources: usize) -> Option<Self> {
        let at = usize::try_from(number & ((1 << SOURCE_BITS) - 1)).ok()?;
        match u32::try_from(number >> SOURCE_BITS).ok()? {
            0 => Some(Self::Fixed(at)).filter(|_| at < fixed.len()),
            page => Some(Self::Rows { source: at, page }).filter(|_| at < sources && page < u32::MAX),
        }
    }
}
