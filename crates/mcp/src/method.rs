//! The switchboard: which methods exist in which era, and where each is answered.

use crate::era::{Era, Revision};
use crate::list::Lists;
use crate::object::{Members, Writer};
use crate::refuse::Refusal;
use crate::server::Inner;
use crate::{lifecycle, resources, rows, tools};
use diptych_pipeline::{Caller, OnDisconnect};
use diptych_spec::Principal;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Discover,
    Ping,
    ListTools,
    CallTool,
    ListResources,
    ListTemplates,
    ReadResource,
}

/// Name, method, and the era that has it; `None` is both. `initialize` is not here: it is what makes a session.
const METHODS: [(&str, Method, Option<Era>); 7] = [
    ("server/discover", Method::Discover, Some(Era::Modern)),
    ("ping", Method::Ping, Some(Era::Legacy)),
    ("tools/list", Method::ListTools, None),
    ("tools/call", Method::CallTool, None),
    ("resources/list", Method::ListResources, None),
    ("resources/templates/list", Method::ListTemplates, None),
    ("resources/read", Method::ReadResource, None),
];

/// The parameter that `Mcp-Name` repeats (2026-07-28, basic/transports/streamable-http, Standard Request Headers).
pub(crate) fn mirrored(method: &str) -> Option<&'static str> {
    match method {
        "tools/call" | "prompts/get" => Some("name"),
        "resources/read" => Some("uri"),
        _ => None,
    }
}

/// A request of either era, with all that answering it needs.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) server: &'a Inner,
    pub(crate) revision: &'static Revision,
    pub(crate) principal: Option<&'a Principal>,
    pub(crate) params: &'a Members<'a>,
    /// What becomes of the call when its future is dropped.
    pub(crate) on_disconnect: OnDisconnect,
}

/// How long a result holds, and for whom (2026-07-28, server/utilities/caching).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freshness {
    /// The result says nothing about it.
    Unsaid,
    /// For so many milliseconds; for everybody, or for this caller alone.
    For { ttl_ms: u32, public: bool },
}

impl Call<'_> {
    /// Writes the members of the result.
    pub(crate) async fn answer(self, method: &str, result: &mut Writer<'_>) -> Result<Freshness, Refusal> {
        let Some(found) = find(method, self.revision.era, &self.server.lists) else {
            return Err(Refusal::method(self.revision, method));
        };
        let lists = &self.server.lists;
        match found {
            Method::Discover => Ok(lifecycle::discover(self, result)),
            Method::Ping => Ok(Freshness::Unsaid),
            Method::ListTools => lists.tools.page(self, result),
            Method::CallTool => tools::call(self, result).await,
            Method::ListResources => rows::page(self, result).await,
            Method::ListTemplates => lists.templates.page(self, result),
            Method::ReadResource => resources::read(self, result).await,
        }
    }

    /// The caller as the pipeline knows it.
    pub(crate) fn caller(self) -> Caller {
        Caller { principal: self.principal.cloned(), on_disconnect: self.on_disconnect }
    }
}

/// Whether any era has this method.
pub(crate) fn exists(name: &str, lists: &Lists) -> bool {
    [Era::Modern, Era::Legacy].into_iter().any(|era| find(name, era, lists).is_some())
}

fn find(name: &str, era: Era, lists: &Lists) -> Option<Method> {
    let row = METHODS.iter().find(|(own, ..)| *own == name)?;
    let here = row.2.is_none_or(|only| only == era);
    let served = match row.1 {
        // What is not declared as a capability is not there.
        Method::ListTools | Method::CallTool => lists.has_tools(),
        Method::ListResources | Method::ListTemplates | Method::ReadResource => lists.has_resources(),
        _ => true,
    };
    (here && served).then_some(row.1)
}
