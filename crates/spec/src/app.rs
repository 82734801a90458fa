//! Interactive views of tools (MCP Apps, the extension `io.modelcontextprotocol/ui`, revision 2026-01-26).

use serde::Serialize;
use std::borrow::Cow;

/// An HTML document that a host shows for the answers of a tool, in a sandbox of its own.
///
/// The document talks to the host by `postMessage`; the tool still answers all clients as before. Tools that share a view
/// are given clones of it.
///
/// ```
/// use diptych_spec::{App, AppPermission};
///
/// let card = App::html("ui://invoices/card", "<!doctype html><title>Invoice</title>")
///     .resource_domains(["https://cdn.example.com"])
///     .permission(AppPermission::ClipboardWrite)
///     .prefers_border(true);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    uri: Cow<'static, str>,
    html: Cow<'static, str>,
    view: View,
    visibility: Vec<AppVisibility>,
}

/// `_meta.ui` of the document (MCP Apps, UI Resource Format).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct View {
    #[serde(skip_serializing_if = "Csp::is_empty")]
    csp: Csp,
    #[serde(skip_serializing_if = "Permissions::is_empty")]
    permissions: Permissions,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefers_border: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Csp {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    connect_domains: Vec<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resource_domains: Vec<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    frame_domains: Vec<Cow<'static, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    base_uri_domains: Vec<Cow<'static, str>>,
}

impl Csp {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn domains(&self) -> impl Iterator<Item = &Cow<'static, str>> {
        let Self { connect_domains, resource_domains, frame_domains, base_uri_domains } = self;
        connect_domains.iter().chain(resource_domains).chain(frame_domains).chain(base_uri_domains)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Permissions {
    #[serde(skip_serializing_if = "Option::is_none")]
    camera: Option<Wanted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    microphone: Option<Wanted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    geolocation: Option<Wanted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clipboard_write: Option<Wanted>,
}

impl Permissions {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// `{}`: the permission without further detail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Wanted {}

/// What a view asks the host to let it use. It may be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppPermission {
    /// The camera.
    Camera,
    /// The microphone.
    Microphone,
    /// Where the user is.
    Geolocation,
    /// Writing to the clipboard.
    ClipboardWrite,
}

/// Who may call a tool that has a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AppVisibility {
    /// The model.
    Model,
    /// The views of the same server.
    App,
}

impl App {
    /// The media type of a view.
    pub const MIME_TYPE: &'static str = "text/html;profile=mcp-app";

    /// This document, under a `ui://` URI. It is a whole one: `<!doctype html>…`.
    pub fn html(uri: impl Into<Cow<'static, str>>, html: impl Into<Cow<'static, str>>) -> Self {
        Self { uri: uri.into(), html: html.into(), view: View::default(), visibility: Vec::new() }
    }

    /// Origins that it may connect to (`connect-src`): `https://api.example.com`, `wss://…`. Without, none.
    #[must_use]
    pub fn connect_domains<D: Into<Cow<'static, str>>>(mut self, domains: impl IntoIterator<Item = D>) -> Self {
        self.view.csp.connect_domains.extend(domains.into_iter().map(Into::into));
        self
    }

    /// Origins that it may load scripts, styles, pictures and fonts from: `https://*.example.com`. Without, none.
    #[must_use]
    pub fn resource_domains<D: Into<Cow<'static, str>>>(mut self, domains: impl IntoIterator<Item = D>) -> Self {
        self.view.csp.resource_domains.extend(domains.into_iter().map(Into::into));
        self
    }

    /// Origins that it may show in frames (`frame-src`). Without, none.
    #[must_use]
    pub fn frame_domains<D: Into<Cow<'static, str>>>(mut self, domains: impl IntoIterator<Item = D>) -> Self {
        self.view.csp.frame_domains.extend(domains.into_iter().map(Into::into));
        self
    }

    /// Origins that its `<base>` may name (`base-uri`). Without, its own.
    #[must_use]
    pub fn base_uri_domains<D: Into<Cow<'static, str>>>(mut self, domains: impl IntoIterator<Item = D>) -> Self {
        self.view.csp.base_uri_domains.extend(domains.into_iter().map(Into::into));
        self
    }

    /// Asks for a permission.
    #[must_use]
    pub fn permission(mut self, permission: AppPermission) -> Self {
        let permissions = &mut self.view.permissions;
        let wanted = match permission {
            AppPermission::Camera => &mut permissions.camera,
            AppPermission::Microphone => &mut permissions.microphone,
            AppPermission::Geolocation => &mut permissions.geolocation,
            AppPermission::ClipboardWrite => &mut permissions.clipboard_write,
        };
        *wanted = Some(Wanted {});
        self
    }

    /// The origin of its sandbox, in the form that the host documents.
    #[must_use]
    pub fn domain(mut self, domain: impl Into<Cow<'static, str>>) -> Self {
        self.view.domain = Some(domain.into());
        self
    }

    /// Whether the host draws a border around it. Without, the host decides.
    #[must_use]
    pub fn prefers_border(mut self, border: bool) -> Self {
        self.view.prefers_border = Some(border);
        self
    }

    /// Who may call the tool; the model and the views unless said otherwise. Hosts keep to it; it is no permission.
    #[must_use]
    pub fn visibility(mut self, who: impl IntoIterator<Item = AppVisibility>) -> Self {
        self.visibility = who.into_iter().collect();
        self
    }

    /// Its URI.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The document.
    #[must_use]
    pub fn document(&self) -> &str {
        &self.html
    }

    /// `_meta.ui` of the tool (MCP Apps, Resource Discovery).
    #[must_use]
    pub fn tool_meta(&self) -> impl Serialize + '_ {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Tool<'a> {
            resource_uri: &'a str,
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            visibility: &'a [AppVisibility],
        }
        Tool { resource_uri: &self.uri, visibility: &self.visibility }
    }

    /// `_meta.ui` of the document, if there is anything to say.
    #[must_use]
    pub fn document_meta(&self) -> Option<impl Serialize + '_> {
        (self.view != View::default()).then_some(&self.view)
    }

    /// Whether both show the same document in the same way.
    pub(crate) fn is_the_view_of(&self, other: &Self) -> bool {
        (&self.uri, &self.html, &self.view) == (&other.uri, &other.html, &other.view)
    }

    pub(crate) fn mistakes(&self) -> impl Iterator<Item = String> + '_ {
        let Self { uri, html, view, .. } = self;
        let path = uri.strip_prefix("ui://").unwrap_or_default();
        let plain =
            !path.is_empty() && path.bytes().all(|byte| byte.is_ascii_graphic() && !b"{}\"<>\\^`".contains(&byte));
        let uri =
            (!plain).then(|| format!("the view `{uri}` has to have a URI of its own, such as `ui://invoices/card`"));
        let start = html.trim_start().get(..14).unwrap_or_default();
        let html = (!start.eq_ignore_ascii_case("<!doctype html")).then(|| {
            format!("the view `{}` has to be a whole document, which starts with `<!doctype html>`", self.uri)
        });
        let domains = view.csp.domains().filter(|domain| !is_source(domain)).map(|domain| {
            format!(
                "the view `{}` names `{domain}`; an origin is written as `https://api.example.com` or `wss://api.example.com`",
                self.uri
            )
        });
        uri.into_iter().chain(html).chain(domains)
    }
}

/// An origin that can stand in a Content-Security-Policy and ends nothing there. Without encryption on this machine only.
fn is_source(domain: &str) -> bool {
    let local = ["http://localhost", "http://127.0.0.1", "ws://localhost", "ws://127.0.0.1"].iter().any(|local| {
        let rest = domain.strip_prefix(local);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
    });
    let host = domain.strip_prefix("https://").or_else(|| domain.strip_prefix("wss://"));
    let source = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/*%".contains(&byte);
    (local || host.is_some_and(|host| !host.is_empty() && host != "*")) && domain.bytes().all(source)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const HTML: &str = "<!DOCTYPE html><title>x</title>";

    #[test]
    fn a_view_says_what_it_needs() {
        let app = App::html("ui://a", HTML);
        assert!(app.document_meta().is_none());
        assert_eq!(serde_json::to_value(app.tool_meta()).unwrap(), json!({"resourceUri": "ui://a"}));
        let app = app
            .connect_domains(["https://a.example"])
            .frame_domains(["https://b.example"])
            .permission(AppPermission::ClipboardWrite)
            .domain("a.host.example")
            .prefers_border(false)
            .visibility([AppVisibility::App]);
        assert_eq!(
            serde_json::to_value(app.document_meta().unwrap()).unwrap(),
            json!({
                "csp": {"connectDomains": ["https://a.example"], "frameDomains": ["https://b.example"]},
                "permissions": {"clipboardWrite": {}},
                "domain": "a.host.example",
                "prefersBorder": false,
            })
        );
        let tool = json!({"resourceUri": "ui://a", "visibility": ["app"]});
        assert_eq!(serde_json::to_value(app.tool_meta()).unwrap(), tool);
    }

    #[test]
    fn mistakes_are_told() {
        for (uri, html, domain, count) in [
            ("ui://a", HTML, "https://*.example.com", 0),
            ("ui://a/b", "\n<!doctype HTML>", "http://localhost:3000", 0),
            ("https://a", HTML, "wss://a.example", 1),
            ("ui://", HTML, "https://a.example", 1),
            ("ui://{id}", HTML, "https://a.example", 1),
            ("ui://a", "<p>Hello", "https://a.example", 1),
            ("ui://a", HTML, "*", 1),
            ("ui://a", HTML, "https://*", 1),
            ("ui://a", HTML, "http://a.example", 1),
            ("ui://a", HTML, "http://localhost.evil.example", 1),
            ("ui://a", HTML, "https://a.example; script-src *", 1),
            ("ui://a", HTML, "'unsafe-eval'", 1),
        ] {
            let app = App::html(uri, html).connect_domains([domain]);
            assert_eq!(app.mistakes().count(), count, "{uri} {html} {domain}");
        }
    }
}
