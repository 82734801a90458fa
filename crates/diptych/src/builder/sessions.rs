//! What the builder is told of MCP sessions and event streams: how long they live, how many there are, what is kept of them.

use super::MCPServerBuilder;
use std::time::Duration;

impl MCPServerBuilder {
    /// How long an MCP session of the older revisions lives without a request, and how long at all; 1 hour and 24 hours.
    pub fn session_lifetime(mut self, idle: Duration, age: Duration) -> Self {
        self.mcp.session_idle = idle;
        self.mcp.session_age = age;
        self
    }

    /// How many MCP sessions of the older revisions are kept; 10,000. One more ends the one that has been idle the longest,
    /// of callers who are not signed in first.
    /// One caller who is signed in has at most `of_one` of them, and as many streams of `subscriptions/listen`; 100.
    pub fn max_sessions(mut self, most: usize, of_one: usize) -> Self {
        self.mcp.max_sessions = most.max(1);
        self.mcp.max_sessions_of_one = of_one.max(1);
        self
    }

    /// How long a stream that tells changes lives before its client has to open a new one; 1 hour.
    pub fn stream_age(mut self, age: Duration) -> Self {
        self.mcp.stream_age = age;
        self
    }

    /// How many streams of `subscriptions/listen` are open at a time, and how many resources one stream or session may
    /// subscribe to; 10,000 and 100.
    pub fn max_subscriptions(mut self, streams: usize, resources: usize) -> Self {
        self.mcp.max_listeners = streams;
        self.mcp.max_subscriptions = resources;
        self
    }

    /// How much of event streams is kept in memory for clients of the older MCP revisions that lose their connection and come back, in
    /// bytes, at each endpoint; 64 MiB. One caller has a quarter of it, and so do all together who are not signed in. When it is full,
    /// what has ended is forgotten.
    pub fn max_kept_bytes(mut self, most: usize) -> Self {
        self.mcp.max_kept_bytes = most;
        self
    }
}
