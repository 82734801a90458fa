//! The views of tools, read as resources (MCP Apps, the extension `io.modelcontextprotocol/ui`, UI Resource Format).
//!
//! A tool names its view in its `_meta`, so views are not in the lists. Whoever may call one of the tools of a view may read
//! it.

use crate::call::{Call, Freshness};
use crate::list::TTL_MS;
use crate::object::{self, Writer};
use crate::offer::Offer;
use crate::refuse::{self, Refusal};
use diptych_spec::{App, ErrorKind, Permission};

pub(crate) struct Views(Vec<View>);

pub(crate) struct View {
    uri: String,
    /// The tools that have it, by their place in the engine.
    tools: Vec<usize>,
    /// Whether everybody may read it.
    public: bool,
    /// The members of its contents, rendered when the server is built.
    contents: String,
    /// What the contents say in `_meta`.
    meta: Option<String>,
}

impl Views {
    pub(crate) fn of(offer: &Offer) -> Self {
        let mut views: Vec<View> = Vec::new();
        for (index, operation) in offer.operations() {
            let declaration = operation.declaration();
            let Some(app) = declaration.app() else { continue };
            let public = declaration.permission().is_some_and(Permission::is_open);
            match views.iter_mut().find(|view| view.uri == app.uri()) {
                Some(view) => {
                    view.tools.push(index);
                    view.public |= public;
                }
                None => views.push(View::of(app, index, public)),
            }
        }
        Self(views)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn find(&self, uri: &str) -> Option<&View> {
        self.0.iter().find(|view| view.uri == uri)
    }
}

impl View {
    fn of(app: &App, tool: usize, public: bool) -> Self {
        let mut contents = Vec::with_capacity(app.document().len() + 128);
        for (start, value) in
            [(r#""uri":"#, app.uri()), (r#","mimeType":"#, App::MIME_TYPE), (r#","text":"#, app.document())]
        {
            contents.extend_from_slice(start.as_bytes());
            object::write(&mut contents, value);
        }
        let meta = app.document_meta().map(|ui| format!(r#"{{"ui":{}}}"#, crate::list::rendered(&ui)));
        let contents = String::from_utf8_lossy(&contents).into_owned();
        Self { uri: app.uri().to_owned(), tools: vec![tool], public, contents, meta }
    }

    /// Writes the result of reading it.
    pub(crate) fn read(&self, call: Call<'_>, result: &mut Writer<'_>) -> Result<Freshness, Refusal> {
        let mut refused = None;
        for tool in &self.tools {
            let Err(error) = call.authorize(call.server.offer.at(*tool).declaration()) else {
                self.write(call, result);
                return Ok(Freshness::For { ttl_ms: TTL_MS, public: self.public });
            };
            // A tool that is switched off is not there, nor is what it shows.
            if error.kind() != ErrorKind::NotFound {
                refused = refused.or(Some(error));
            }
        }
        Err(match refused {
            Some(error) => refuse::denied(&error),
            None => refuse::no_resource(&self.uri, call.revision),
        })
    }

    fn write(&self, call: Call<'_>, result: &mut Writer<'_>) {
        let out = result.member("contents");
        out.extend_from_slice(b"[{");
        out.extend_from_slice(self.contents.as_bytes());
        if let Some(meta) = self.meta.as_ref().filter(|_| call.revision.metas) {
            out.extend_from_slice(br#","_meta":"#);
            out.extend_from_slice(meta.as_bytes());
        }
        out.extend_from_slice(b"}]");
    }
}
