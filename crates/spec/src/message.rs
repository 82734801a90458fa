//! What a prompt answers: messages for a model (MCP 2026-07-28, server/prompts, PromptMessage).

use crate::{Content, Role};
use schemars::JsonSchema;
use serde::Serialize;

/// One message: who says it, and one content block.
///
/// ```
/// use diptych_spec::{EmbeddedResource, Message};
///
/// let ask = Message::user("Summarise this.");
/// let what = Message::user(EmbeddedResource::text("notes://1", "text/plain", "milk, bread"));
/// assert_ne!(ask, what);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Message {
    role: Role,
    content: Content,
}

/// The messages that a prompt answers, in order, and what they are for.
#[derive(Debug, Clone, PartialEq, Default, Serialize, JsonSchema)]
pub struct Messages {
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    messages: Vec<Message>,
}

impl Message {
    /// What the user says: text, a picture, sound, a resource or a link to one.
    pub fn user(content: impl Into<Content>) -> Self {
        Self { role: Role::User, content: content.into() }
    }

    /// What the model says, to be continued.
    pub fn assistant(content: impl Into<Content>) -> Self {
        Self { role: Role::Assistant, content: content.into() }
    }
}

impl Messages {
    /// No messages yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a message.
    #[must_use]
    pub fn and(mut self, message: Message) -> Self {
        self.messages.push(message);
        self
    }

    /// What these messages are for, with these arguments; the prompt's own description says it for all.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Each message.
    #[must_use]
    pub fn as_slice(&self) -> &[Message] {
        &self.messages
    }
}

impl FromIterator<Message> for Messages {
    fn from_iter<I: IntoIterator<Item = Message>>(messages: I) -> Self {
        Self { description: None, messages: messages.into_iter().collect() }
    }
}

/// What a prompt returns. Text is one message of the user.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what a prompt returns",
    label = "not messages",
    note = "a prompt returns `Result<String>` (one message of the user), `Result<Message>`, `Result<Vec<Message>>` or `Result<Messages>`; a message is `Message::user(content)` or `Message::assistant(content)`"
)]
pub trait IntoMessages: Send + 'static {
    /// The messages.
    fn into_messages(self) -> Messages;
}

impl IntoMessages for Messages {
    fn into_messages(self) -> Messages {
        self
    }
}

impl IntoMessages for Vec<Message> {
    fn into_messages(self) -> Messages {
        self.into_iter().collect()
    }
}

impl IntoMessages for Message {
    fn into_messages(self) -> Messages {
        Messages::new().and(self)
    }
}

impl IntoMessages for String {
    fn into_messages(self) -> Messages {
        Message::user(self).into_messages()
    }
}

impl IntoMessages for &'static str {
    fn into_messages(self) -> Messages {
        Message::user(self).into_messages()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn each_answer_is_messages() {
        let text = |role: &str, text: &str| json!({"role": role, "content": {"type": "text", "text": text}});
        let json = |messages: Messages| serde_json::to_value(messages).unwrap();
        let cases: [(Messages, Value); 5] = [
            ("a".into_messages(), json!({"messages": [text("user", "a")]})),
            ("a".to_owned().into_messages(), json!({"messages": [text("user", "a")]})),
            (Message::assistant("a").into_messages(), json!({"messages": [text("assistant", "a")]})),
            (
                vec![Message::user("a"), Message::assistant("b")].into_messages(),
                json!({"messages": [text("user", "a"), text("assistant", "b")]}),
            ),
            (Messages::new().description("d").into_messages(), json!({"description": "d", "messages": []})),
        ];
        for (messages, expected) in cases {
            assert_eq!(json(messages), expected);
        }
    }
}
