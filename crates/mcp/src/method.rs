//! The switchboard: which methods exist in which era, and where each is answered.

use crate::call::{Call, Freshness};
use crate::era::Era;
use crate::list::Lists;
use crate::object::Writer;
use crate::refuse::Refusal;
use crate::{completion, lifecycle, logging, prompts, resources, rows, subscribe, tasks, tools};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Discover,
    Ping,
    ListTools,
    CallTool,
    ListResources,
    ListTemplates,
    ReadResource,
    ListPrompts,
    GetPrompt,
    Complete,
    Subscribe,
    Unsubscribe,
    Listen,
    SetLevel,
    GetTask,
    UpdateTask,
    CancelTask,
}

/// Name, method, and the era that has it; `None` is both. `initialize` is not here: it is what makes a session.
const METHODS: [(&str, Method, Option<Era>); 17] = [
    ("server/discover", Method::Discover, Some(Era::Modern)),
    ("ping", Method::Ping, Some(Era::Legacy)),
    ("tools/list", Method::ListTools, None),
    ("tools/call", Method::CallTool, None),
    ("resources/list", Method::ListResources, None),
    ("resources/templates/list", Method::ListTemplates, None),
    ("resources/read", Method::ReadResource, None),
    ("prompts/list", Method::ListPrompts, None),
    ("prompts/get", Method::GetPrompt, None),
    ("completion/complete", Method::Complete, None),
    ("resources/subscribe", Method::Subscribe, Some(Era::Legacy)),
    ("resources/unsubscribe", Method::Unsubscribe, Some(Era::Legacy)),
    ("subscriptions/listen", Method::Listen, Some(Era::Modern)),
    ("logging/setLevel", Method::SetLevel, Some(Era::Legacy)),
    ("tasks/get", Method::GetTask, Some(Era::Modern)),
    ("tasks/update", Method::UpdateTask, Some(Era::Modern)),
    ("tasks/cancel", Method::CancelTask, Some(Era::Modern)),
];

/// The parameter that `Mcp-Name` repeats (2026-07-28, basic/transports/streamable-http, Standard Request Headers).
pub(crate) fn mirrored(method: &str) -> Option<&'static str> {
    match method {
        "tools/call" | "prompts/get" => Some("name"),
        "resources/read" => Some("uri"),
        "tasks/get" | "tasks/update" | "tasks/cancel" => Some("taskId"),
        _ => None,
    }
}

/// Whether the method has arguments of an operation, which are judged when it is called.
pub(crate) fn takes_arguments(method: &str) -> bool {
    matches!(method, "tools/call" | "prompts/get")
}

impl Call<'_> {
    /// Writes the members of the result.
    pub(crate) async fn answer(self, result: &mut Writer<'_>) -> Result<Freshness, Refusal> {
        let Some(found) = find(self.method, self.revision.era, &self.server.lists) else {
            return Err(Refusal::method(self.revision, self.method));
        };
        let lists = &self.server.lists;
        match found {
            Method::Discover => Ok(lifecycle::discover(self, result)),
            Method::Ping => Ok(Freshness::Unsaid),
            Method::ListTools => match &lists.meta {
                Some(meta) => meta.page(self, result),
                None => lists.tools.page(self, result),
            },
            Method::CallTool => tools::call(self, result).await,
            Method::ListResources => rows::page(self, result).await,
            Method::ListTemplates => lists.templates.page(self, result),
            Method::ReadResource => resources::read(self, result).await,
            Method::ListPrompts => lists.prompts.page(self, result),
            Method::GetPrompt => prompts::get(self, result).await,
            Method::Complete => completion::complete(self, result).await,
            Method::Subscribe => subscribe::subscribe(self).await,
            Method::Unsubscribe => subscribe::unsubscribe(self),
            Method::Listen => subscribe::listen(self).await,
            Method::SetLevel => logging::set_level(self),
            Method::GetTask => tasks::get(self, result).await,
            Method::UpdateTask => tasks::update(self).await,
            Method::CancelTask => tasks::cancel(self).await,
        }
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
        Method::ListResources
        | Method::ListTemplates
        | Method::ReadResource
        | Method::Subscribe
        | Method::Unsubscribe => lists.has_resources(),
        Method::SetLevel => lists.logs,
        Method::ListPrompts | Method::GetPrompt => lists.has_prompts(),
        Method::Complete => lists.completions,
        Method::GetTask | Method::UpdateTask | Method::CancelTask => lists.tasks,
        _ => true,
    };
    (here && served).then_some(row.1)
}
