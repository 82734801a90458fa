//! Who the server is and what it can do: `server/discover` of the new era, `initialize` of the old, and the fields
//! that every result of the new era carries.

use crate::call::{Call, Freshness};
use crate::capability::Capabilities;
use crate::era::{REVISIONS, Revision};
use crate::inner::Inner;
use crate::object::{Members, Writer};
use crate::refuse::Refusal;
use crate::settings::Settings;
use crate::{idempotency, list, notify, object, tasks};
use diptych_spec::Icon;
use serde::Serialize;
use serde_json::{Value, json, value::RawValue};

/// The server's `Implementation`, rendered once for each revision.
pub(crate) fn implementation(settings: &Settings) -> [String; REVISIONS.len()] {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Implementation<'a> {
        name: &'a str,
        version: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        website_url: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<&'a str>,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        icons: &'a [Icon],
    }
    std::array::from_fn(|index| {
        let revision = &REVISIONS[index];
        list::rendered(&Implementation {
            name: &settings.name,
            version: &settings.version,
            title: settings.title.as_deref().filter(|_| revision.titles),
            website_url: settings.website_url.as_deref().filter(|_| revision.websites),
            description: settings.description.as_deref().filter(|_| revision.icons),
            icons: if revision.icons { &settings.icons } else { &[] },
        })
    })
}

/// Only what is served is declared.
fn capabilities(server: &Inner, revision: &Revision, out: &mut Vec<u8>) {
    let lists = &server.lists;
    let views = revision.metas && lists.has_views();
    let tasks = revision.tasks && lists.tasks;
    let mut declared = Writer::open(out);
    for (name, served, json) in [
        ("completions", lists.completions, "{}"),
        ("extensions", views || tasks, &extensions(views, tasks)),
        ("logging", lists.logs, "{}"),
        ("prompts", lists.has_prompts(), r#"{"listChanged":true}"#),
        ("resources", lists.has_resources(), r#"{"listChanged":true,"subscribe":true}"#),
        ("tools", lists.has_tools(), r#"{"listChanged":true}"#),
    ] {
        if served {
            declared.raw(name, json);
        }
    }
    declared.close();
}

/// Extensions of the protocol, by name: what is shown in a frame, and tasks.
fn extensions(views: bool, tasks: bool) -> String {
    let named = [("io.modelcontextprotocol/ui", views), (tasks::EXTENSION, tasks)];
    let named = named.into_iter().filter(|(_, served)| *served).map(|(name, _)| (name.to_owned(), json!({})));
    Value::Object(named.collect()).to_string()
}

/// `server/discover` (2026-07-28, server/discover).
pub(crate) fn discover(call: Call<'_>, result: &mut Writer<'_>) -> Freshness {
    result.value("supportedVersions", &Revision::names());
    capabilities(call.server, call.revision, result.member("capabilities"));
    if let Some(instructions) = &call.server.settings.instructions {
        result.value("instructions", instructions);
    }
    Freshness::For { ttl_ms: list::TTL_MS, public: true }
}

/// What `initialize` agreed on.
#[derive(Debug)]
pub(crate) struct Agreed {
    pub(crate) revision: &'static Revision,
    pub(crate) capabilities: Capabilities,
}

/// `initialize` (2025-11-25, basic/lifecycle): writes the result.
pub(crate) fn initialize(server: &Inner, params: &Members<'_>, result: &mut Writer<'_>) -> Result<Agreed, Refusal> {
    let Some(wanted) = params.text("protocolVersion") else {
        return Err(Refusal::params("`protocolVersion` has to be a string"));
    };
    let Some(declared) = params.get("capabilities").filter(|declared| object::is_object(declared)) else {
        return Err(Refusal::params("`capabilities` has to be an object"));
    };
    if !params.get("clientInfo").is_some_and(names_a_client) {
        return Err(Refusal::params("`clientInfo` has to be an object with the strings `name` and `version`"));
    }
    let revision = Revision::negotiated(&wanted);
    result.value("protocolVersion", revision.name);
    capabilities(server, revision, result.member("capabilities"));
    result.raw("serverInfo", &server.implementation[revision.index]);
    if let Some(instructions) = &server.settings.instructions {
        result.value("instructions", instructions);
    }
    Ok(Agreed { revision, capabilities: Capabilities::read(declared.get()) })
}

/// Whether this is an `Implementation`.
pub(crate) fn names_a_client(info: &RawValue) -> bool {
    let info = Members::read(info.get());
    info.is_ok_and(|info| info.text("name").and(info.text("version")).is_some())
}

/// The key in `_meta` of a result that says that nothing of the call was kept.
const DRY_RUN: &str = "dev.diptych/dry-run";

/// What a result has besides its own members: in every era, that it is of a dry run or an earlier call; in the new era, what each
/// one has (2026-07-28, basic, ResultType and Per-response fields).
pub(crate) fn dress(call: Call<'_>, freshness: Freshness, result: &mut Writer<'_>) {
    let mark = |meta: &mut Writer<'_>| match freshness {
        Freshness::DryRun => meta.raw(DRY_RUN, "true"),
        Freshness::Replayed => idempotency::replayed(meta),
        _ => {}
    };
    if !call.revision.is_modern() {
        if matches!(freshness, Freshness::DryRun | Freshness::Replayed) {
            let mut meta = Writer::open(result.member("_meta"));
            mark(&mut meta);
            meta.close();
        }
        return;
    }
    let kind = match freshness {
        Freshness::InputRequired => "input_required",
        Freshness::Task => "task",
        _ => "complete",
    };
    result.value("resultType", kind);
    if let Freshness::For { ttl_ms, public } = freshness {
        result.value("ttlMs", &ttl_ms);
        result.value("cacheScope", if public { "public" } else { "private" });
    }
    let mut meta = Writer::open(result.member("_meta"));
    mark(&mut meta);
    if freshness == Freshness::Subscription {
        meta.raw(notify::SUBSCRIPTION_ID, call.id.json());
    }
    meta.raw("io.modelcontextprotocol/serverInfo", &call.server.implementation[call.revision.index]);
    meta.close();
}
