//! A handler of an actix application, published as a tool: by name, one by one.
//!
//! It stays what it is. Each call goes through the same stages as every other operation up to the work itself; then the
//! handler gets a request made of the arguments, and its response becomes the answer. It has no REST route here: it has its
//! own.

mod request;
mod response;
mod runner;

use actix_web::{
    FromRequest, Handler, Responder,
    http::Method as HttpMethod,
    web::{self, ServiceConfig},
};
use diptych_pipeline::{ExposedCall, IntoOperation, Operation};
use diptych_spec::{Declaration, ExposedSpec, InputData, Limit, Method, Permission, Result, Template};
use futures_util::future::{self, BoxFuture};
use runner::Runner;
use std::{borrow::Cow, fmt, marker::PhantomData, sync::Arc, time::Duration};

/// An actix handler that is published as a tool.
///
/// ```
/// use actix_web::{HttpResponse, web};
/// use diptych_spec::{GET, Scope};
/// use diptych_transport_actix::Exposed;
/// use schemars::JsonSchema;
/// use serde::Deserialize;
/// use validator::Validate;
///
/// #[derive(Deserialize, JsonSchema, Validate)]
/// struct ReportInput {
///     /// Which year.
///     year: u16,
/// }
///
/// async fn report(query: web::Query<ReportInput>) -> HttpResponse {
///     HttpResponse::Ok().body(format!("the report of {}", query.year))
/// }
///
/// let exposed = Exposed::new("legacy.report", "The report of a year.", report)
///     .method(GET)
///     .input::<ReportInput>()
///     .allow(Scope("reports"));
/// # let _ = exposed;
/// ```
#[must_use]
pub struct Exposed<F, Args> {
    spec: ExposedSpec,
    handler: F,
    method: Method,
    path: Result<Template, String>,
    data: Vec<Arc<Configure>>,
    idempotent: Option<bool>,
    destructive: Option<bool>,
    arguments: PhantomData<fn(Args)>,
}

type Configure = dyn Fn(&mut ServiceConfig) + Send + Sync;

impl<F, Args> Exposed<F, Args>
where
    F: Handler<Args> + Send + Sync,
    F::Output: Responder + 'static,
    Args: FromRequest + 'static,
{
    /// A tool of this name, whose description says what the handler does. Complete it with [`Exposed::allow`].
    pub fn new(name: impl Into<Cow<'static, str>>, description: impl Into<Cow<'static, str>>, handler: F) -> Self {
        Self {
            spec: ExposedSpec::new(name, description),
            handler,
            method: Method::Post,
            path: Template::parse("/"),
            data: Vec::new(),
            idempotent: None,
            destructive: None,
            arguments: PhantomData,
        }
    }

    /// The method of the request that the handler gets; POST. With GET and DELETE the arguments are the query, otherwise
    /// a JSON body. GET makes it a tool that only reads, DELETE one that may destroy (RFC 9110, section 9.2).
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// The path of the request, `/`. The variables of `/reports/{year}` are fields of the input, for `web::Path`.
    pub fn path(mut self, path: &str) -> Self {
        self.path = match path.starts_with('/') {
            true => Template::parse(path),
            false => Err(format!("the path `{path}` has to start with `/`")),
        };
        self
    }

    /// The arguments: the fields of `T`. They are checked against its schema and its rules, and handed on as they were
    /// given. Without, there are none.
    pub fn input<T: InputData>(mut self) -> Self {
        self.spec = self.spec.input::<T>();
        self
    }

    /// Who may call it. Without, the server does not start.
    pub fn allow(mut self, permission: impl Permission) -> Self {
        self.spec = self.spec.allow(permission);
        self
    }

    /// How often it may be called; see [`Limit`]. May be called several times, up to four: all of them hold.
    pub fn limit(mut self, limit: Limit) -> Self {
        self.spec = self.spec.limit(limit);
        self
    }

    /// How much a call counts for every limit; 1 unless said otherwise. With 0 it is not counted.
    pub fn cost(mut self, cost: u32) -> Self {
        self.spec = self.spec.cost(cost);
        self
    }

    /// Something that the handler's extractors look for: `web::Data::new(…)`, `web::JsonConfig`. One of a type.
    pub fn app_data<T: Clone + Send + Sync + 'static>(mut self, data: T) -> Self {
        self.data.push(Arc::new(move |config: &mut ServiceConfig| {
            config.app_data(data.clone());
        }));
        self
    }

    /// A short name for people.
    pub fn title(mut self, title: impl Into<Cow<'static, str>>) -> Self {
        self.spec = self.spec.title(title);
        self
    }

    /// Tags, which group operations, for the mounts of MCP. May be called several times.
    pub fn tags<T: Into<Cow<'static, str>>>(mut self, tags: impl IntoIterator<Item = T>) -> Self {
        self.spec = self.spec.tags(tags.into_iter().map(Into::into));
        self
    }

    /// How long it may take before it is dropped; 30 seconds unless the server says otherwise.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.spec = self.spec.deadline(deadline);
        self
    }

    /// Whether a second call with the same arguments changes nothing more; what the method says unless given.
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = Some(idempotent);
        self
    }

    /// Whether it may remove or overwrite data; what the method says unless given.
    pub fn destructive(mut self, destructive: bool) -> Self {
        self.destructive = Some(destructive);
        self
    }
}

impl<F, Args> IntoOperation for Exposed<F, Args>
where
    F: Handler<Args> + Send + Sync,
    F::Output: Responder + 'static,
    Args: FromRequest + 'static,
{
    fn into_operation(self) -> Operation {
        let Self { spec, handler, method, path, data, idempotent, destructive, .. } = self;
        let is_idempotent = matches!(method, Method::Get | Method::Put | Method::Delete);
        let spec = spec
            .reads(method == Method::Get)
            .idempotent(idempotent.unwrap_or(is_idempotent))
            .destructive(destructive.unwrap_or(method == Method::Delete))
            .path(&path);
        // Where the path is a mistake, the server does not start.
        let path = path.ok();
        let pattern = path.as_ref().map_or("/", Template::as_str).to_owned();
        let verb = verb(method);
        let runner = Runner::new(move |config: &mut ServiceConfig| {
            data.iter().for_each(|add| add(config));
            config.route(&pattern, web::method(verb.clone()).to(handler.clone()));
        });
        let declaration = spec.into_declaration();
        Operation::exposed(Arc::new(Tool { declaration, method, path, runner }))
    }
}

/// An exposed handler, its types erased.
struct Tool {
    declaration: Declaration,
    method: Method,
    path: Option<Template>,
    runner: Runner,
}

impl diptych_pipeline::Exposed for Tool {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    fn run(&self, call: ExposedCall) -> BoxFuture<'static, Result<Vec<u8>>> {
        let max_bytes = call.max_bytes;
        match request::Parts::of(self.path.as_ref(), self.method, call) {
            Ok(parts) => Box::pin(self.runner.run(parts, max_bytes)),
            Err(error) => Box::pin(future::err(error)),
        }
    }
}

fn verb(method: Method) -> HttpMethod {
    match method {
        Method::Get => HttpMethod::GET,
        Method::Post => HttpMethod::POST,
        Method::Put => HttpMethod::PUT,
        Method::Patch => HttpMethod::PATCH,
        Method::Delete => HttpMethod::DELETE,
    }
}

impl<F, Args> fmt::Debug for Exposed<F, Args> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exposed").field("spec", &self.spec).field("method", &self.method).finish_non_exhaustive()
    }
}
