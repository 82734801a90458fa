//! What a server says of itself, and its limits.

use diptych_spec::{Format, Icon, JsonLimits};
use std::fmt;
use std::time::Duration;

/// What a [`crate::Server`] says of itself, and its limits. Every field can be changed after [`Settings::new`].
#[derive(Clone)]
pub struct Settings {
    /// The name of the implementation (`serverInfo.name`).
    pub name: String,
    /// The version of the implementation (`serverInfo.version`).
    pub version: String,
    /// A name for people (`serverInfo.title`).
    pub title: Option<String>,
    /// What it is for (`serverInfo.description`).
    pub description: Option<String>,
    /// Its icons (`serverInfo.icons`).
    pub icons: Vec<Icon>,
    /// Where people read about it (`serverInfo.websiteUrl`).
    pub website_url: Option<String>,
    /// How a model should use the server; hosts may put it into the system prompt.
    pub instructions: Option<String>,
    /// The format of the text of tools' answers, where an operation and the request say nothing; JSON.
    pub format: Format,
    /// How many entries a page of a list has at most; 100.
    pub page_size: usize,
    /// What the JSON of a message has to keep to.
    pub json: JsonLimits,
    /// How many requests on stdio are worked on at a time; 64. The next one waits, and what follows it is not read.
    pub max_in_flight: usize,
    /// The longest line on stdio, in bytes; 1 MiB. A longer one is skipped.
    pub max_line: usize,
    /// How long a session of the old era lives without a request; 1 hour.
    pub session_idle: Duration,
    /// How long a session lives at all; 24 hours.
    pub session_age: Duration,
    /// How long a caller has to answer what an operation asked; 10 minutes.
    pub answer_deadline: Duration,
    /// How many resources one stream or session may subscribe to; 100.
    pub max_subscriptions: usize,
    /// How many subscription streams are open at a time; 10,000.
    pub max_listeners: usize,
    /// How long a subscription stream lives; 1 hour. Then it is closed, and the client opens a new one.
    pub stream_age: Duration,
    /// How many sessions are kept; 10,000. One more ends the one that has been idle the longest, of callers who are not signed in
    /// first.
    pub max_sessions: usize,
    /// How many sessions of the older revisions one caller who is signed in has, and how many streams of `subscriptions/listen`; 100. One
    /// session more ends the caller's own that has been idle the longest, one stream more is refused.
    pub max_sessions_of_one: usize,
    /// How much of event streams is kept for clients of the older revisions that come back, in bytes; 64 MiB, and a quarter of it for
    /// one caller. Beyond it, what has ended is forgotten.
    pub max_kept_bytes: usize,
}

impl Settings {
    /// The settings of the implementation `name` in `version`, with the limits that each field names.
    #[must_use]
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            title: None,
            description: None,
            icons: Vec::new(),
            website_url: None,
            instructions: None,
            format: Format::default(),
            page_size: 100,
            json: JsonLimits::default(),
            max_in_flight: 64,
            max_line: 1024 * 1024,
            session_idle: Duration::from_secs(60 * 60),
            session_age: Duration::from_secs(24 * 60 * 60),
            answer_deadline: Duration::from_secs(10 * 60),
            max_subscriptions: 100,
            max_listeners: 10_000,
            stream_age: Duration::from_secs(60 * 60),
            max_sessions: 10_000,
            max_sessions_of_one: 100,
            max_kept_bytes: 64 * 1024 * 1024,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("name", &self.name).field("version", &self.version).finish_non_exhaustive()
    }
}
