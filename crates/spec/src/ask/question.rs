//! What an operation asked, and what came back.

use crate::{Capability, Content, Role};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};

/// Something that has to be asked before an operation can go on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Question {
    /// What the answer is found under; different for each question of a call.
    pub key: String,
    /// What is asked.
    #[serde(flatten)]
    pub asking: Asking,
}

/// The kinds of questions (MCP: `elicitation/create` in its two modes, `sampling/createMessage`, `roots/list`).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Asking {
    /// The user fills in a form.
    Form {
        /// What the user reads.
        message: String,
        /// A flat object of text, numbers, booleans and choices.
        schema: Value,
    },
    /// The user visits a page.
    Url {
        /// What the user reads.
        message: String,
        /// The page.
        url: String,
    },
    /// The caller's language model writes a message.
    Sampling(Sampling),
    /// The folders that the user works on.
    Roots {},
}

impl Asking {
    /// What the caller has to be capable of.
    #[must_use]
    pub fn needs(&self) -> Capability {
        match self {
            Self::Form { .. } => Capability::Form,
            Self::Url { .. } => Capability::Url,
            Self::Sampling(_) => Capability::Sampling,
            Self::Roots {} => Capability::Roots,
        }
    }
}

/// What a user did with a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Elicited<T> {
    /// Answered it.
    Accepted(T),
    /// Refused to.
    Declined,
    /// Put it away without an answer.
    Cancelled,
}

impl<T> Elicited<T> {
    /// The answer, if there is one.
    #[must_use]
    pub fn accepted(self) -> Option<T> {
        match self {
            Self::Accepted(answer) => Some(answer),
            Self::Declined | Self::Cancelled => None,
        }
    }
}

/// A message that the caller's language model is asked to write (MCP, client/sampling).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sampling {
    messages: Vec<SamplingMessage>,
    max_tokens: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_prompt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct SamplingMessage {
    role: Role,
    content: Content,
}

impl Sampling {
    /// Asks with this message of the user's, for at most so many tokens.
    #[must_use]
    pub fn new(prompt: impl Into<Content>, max_tokens: u32) -> Self {
        let first = SamplingMessage { role: Role::User, content: prompt.into() };
        Self { messages: vec![first], max_tokens, system_prompt: None, temperature: None, stop_sequences: Vec::new() }
    }

    /// Adds a message to the conversation: text, a picture or sound.
    #[must_use]
    pub fn message(mut self, role: Role, content: impl Into<Content>) -> Self {
        self.messages.push(SamplingMessage { role, content: content.into() });
        self
    }

    /// What the model is told before everything else.
    #[must_use]
    pub fn system_prompt(mut self, prompt: impl Into<String>) -> Self {
        self.system_prompt = Some(prompt.into());
        self
    }

    /// How freely the model chooses its words; 0 is least.
    #[must_use]
    pub fn temperature(mut self, temperature: f64) -> Self {
        self.temperature = Some(temperature);
        self
    }

    /// Ends the message before this text.
    #[must_use]
    pub fn stop_at(mut self, sequence: impl Into<String>) -> Self {
        self.stop_sequences.push(sequence.into());
        self
    }
}

/// What the caller's language model wrote.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sampled {
    /// Who speaks.
    pub role: Role,
    /// A content block, or an array of them.
    pub content: Value,
    /// The model that wrote it.
    pub model: String,
    /// Why it stopped.
    #[serde(default)]
    pub stop_reason: Option<String>,
}

impl Sampled {
    /// The text of it.
    #[must_use]
    pub fn text(&self) -> String {
        let blocks = match &self.content {
            Value::Array(blocks) => blocks.as_slice(),
            block => std::slice::from_ref(block),
        };
        blocks.iter().filter_map(|block| block.get("text")?.as_str()).collect()
    }
}

/// A folder or file that the user works on (MCP, client/roots).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Root {
    /// A `file://` URI.
    pub uri: String,
    /// A name for people.
    #[serde(default)]
    pub name: Option<String>,
}

/// The questions of one call that have no answer yet. Clones are the same list.
#[derive(Debug, Clone, Default)]
pub struct Questions(Arc<Mutex<Vec<Question>>>);

impl Questions {
    pub(super) fn add(&self, question: Question) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.iter().all(|known| known.key != question.key) {
            open.push(question);
        }
    }

    /// Takes all of them.
    #[must_use]
    pub fn take(&self) -> Vec<Question> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
