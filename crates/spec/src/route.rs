//! REST routes, as declared.

use crate::Template;
use std::fmt;

/// The HTTP methods an operation can be served under (RFC 9110, section 9; RFC 5789).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the HTTP method of the same name")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// `GET`.
pub const GET: Method = Method::Get;
/// `POST`.
pub const POST: Method = Method::Post;
/// `PUT`.
pub const PUT: Method = Method::Put;
/// `PATCH`.
pub const PATCH: Method = Method::Patch;
/// `DELETE`.
pub const DELETE: Method = Method::Delete;

impl Method {
    /// The name in a request line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A method and a path with variables: `POST /invoices/{id}/send`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path.
    pub path: Template,
}
