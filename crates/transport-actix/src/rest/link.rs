//! Where the pages beside a keyset page are (RFC 8288), for clients that follow links and know nothing of cursors.

use diptych_spec::Declaration;
use serde::Deserialize;
use std::borrow::Cow;
use std::fmt::Write as _;

/// The ends of a page, in its answer.
#[derive(Deserialize)]
struct Ends<'a> {
    #[serde(borrow)]
    next: Option<Cow<'a, str>>,
    #[serde(borrow)]
    previous: Option<Cow<'a, str>>,
}

/// The value of `Link`, relative to the request's target, whose query is `query`; none for what has no pages of this kind.
pub(super) fn link(declaration: &Declaration, query: &str, json: &str) -> Option<String> {
    declaration.list().keyset()?;
    let Ends { next, previous } = serde_json::from_str(json).ok()?;
    let mut out = String::new();
    for (cursor, argument, relation) in [(next, "after", "next"), (previous, "before", "prev")] {
        let Some(cursor) = cursor else { continue };
        out.push_str(if out.is_empty() { "<?" } else { ", <?" });
        for pair in query.split('&').filter(|pair| !pair.is_empty() && !is_cursor(pair)) {
            // A URI has neither of these in its query (RFC 3986, section 3.4), but a lenient client sends them.
            out.push_str(&pair.replace('<', "%3C").replace('>', "%3E"));
            out.push('&');
        }
        let _ = write!(out, "{argument}={cursor}>; rel=\"{relation}\"");
    }
    (!out.is_empty()).then_some(out)
}

/// Whether the pair says which page this one is.
fn is_cursor(pair: &str) -> bool {
    matches!(pair.split('=').next(), Some("after" | "before"))
}
