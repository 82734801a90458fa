//! What the client hears and says while an operation runs: questions, changes, progress, cancelling.

use crate::{Checked, Client, call, report, same, structured, text};
use rmcp::{
    ClientHandler, RoleClient, ServiceError,
    model::{
        ClientCapabilities, ClientConfig, ElicitRequestParams, ElicitResult, ElicitationAction, ErrorData,
        ProgressNotificationParam, ResourceUpdatedNotificationParam, ServerNotification, SubscribeRequestParams,
        SubscriptionFilter, UnsubscribeRequestParams,
    },
    service::{NotificationContext, RequestContext},
};
use serde_json::{Value, json};
use std::{
    env,
    process::Stdio,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::{sleep, timeout},
};

const PATIENCE: Duration = Duration::from_secs(20);
/// How long a call takes at most to be where it waits, and its withdrawal to be heard.
const SETTLED: Duration = Duration::from_millis(500);

/// The client as the server sees it.
pub(crate) struct Interop {
    changed: UnboundedSender<String>,
    progress: UnboundedSender<(f64, Option<f64>)>,
    /// Who answers; a client without cannot be asked, and says so.
    pub(crate) user: Option<User>,
}

/// What the user answers, and the message that was asked last.
#[derive(Default)]
pub(crate) struct User {
    answer: Mutex<Option<ElicitResult>>,
    asked: Mutex<String>,
}

/// What the client was told: URIs that changed (in sessions they come to the client, not to a stream), and progress.
pub(crate) struct Told {
    changed: UnboundedReceiver<String>,
    progress: UnboundedReceiver<(f64, Option<f64>)>,
}

impl Interop {
    pub(crate) fn new(user: Option<User>) -> (Self, Told) {
        let ((tell_changed, changed), (tell_progress, progress)) = (unbounded_channel(), unbounded_channel());
        (Self { changed: tell_changed, progress: tell_progress, user }, Told { changed, progress })
    }
}

impl ClientHandler for Interop {
    fn get_info(&self) -> ClientConfig {
        let mut config = ClientConfig::default();
        if self.user.is_some() {
            config.capabilities = ClientCapabilities::builder().enable_elicitation().build();
        }
        config
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let user = self.user.as_ref().ok_or_else(|| ErrorData::internal_error("nobody can be asked", None))?;
        if let ElicitRequestParams::FormElicitationParams { message, .. } = request {
            *user.asked.lock().unwrap_or_else(PoisonError::into_inner) = message;
        }
        let answer = user.answer.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(answer.unwrap_or_else(|| ElicitResult::new(ElicitationAction::Cancel)))
    }

    async fn on_resource_updated(&self, params: ResourceUpdatedNotificationParam, _: NotificationContext<RoleClient>) {
        let _ = self.changed.send(params.uri);
    }

    async fn on_progress(&self, params: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        let _ = self.progress.send((params.progress, params.total));
    }
}

/// A client that did not say that it can be asked.
pub(crate) async fn incapable(name: &str, version: &str, client: &Client) {
    report(&format!("{name}: a client that cannot be asked is told what is missing"), async {
        let (id, _) = draft().await?;
        match call(client, "invoices.delete", json!({"id": id})).await {
            Err(ServiceError::McpError(error)) => {
                same(&(version, error.code.0), &("2026-07-28", -32021))?;
                let required = error.data.map(|data| data["requiredCapabilities"].clone());
                same(&required, &Some(json!({"elicitation": {"form": {}}})))?;
            }
            Ok(refused) => {
                same(&(version, refused.is_error), &("2025-11-25", Some(true)))?;
                same(&*code(text(&refused)?)?, "input_required")?;
            }
            other => return Err(format!("{other:?}").into()),
        }
        same(&*status(&id).await?, "draft")
    })
    .await;
}

/// All that a client can do.
pub(crate) async fn run(name: &str, version: &str, client: &Client, mut told: Told, over_http: bool) {
    let check = |text: &str| format!("{name}: {text}");
    let Some(user) = &client.service().user else { return };
    let answers = |answer: ElicitResult| *user.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);

    report(&check("is asked, accepts, and the draft is deleted"), async {
        let (id, number) = draft().await?;
        answers(ElicitResult::new(ElicitationAction::Accept).with_content(json!({"sure": true})));
        let deleted = call(client, "invoices.delete", json!({"id": id})).await?;
        same(&(deleted.is_error.unwrap_or(false), &*status(&id).await?), &(false, "404"))?;
        same(&user.asked.lock().unwrap_or_else(PoisonError::into_inner).contains(&number), &true)
    })
    .await;

    report(&check("is asked, does not confirm, and nothing is deleted"), async {
        let (id, _) = draft().await?;
        for answer in [
            ElicitResult::new(ElicitationAction::Decline),
            ElicitResult::new(ElicitationAction::Cancel),
            ElicitResult::new(ElicitationAction::Accept).with_content(json!({"sure": false})),
        ] {
            answers(answer);
            let refused = call(client, "invoices.delete", json!({"id": id})).await?;
            same(&refused.is_error, &Some(true))?;
            same(&*code(text(&refused)?)?, "not_confirmed")?;
            same(&*status(&id).await?, "draft")?;
        }
        Ok(())
    })
    .await;

    report(&check("subscribes to an invoice, and hears that it was sent"), async {
        let (id, _) = draft().await?;
        let uri = format!("invoices://{id}");
        let changed = if version >= "2026" {
            let mut stream = client.listen(SubscriptionFilter::builder().resource_subscription(&uri).build()).await?;
            change(client, &id, over_http).await?;
            let changed = match timeout(PATIENCE, stream.next()).await?? {
                Some(ServerNotification::ResourceUpdatedNotification(notification)) => notification.params.uri,
                other => return Err(format!("{other:?}").into()),
            };
            stream.cancel().await?;
            changed
        } else {
            #[expect(deprecated, reason = "it is how sessions subscribe")]
            client.subscribe(SubscribeRequestParams::new(&uri)).await?;
            change(client, &id, over_http).await?;
            let changed = timeout(PATIENCE, told.changed.recv()).await?.ok_or("the client is gone")?;
            #[expect(deprecated, reason = "it is how sessions unsubscribe")]
            client.unsubscribe(UnsubscribeRequestParams::new(&uri)).await?;
            changed
        };
        same(&changed, &uri)
    })
    .await;

    report(&check("hears how far the reminders are"), async {
        let answer = call(client, "reports.reminders", json!({})).await?;
        let written = structured(&answer)?["reminders"].as_array().map_or(0, Vec::len) as f64;
        let mut before = 0.0;
        while before < written {
            let (done, total) = timeout(PATIENCE, told.progress.recv()).await?.ok_or("the client is gone")?;
            same(&(done > before, total), &(true, Some(written)))?;
            before = done;
        }
        same(&(written > 0.0, before), &(true, written))
    })
    .await;

    report(&check("withdraws a call, and nothing is sent"), async {
        let (id, _) = draft().await?;
        let mut lock = staged(&["locked", &id])?;
        line(&mut lock).await?;
        same(&timeout(SETTLED, call(client, "invoices.send", json!({"id": id}))).await.is_err(), &true)?;
        sleep(SETTLED).await;
        drop(lock.stdin.take());
        lock.wait().await?;
        same(&*status(&id).await?, "draft")?;
        same(&call(client, "invoices.get", json!({"id": id})).await?.is_error.unwrap_or(false), &false)
    })
    .await;
}

/// Changes are told in the process that made them: on stdio that is the client's own.
async fn change(client: &Client, id: &str, over_http: bool) -> Checked {
    if over_http {
        return same(&*line(&mut staged(&["send", id])?).await?, "sent");
    }
    let sent = call(client, "invoices.send", json!({"id": id})).await?;
    same(&structured(&sent)?["status"], &json!("sent"))
}

/// The id and number of a new draft.
async fn draft() -> Result<(String, String), Box<dyn std::error::Error>> {
    let said = line(&mut staged(&["draft"])?).await?;
    let (id, number) = said.split_once(' ').ok_or("no draft")?;
    Ok((id.to_owned(), number.to_owned()))
}

/// What a draft became: its status, or 404.
async fn status(id: &str) -> Result<String, Box<dyn std::error::Error>> {
    line(&mut staged(&["status", id])?).await
}

/// Starts `checks/scene.py`.
fn staged(words: &[&str]) -> Result<Child, Box<dyn std::error::Error>> {
    let scene = format!("{}/scene.py", env::var("INTEROP_CHECKS")?);
    Ok(Command::new("python").arg(scene).args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?)
}

/// The line that it prints.
async fn line(child: &mut Child) -> Result<String, Box<dyn std::error::Error>> {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().ok_or("no output")?).read_line(&mut line).await?;
    Ok(line.trim().to_owned())
}

fn code(problem: &str) -> Result<String, Box<dyn std::error::Error>> {
    let problem: Value = serde_json::from_str(problem)?;
    Ok(problem["code"].as_str().unwrap_or_default().to_owned())
}
