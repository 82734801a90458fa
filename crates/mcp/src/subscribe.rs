//! Telling clients what changed: `subscriptions/listen` of the new era; `resources/subscribe` and the stream that GET opens
//! in the old ones.
//!
//! A listener is sent what it asked for and may read. One that is too slow misses nothing silently: it is told that
//! everything it listens for may have changed.
//!
//! Whether a row may be read is found out when a stream begins to listen for it; whether its operation may be used, also
//! each time something is told. A row that the caller has lost since then is not looked for again: it may be gone, and that is what
//! they want to know.

use crate::call::{Call, Freshness};
use crate::inner::Inner;
use crate::list::Lists;
use crate::notify;
use crate::object::{self, Members};
use crate::refuse::{self, Refusal};
use crate::resources;
use crate::rpc;
use crate::session::Session;
use crate::tasks;
use diptych_pipeline::{Change, Whose};
use diptych_spec::Principal;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast::{Receiver, error::RecvError};

const TOOLS: &str = "notifications/tools/list_changed";
const PROMPTS: &str = "notifications/prompts/list_changed";
const RESOURCES: &str = "notifications/resources/list_changed";
const UPDATED: &str = "notifications/resources/updated";

/// The longest request to listen.
const MAX_BYTES: usize = 256 * 1024;
/// The longest URI that a session subscribes to.
const MAX_URI: usize = 8 * 1024;

/// The resources that a session of the old era has subscribed to, and the streams that are told of them.
#[derive(Debug, Default)]
pub(crate) struct Subscribed(Mutex<Inside>);

#[derive(Debug, Default)]
struct Inside {
    uris: Uris,
    next: u64,
    listeners: BTreeSet<u64>,
}

/// The URIs that somebody listens for, and whose rows they read there, as it was when they began to.
#[derive(Debug, Default)]
struct Uris(BTreeMap<String, Option<Whose>>);

impl Uris {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Uris {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.keys())
    }
}

/// What a stream of the new era is about.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Filter {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    tools_list_changed: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    prompts_list_changed: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    resources_list_changed: bool,
    #[serde(skip_serializing_if = "Uris::is_empty")]
    resource_subscriptions: Uris,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    task_ids: BTreeSet<String>,
}

/// Whether a request may be as long as it is: one to listen is kept for as long as its stream.
pub(crate) fn fits(method: &str, bytes: usize) -> Result<(), Refusal> {
    if method == "subscriptions/listen" && bytes > MAX_BYTES {
        let detail = format!("a request to listen is at most {MAX_BYTES} bytes long; open several streams");
        return Err(Refusal::transport(413, detail));
    }
    Ok(())
}

/// `subscriptions/listen` (2026-07-28, basic/patterns/subscriptions). Ends with the client, with the server, or at the
/// greatest age of a stream.
pub(crate) async fn listen(call: Call<'_>) -> Result<Freshness, Refusal> {
    let line = &call.side.line;
    let Some(events) = line.events() else {
        return Err(Refusal::transport(
            406,
            "a subscription is answered with text/event-stream; `Accept` rules it out",
        ));
    };
    let wanted = call.params.get("notifications").and_then(|wanted| Members::read(wanted.get()).ok());
    let Some(wanted) = wanted else {
        return Err(Refusal::params("`notifications` has to be an object"));
    };
    let _place = call.server.listeners.take(call.principal).ok_or_else(|| refuse::too_many_listeners(call.revision))?;
    let mut changes = call.server.engine.changes().listen();
    let filter = honoured(call, &wanted).await?;
    let id = call.id.json();
    line.send(rpc::notification("notifications/subscriptions/acknowledged", |params| {
        params.value("notifications", &filter);
        notify::subscribed(params, id);
    }));
    let told = async {
        // Where the tasks are by now: one that is over changes no more.
        let mut changed = Changed::tasks(&filter.task_ids);
        loop {
            let may_read = |uri: &str| resources::may_be_read(call.server, call.principal, uri);
            for (method, uri) in filter.select(&changed).filter(|(_, uri)| uri.is_none_or(may_read)) {
                events.room().await;
                line.send(notify::changed(method, uri, Some(id)));
            }
            for task in changed.tasks_among(&filter.task_ids) {
                events.room().await;
                if let Some(message) = tasks::notification(call, task, id).await {
                    line.send(message);
                }
            }
            let Some(next) = next(&mut changes).await else { return };
            changed = next;
        }
    };
    until_it_ends(call.server, None, told).await;
    Ok(Freshness::Subscription)
}

/// What of the wanted can be had: lists that there are, resources that the caller can read.
async fn honoured(call: Call<'_>, wanted: &Members<'_>) -> Result<Filter, Refusal> {
    let flag = |name: &str| match wanted.get(name).map(RawValue::get) {
        None | Some("false" | "null") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(Refusal::params(format!("`notifications.{name}` has to be a boolean"))),
    };
    let most = call.server.settings.max_subscriptions;
    let set = |name: &str| {
        let given = wanted.get(name).map_or("[]", RawValue::get);
        let set = serde_json::from_str(given).ok().filter(|set: &BTreeSet<String>| set.len() <= most);
        set.ok_or_else(|| {
            Refusal::params(format!("`notifications.{name}` has to be an array of at most {most} strings"))
        })
    };
    let uris = set("resourceSubscriptions")?;
    if wanted.get("taskIds").is_some() {
        tasks::declared(call)?;
    }
    let tasks = set("taskIds")?;
    let lists = &call.server.lists;
    let mut filter = Filter {
        tools_list_changed: flag("toolsListChanged")?,
        prompts_list_changed: flag("promptsListChanged")? && lists.has_prompts(),
        resources_list_changed: flag("resourcesListChanged")? && lists.has_resources(),
        resource_subscriptions: Uris::default(),
        task_ids: BTreeSet::new(),
    };
    for uri in uris {
        if let Some(read) = resources::readable(call, &uri).await? {
            filter.resource_subscriptions.0.insert(uri, read.whose().cloned());
        }
    }
    for id in tasks {
        if tasks::is_there(call, &id).await {
            filter.task_ids.insert(id);
        }
    }
    Ok(filter)
}

impl Filter {
    fn select<'a>(&'a self, changed: &'a Changed) -> impl Iterator<Item = (&'static str, Option<&'a str>)> {
        let lists = [
            (self.tools_list_changed && changed.has(&Change::Tools), TOOLS),
            (self.prompts_list_changed && changed.has(&Change::Prompts), PROMPTS),
            (self.resources_list_changed && changed.has(&Change::Resources), RESOURCES),
        ];
        let lists = lists.into_iter().filter(|(told, _)| *told).map(|(_, method)| (method, None));
        lists.chain(changed.among(&self.resource_subscriptions).map(|uri| (UPDATED, Some(uri))))
    }
}

/// `resources/subscribe` (2025-11-25, server/resources, Subscriptions).
pub(crate) async fn subscribe(call: Call<'_>) -> Result<Freshness, Refusal> {
    let (uri, session) = subscription(call)?;
    let Some(read) = resources::readable(call, &uri).await? else {
        return Err(refuse::no_resource(&uri, call.revision));
    };
    let most = call.server.settings.max_subscriptions;
    let mut inside = session.subscribed.lock();
    if inside.uris.0.len() >= most && !inside.uris.0.contains_key(&uri) {
        return Err(Refusal::params(format!("a session has at most {most} resource subscriptions")));
    }
    inside.uris.0.insert(uri, read.whose().cloned());
    Ok(Freshness::Unsaid)
}

/// `resources/unsubscribe`.
pub(crate) fn unsubscribe(call: Call<'_>) -> Result<Freshness, Refusal> {
    let (uri, session) = subscription(call)?;
    session.subscribed.lock().uris.0.remove(&uri);
    Ok(Freshness::Unsaid)
}

fn subscription<'a>(call: Call<'a>) -> Result<(String, &'a Session), Refusal> {
    let uri = call.params.get("uri").and_then(object::text);
    let uri = uri.filter(|uri| uri.len() <= MAX_URI);
    let uri = uri.ok_or_else(|| Refusal::params(format!("`uri` has to be a string of at most {MAX_URI} bytes")))?;
    let session = call.side.session.as_deref();
    Ok((uri.into_owned(), session.ok_or_else(|| Refusal::request("subscriptions need a session"))?))
}

/// Tells a session of the old era what changes, until it ends. With `missed`, it may have missed something.
pub(crate) async fn tell(
    server: &Inner,
    session: &Session,
    principal: Option<&Principal>,
    line: &impl Told,
    missed: bool,
) {
    let mut changes = server.engine.changes().listen();
    let listener = session.subscribed.listener();
    let told = async {
        let mut changed = missed.then_some(Changed::Everything);
        loop {
            if let Some(changed) = changed.filter(|_| listener.is_newest()) {
                let may_read = |uri: &str| resources::may_be_read(server, principal, uri);
                for (method, uri) in session.subscribed.select(&changed, &server.lists, may_read) {
                    line.tell(notify::changed(method, uri.as_deref(), None)).await;
                }
            }
            changed = next(&mut changes).await;
            if changed.is_none() {
                return;
            }
        }
    };
    until_it_ends(server, Some(session), told).await;
}

/// Something that notifications are written to, as fast as they are read.
pub(crate) trait Told {
    fn tell(&self, message: Vec<u8>) -> impl Future<Output = ()>;
}

impl Subscribed {
    fn select(
        &self,
        changed: &Changed,
        lists: &Lists,
        may_read: impl Fn(&str) -> bool,
    ) -> Vec<(&'static str, Option<String>)> {
        let lists = [
            (lists.has_tools(), Change::Tools, TOOLS),
            (lists.has_prompts(), Change::Prompts, PROMPTS),
            (lists.has_resources(), Change::Resources, RESOURCES),
        ];
        let lists = lists.into_iter().filter(|(there, list, _)| *there && changed.has(list));
        let lists = lists.map(|(_, _, method)| (method, None));
        let inside = self.lock();
        let updated = changed.among(&inside.uris).filter(|uri| may_read(uri));
        let updated = updated.map(|uri| (UPDATED, Some(uri.to_owned())));
        lists.chain(updated).collect()
    }

    fn listener(&self) -> Listener<'_> {
        let mut inside = self.lock();
        let number = inside.next;
        inside.next += 1;
        inside.listeners.insert(number);
        Listener { subscribed: self, number }
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of the streams of a session. Only the newest is written to: no message goes out twice (2025-11-25,
/// basic/transports, Multiple Connections).
struct Listener<'s> {
    subscribed: &'s Subscribed,
    number: u64,
}

impl Listener<'_> {
    fn is_newest(&self) -> bool {
        self.subscribed.lock().listeners.last() == Some(&self.number)
    }
}

impl Drop for Listener<'_> {
    fn drop(&mut self) {
        self.subscribed.lock().listeners.remove(&self.number);
    }
}

/// What changed since a listener last looked.
enum Changed {
    These(Vec<Change>),
    /// It missed something.
    Everything,
}

impl Changed {
    fn tasks(ids: &BTreeSet<String>) -> Self {
        Self::These(ids.iter().map(|id| Change::Task(id.as_str().into())).collect())
    }

    fn tasks_among<'a>(&'a self, ids: &'a BTreeSet<String>) -> impl Iterator<Item = &'a str> {
        let has = |id: &str| match self {
            Self::These(changes) => changes.iter().any(|change| matches!(change, Change::Task(own) if **own == *id)),
            Self::Everything => true,
        };
        ids.iter().map(String::as_str).filter(move |id| has(id))
    }

    fn has(&self, list: &Change) -> bool {
        match self {
            Self::These(changes) => changes.contains(list),
            Self::Everything => true,
        }
    }

    fn among<'a>(&'a self, uris: &'a Uris) -> impl Iterator<Item = &'a str> {
        let has = |uri: &str, reader: Option<&Whose>| match self {
            Self::These(changes) => changes.iter().any(|change| change.concerns(uri, reader)),
            Self::Everything => true,
        };
        uris.0.iter().filter(move |(uri, reader)| has(uri, reader.as_ref())).map(|(uri, _)| uri.as_str())
    }
}

/// Waits for changes, and takes all that there are.
async fn next(changes: &mut Receiver<Change>) -> Option<Changed> {
    let mut taken = match changes.recv().await {
        Ok(change) => vec![change],
        Err(RecvError::Lagged(_)) => return Some(Changed::Everything),
        Err(RecvError::Closed) => return None,
    };
    while let Ok(change) = changes.try_recv() {
        if !taken.contains(&change) {
            taken.push(change);
        }
    }
    Some(Changed::These(taken))
}

/// Runs until the server closes, the session ends, or the stream is too old.
async fn until_it_ends(server: &Inner, session: Option<&Session>, told: impl Future<Output = ()>) {
    let ended = async {
        match session {
            Some(session) => session.ended.cancelled().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = told => {}
        () = ended => {}
        () = server.closing.cancelled() => {}
        () = tokio::time::sleep(server.settings.stream_age) => {}
    }
}
