//! What a transport sends back.

use bytes::Bytes;

/// An HTTP response, as data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status (RFC 9110, section 15).
    pub status: u16,
    /// Header fields besides `Content-Type` and `Content-Length`, names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body, always JSON; without bytes there is no body and no `Content-Type`.
    pub body: Bytes,
    /// The client takes nothing but `text/event-stream`: the body is sent as the only event of one.
    pub is_event: bool,
}

impl Reply {
    /// A response without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self::json(status, Vec::new())
    }

    pub(crate) fn json(status: u16, body: Vec<u8>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), is_event: false }
    }

    pub(crate) fn into_event(mut self) -> Self {
        self.is_event = true;
        self
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}
