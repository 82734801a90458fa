//! Running an operation that may ask the caller, in both eras.
//!
//! An operation that asks ends with its questions (see `diptych_spec::Ask`) and is run again with the answers. Where these
//! come from is all that differs: in the new era from the next request, which brings back what it was told to keep
//! (2026-07-28, basic/patterns/mrtr); before it, from the client's response to a request on the call's stream.

use crate::call::Call;
use crate::capability;
use crate::era::Revision;
use crate::object::{self, Writer};
use crate::peer::Peer;
use crate::refuse::{self, Refusal};
use crate::rpc;
use crate::tasks;
use diptych_pipeline::{Caller, Operation, Outcome, Serial};
use diptych_spec::{Arguments, Capability, Error, ErrorKind, IdempotencyKey, Question, canonical_json};
use futures_util::future;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json, value::RawValue};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How often one call may ask.
const MAX_ROUNDS: usize = 32;

/// The longest that questions of the new era wait for their answers, whatever the settings say: a year.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// What came of running an operation.
pub(crate) enum Dispatched {
    Done(Outcome),
    Failed(Error),
    /// The questions are written; the result is not complete (2026-07-28, `InputRequiredResult`).
    Asked,
    /// It goes on as a task, which is written (SEP-2663, `CreateTaskResult`).
    Begun,
}

/// What the client keeps between two rounds.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    /// Seconds since 1970.
    until: u64,
    /// The keys of the questions that were asked.
    asked: Vec<String>,
    answers: Map<String, Value>,
}

/// What a request of the new era brought back.
#[derive(Default)]
struct Brought {
    answers: Map<String, Value>,
    /// The state that came with them, and until when it holds.
    serial: Option<(Serial, Instant)>,
}

impl Call<'_> {
    /// Runs an operation for this call. What its client keeps meanwhile is of no use to another call.
    pub(crate) async fn dispatch(
        self,
        operation: &Operation,
        arguments: Arguments<'_>,
        result: &mut Writer<'_>,
    ) -> Result<Dispatched, Refusal> {
        self.dispatch_until_task(operation, arguments, self.caller(), None, result).await
    }

    /// The same for this caller, up to where the operation says that it goes on as a task. `task` is the text of the arguments, when it may.
    pub(crate) async fn dispatch_until_task(
        self,
        operation: &Operation,
        arguments: Arguments<'_>,
        caller: Caller,
        task: Option<&str>,
        result: &mut Writer<'_>,
    ) -> Result<Dispatched, Refusal> {
        let (engine, declaration) = (&self.server.engine, operation.declaration());
        if self.revision.is_modern() && !declaration.asks() && self.params.get("requestState").is_some() {
            // It is of another operation, or of nobody: this one never gave any.
            return Err(foreign_state());
        }
        if !declaration.converses() {
            return Ok(match engine.dispatch(operation, arguments, caller).await {
                Ok(outcome) => Dispatched::Done(outcome),
                Err(error) => Dispatched::Failed(error),
            });
        }
        // However often it is run for this request, it is one call.
        let mut admitted = caller;
        if let Err(error) = engine.admit(operation, &mut admitted, None).await {
            return Ok(Dispatched::Failed(error));
        }
        let is_modern = self.revision.is_modern();
        let key = admitted.idempotency_key.clone();
        let key = key.as_ref();
        let brought = if is_modern && declaration.asks() { self.brought(operation, key)? } else { Brought::default() };
        // A state that is bound to a key can be sent again: the key is good for one effect.
        let used = brought.serial.filter(|_| operation.is_service() && key.is_none());
        if used.is_some_and(|(serial, until)| !self.server.used.claim(serial, until)) {
            return Err(Refusal::params("`requestState` was used before; call again without it"));
        }
        // Only what is known to have failed may happen again; a call that was dropped may have been committed.
        let give_back = || used.iter().for_each(|(serial, _)| self.server.used.release(serial));
        let peer = Arc::new(Peer::new(self, brought.answers, task.is_some()));
        for _ in 0..MAX_ROUNDS {
            let mut caller = admitted.clone();
            caller.peer = Some(Arc::clone(&peer) as Arc<dyn diptych_spec::Peer>);
            let error = match engine.dispatch(operation, arguments.clone(), caller).await {
                Ok(outcome) => return Ok(Dispatched::Done(outcome)),
                Err(error) if error.kind() == ErrorKind::OutcomeUnknown => return Ok(Dispatched::Failed(error)),
                Err(error) if error.begins_task() => {
                    let (answers, arguments) = (peer.answers().clone(), task.unwrap_or("{}"));
                    return Ok(match tasks::create(self, &admitted, operation, arguments, answers, result).await {
                        Ok(()) => Dispatched::Begun,
                        Err(error) => {
                            give_back();
                            Dispatched::Failed(error)
                        }
                    });
                }
                Err(error) => error,
            };
            give_back();
            if error.kind() != ErrorKind::InputRequired {
                return Ok(Dispatched::Failed(error));
            }
            let questions = error.questions();
            let beyond: Vec<_> = needs(questions).filter(|capability| !peer.capabilities.can(*capability)).collect();
            if is_modern && !beyond.is_empty() {
                return Err(refuse::incapable(capability::declaration(beyond.into_iter()), &error));
            }
            if !beyond.is_empty() || questions.is_empty() || (!is_modern && !self.side.line.is_open()) {
                return Ok(Dispatched::Failed(error));
            }
            if is_modern {
                self.ask_later(questions, &peer, operation, key, result);
                return Ok(Dispatched::Asked);
            }
            if !self.ask_now(questions, &peer).await {
                return Ok(Dispatched::Failed(error));
            }
        }
        Ok(Dispatched::Failed(Error::internal("an operation asks again and again")))
    }

    /// The new era: the client is told what to ask, and what to bring back.
    fn ask_later(
        self,
        questions: &[Question],
        peer: &Peer,
        operation: &Operation,
        key: Option<&IdempotencyKey>,
        result: &mut Writer<'_>,
    ) {
        // The effect comes later than this, so a key that is kept so long outlives the state that is bound to it.
        let kept = key.map_or(LONGEST, |_| self.server.engine.settings().keep_idempotency_keys);
        let asked = |question: &Question| (question.key.clone(), request(&json!(question), self.revision));
        let requests: Map<String, Value> = questions.iter().map(asked).collect();
        let state = State {
            until: now().saturating_add(self.server.settings.answer_deadline.min(LONGEST).min(kept).as_secs()),
            asked: questions.iter().map(|question| question.key.clone()).collect(),
            answers: peer.answers().clone(),
        };
        let mut text = Vec::new();
        object::write(&mut text, &state);
        result.value("inputRequests", &requests);
        result.value("requestState", &self.server.engine.seal().seal(&self.bound_to(operation, key), &text));
    }

    /// What the client brought back from the round before. Without a state of ours that is nothing to a service: it could not
    /// be kept from using its answers twice.
    fn brought(self, operation: &Operation, key: Option<&IdempotencyKey>) -> Result<Brought, Refusal> {
        let responses = responses(self.params.get("inputResponses").map_or("{}", RawValue::get))?;
        let Some(state) = self.params.get("requestState") else {
            let answers = if operation.is_service() { Map::new() } else { responses };
            return Ok(Brought { answers, serial: None });
        };
        let wrong = foreign_state;
        let state = object::text(state).ok_or_else(wrong)?;
        let (serial, text) =
            self.server.engine.seal().open(&self.bound_to(operation, key), &state).ok_or_else(wrong)?;
        let State { until, asked, answers: mut known } = serde_json::from_slice(&text).map_err(|_| wrong())?;
        let left = until.checked_sub(now()).ok_or_else(wrong)?;
        known.extend(responses.into_iter().filter(|(key, _)| asked.contains(key)));
        Ok(Brought { answers: known, serial: Some((serial, Instant::now() + Duration::from_secs(left))) })
    }

    /// Who calls, what, with which idempotency key, and at which mount: no other caller, and no other call, can use the same state.
    fn bound_to(self, operation: &Operation, key: Option<&IdempotencyKey>) -> Vec<u8> {
        let mut out = Vec::new();
        let (issuer, subject) = self.principal.map_or(("", ""), |who| (who.issuer(), who.subject()));
        let key = key.map_or("", IdempotencyKey::as_str);
        for text in [&*self.server.place, issuer, subject, self.method, operation.declaration().name(), key] {
            out.extend_from_slice(&(text.len() as u64).to_be_bytes());
            out.extend_from_slice(text.as_bytes());
        }
        let mut canonical = String::new();
        for name in ["arguments", "uri"] {
            let value = self.params.get(name).and_then(|value| serde_json::from_str::<Value>(value.get()).ok());
            canonical_json(&value.unwrap_or_default(), &mut canonical);
        }
        out.extend_from_slice(canonical.as_bytes());
        out
    }

    /// The old era: requests on the call's stream. Whether all of them were answered in time; where too many calls wait, none is sent.
    async fn ask_now(self, questions: &[Question], peer: &Peer) -> bool {
        let Some(session) = &self.side.session else { return false };
        let Some(_place) = self.server.questions.take(self.principal) else { return false };
        let answers = questions.iter().map(|question| async move {
            let mut waiting = session.pending.open();
            let asked = request(&json!(question), self.revision);
            let method = asked.get("method").and_then(Value::as_str).unwrap_or_default();
            self.side.line.send(rpc::request(waiting.id(), method, &asked["params"]));
            let answer = waiting.answer().await;
            answer.map(|answer| peer.answered(&question.key, answer)).is_some()
        });
        let all = future::join_all(answers);
        let all = tokio::time::timeout(self.server.settings.answer_deadline, all);
        all.await.is_ok_and(|answered| answered.into_iter().all(|answered| answered))
    }
}

/// What `inputResponses` says: an answer to each question, by its key.
pub(crate) fn responses(json: &str) -> Result<Map<String, Value>, Refusal> {
    let responses = serde_json::from_str::<Map<String, Value>>(json).ok();
    let responses = responses.filter(|responses| responses.values().all(Value::is_object));
    responses.ok_or_else(|| Refusal::params("`inputResponses` has to be an object with an object for each answer"))
}

/// A state that this call was not given.
fn foreign_state() -> Refusal {
    Refusal::params("`requestState` does not belong to this call, or is too old; call again without it")
}

fn needs(questions: &[Question]) -> impl Iterator<Item = Capability> {
    questions.iter().map(|question| question.asking.needs())
}

/// The request that asks a question, which is given as it is written.
pub(crate) fn request(question: &Value, revision: &Revision) -> Value {
    let part =
        |kind: &str, name: &str| question.get(kind).and_then(|asked| asked.get(name)).cloned().unwrap_or_default();
    let (method, mut params) = if question.get("form").is_some() {
        let (message, schema) = (part("form", "message"), part("form", "schema"));
        ("elicitation/create", json!({"mode": "form", "message": message, "requestedSchema": schema}))
    } else if question.get("url").is_some() {
        ("elicitation/create", json!({"mode": "url", "message": part("url", "message"), "url": part("url", "url")}))
    } else if let Some(sampling) = question.get("sampling") {
        ("sampling/createMessage", sampling.clone())
    } else {
        ("roots/list", json!({}))
    };
    if let Some(params) = params.as_object_mut() {
        if !revision.question_modes {
            params.remove("mode");
        }
        if !revision.is_modern() && params.contains_key("url") {
            params.insert("elicitationId".to_owned(), json!(uuid::Uuid::new_v4()));
        }
    }
    json!({"method": method, "params": params})
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
