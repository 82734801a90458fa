//! Running an operation that may ask the caller, in both eras.
//!
//! An operation that asks ends with its questions (see `diptych_spec::Ask`) and is run again with the answers. Where these
//! come from is all that differs: in the new era from the next request, which brings back what it was told to keep
//! (2026-07-28, basic/patterns/mrtr); before it, from the client's response to a request on the call's stream.

use crate::capability;
use crate::era::Revision;
use crate::method::Call;
use crate::object::{self, Writer};
use crate::peer::{self, Peer};
use crate::refuse::{self, Refusal};
use crate::rpc;
use crate::seal::Serial;
use crate::tasks;
use diptych_pipeline::{Operation, Outcome};
use diptych_spec::{Arguments, Capability, Error, ErrorKind, Question};
use futures_util::future;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How often one call may ask.
const MAX_ROUNDS: usize = 32;

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
    /// Runs an operation for this call. `params` are what the call is about: another call cannot use its answers.
    pub(crate) async fn dispatch(
        self,
        operation: &Operation,
        arguments: Arguments<'_>,
        result: &mut Writer<'_>,
    ) -> Result<Dispatched, Refusal> {
        self.dispatch_until_task(operation, arguments, None, result).await
    }

    /// The same, up to where the operation says that it goes on as a task. `task` is the text of the arguments, when it may.
    pub(crate) async fn dispatch_until_task(
        self,
        operation: &Operation,
        arguments: Arguments<'_>,
        task: Option<&str>,
        result: &mut Writer<'_>,
    ) -> Result<Dispatched, Refusal> {
        let (engine, declaration) = (&self.server.engine, operation.declaration());
        if !declaration.converses() {
            return Ok(match engine.dispatch(operation, arguments, self.caller()).await {
                Ok(outcome) => Dispatched::Done(outcome),
                Err(error) => Dispatched::Failed(error),
            });
        }
        let is_modern = self.revision.is_modern();
        let brought = if is_modern && declaration.asks() { self.brought(operation)? } else { Brought::default() };
        let used = brought.serial.filter(|_| operation.is_service());
        if used.is_some_and(|(serial, until)| !self.server.seal.claim(serial, until)) {
            return Err(Refusal::params("`requestState` was used before; call again without it"));
        }
        // Only what is known to have failed may happen again; a call that was dropped may have been committed.
        let give_back = || used.iter().for_each(|(serial, _)| self.server.seal.release(serial));
        let peer = Arc::new(Peer::new(self, brought.answers, task.is_some()));
        for _ in 0..MAX_ROUNDS {
            let mut caller = self.caller();
            caller.peer = Some(Arc::clone(&peer) as Arc<dyn diptych_spec::Peer>);
            let error = match engine.dispatch(operation, arguments.clone(), caller).await {
                Ok(outcome) => return Ok(Dispatched::Done(outcome)),
                Err(error) if error.kind() == ErrorKind::OutcomeUnknown => return Ok(Dispatched::Failed(error)),
                Err(error) if error.begins_task() => {
                    let (answers, arguments) = (peer.answers().clone(), task.unwrap_or("{}"));
                    return Ok(match tasks::create(self, operation, arguments, answers, result).await {
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
                self.ask_later(questions, &peer, operation, result);
                return Ok(Dispatched::Asked);
            }
            if !self.ask_now(questions, &peer).await {
                return Ok(Dispatched::Failed(error));
            }
        }
        Ok(Dispatched::Failed(Error::internal("an operation asks again and again")))
    }

    /// The new era: the client is told what to ask, and what to bring back.
    fn ask_later(self, questions: &[Question], peer: &Peer, operation: &Operation, result: &mut Writer<'_>) {
        let asked = |question: &Question| (question.key.clone(), request(&json!(question), self.revision));
        let requests: Map<String, Value> = questions.iter().map(asked).collect();
        let state = State {
            until: now().saturating_add(self.server.settings.answer_deadline.as_secs()),
            asked: questions.iter().map(|question| question.key.clone()).collect(),
            answers: peer.answers().clone(),
        };
        let mut text = Vec::new();
        object::write(&mut text, &state);
        result.value("inputRequests", &requests);
        result.value("requestState", &self.server.seal.seal(&self.bound_to(operation), &text));
    }

    /// What the client brought back from the round before. Without a state of ours that is nothing to a service: it could not
    /// be kept from using its answers twice.
    fn brought(self, operation: &Operation) -> Result<Brought, Refusal> {
        let responses: HashMap<String, Map<String, Value>> = match self.params.get("inputResponses") {
            None => HashMap::new(),
            Some(responses) => serde_json::from_str(responses.get())
                .map_err(|_| Refusal::params("`inputResponses` has to be an object with an object for each answer"))?,
        };
        let answers =
            |responses: HashMap<_, _>| responses.into_iter().map(|(key, answer)| (key, Value::Object(answer)));
        let Some(state) = self.params.get("requestState") else {
            let taken = if operation.is_service() { HashMap::new() } else { responses };
            return Ok(Brought { answers: answers(taken).collect(), serial: None });
        };
        let wrong =
            || Refusal::params("`requestState` does not belong to this call, or is too old; call again without it");
        let state = object::text(state).ok_or_else(wrong)?;
        let (serial, text) = self.server.seal.open(&self.bound_to(operation), &state).ok_or_else(wrong)?;
        let State { until, asked, answers: mut known } = serde_json::from_slice(&text).map_err(|_| wrong())?;
        let left = until.checked_sub(now()).ok_or_else(wrong)?;
        known.extend(answers(responses).filter(|(key, _)| asked.contains(key)));
        Ok(Brought { answers: known, serial: Some((serial, Instant::now() + Duration::from_secs(left))) })
    }

    /// Who calls, what, and at which mount: no other caller, and no other call, can use the same state.
    fn bound_to(self, operation: &Operation) -> Vec<u8> {
        let mut out = Vec::new();
        let (issuer, subject) = self.principal.map_or(("", ""), |who| (who.issuer(), who.subject()));
        for text in [&*self.server.place, issuer, subject, self.method, operation.declaration().name()] {
            out.extend_from_slice(&(text.len() as u64).to_be_bytes());
            out.extend_from_slice(text.as_bytes());
        }
        for name in ["arguments", "uri"] {
            let value = self.params.get(name).and_then(|value| serde_json::from_str::<Value>(value.get()).ok());
            peer::canonical(&value.unwrap_or_default(), &mut out);
        }
        out
    }

    /// The old era: requests on the call's stream. Whether all of them were answered in time.
    async fn ask_now(self, questions: &[Question], peer: &Peer) -> bool {
        let Some(session) = &self.side.session else { return false };
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
