//! Traces: the spans of the crates below, as OpenTelemetry's, sent to a collector over OTLP. The one place that knows
//! OpenTelemetry.

use crate::{StartError, configuration};
use diptych_pipeline::{TRACE_TARGET, TraceContext, Tracing, set_tracing};
use opentelemetry::{
    Context,
    propagation::{Extractor, TextMapCompositePropagator, TextMapPropagator as _},
    trace::{TraceContextExt as _, TracerProvider as _},
};
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::{
    Resource,
    propagation::{BaggagePropagator, TraceContextPropagator},
    trace::SdkTracerProvider,
};
use std::{fmt, sync::Arc, time::Duration};
use tracing::{Metadata, Span, Subscriber, level_filters::LevelFilter};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{Layer, filter::FilterFn, registry::LookupSpan};

/// How long what is left may take to be sent at the end.
const FLUSH_LIMIT: Duration = Duration::from_secs(5);
/// Where a collector takes traces (OTLP 1.10, OTLP/HTTP Request).
const TRACES: &str = "/v1/traces";

/// What becomes of the spans of requests, stages and statements: they are sent to a collector, over OTLP/HTTP with protobuf.
///
/// Nothing is sent unless `OTEL_EXPORTER_OTLP_ENDPOINT` or `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` is set, or
/// [`Telemetry::endpoint_or`] gives one. See docs/telemetry.md.
///
/// ```no_run
/// use diptych::{MCPServer, Telemetry};
///
/// fn main() -> std::process::ExitCode {
///     MCPServer::builder("notes", "1.0.0").telemetry(Telemetry::otlp()).main()
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use = "it has to be given to `.telemetry(…)`"]
pub struct Telemetry {
    endpoint: Option<String>,
    sql: bool,
    stages: bool,
}

/// Sends spans to a collector, from a thread of its own. Dropping it sends what is left, for 5 seconds at most.
#[must_use = "dropping it ends the export"]
pub struct TraceExporter {
    provider: SdkTracerProvider,
    stages: bool,
}

impl Telemetry {
    /// OTLP over HTTP, as the environment configures it.
    pub fn otlp() -> Self {
        Self { endpoint: None, sql: false, stages: true }
    }

    /// The collector's base URL, such as `http://127.0.0.1:4318`, unless the environment names one.
    pub fn endpoint_or(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// Spans of statements have the statement's text (`db.query.text`). Values are bound, so that none is in it but those
    /// which are written in the source code.
    pub fn sql_text(mut self) -> Self {
        self.sql = true;
        self
    }

    /// No spans for stages: a request and its statements only.
    pub fn without_stages(mut self) -> Self {
        self.stages = false;
        self
    }

    /// What exports, for a program that sets up its subscriber itself; `None` where nothing is to be exported. `name` and
    /// `version` are what the service is called unless the environment says so. [`crate::MCPServerBuilder::main`] does this
    /// on its own.
    ///
    /// ```no_run
    /// use diptych::Telemetry;
    /// use tracing_subscriber::{layer::SubscriberExt as _, util::SubscriberInitExt as _};
    ///
    /// # fn main() -> Result<(), diptych::StartError> {
    /// let exporter = Telemetry::otlp().exporter("notes", "1.0.0")?;
    /// tracing_subscriber::registry()
    ///     .with(exporter.as_ref().map(|exporter| exporter.layer()))
    ///     .with(tracing_subscriber::fmt::layer().with_filter(tracing_subscriber::filter::LevelFilter::INFO))
    ///     .init();
    /// # use tracing_subscriber::Layer as _;
    /// // … and keep `exporter` until the end.
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`StartError::Configuration`] when the environment asks for what this cannot do: another protocol, another exporter,
    /// a URL that is none.
    pub fn exporter(&self, name: &str, version: &str) -> Result<Option<TraceExporter>, StartError> {
        self.connect();
        let from_environment = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
        let is_configured = from_environment.iter().any(|variable| configuration::read(variable).is_some());
        if is_switched_off()? || !(is_configured || self.endpoint.is_some()) {
            return Ok(None);
        }
        one_of(["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"], &["http/protobuf"])?;
        let mut exporter = opentelemetry_otlp::SpanExporter::builder().with_http();
        if let Some(endpoint) = self.endpoint.as_ref().filter(|_| !is_configured) {
            exporter = exporter.with_endpoint(format!("{}{TRACES}", endpoint.trim_end_matches('/')));
        }
        let exporter = exporter.build().map_err(|error| StartError::Configuration(format!("traces: {error}")))?;
        let resource = resource(name, version);
        let provider = SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build();
        Ok(Some(TraceExporter { provider, stages: self.stages }))
    }

    /// From here on requests are part of the trace that they name, and faults are known by their trace.
    pub(crate) fn connect(&self) {
        let propagators = TextMapCompositePropagator::new(vec![
            Box::new(TraceContextPropagator::new()),
            Box::new(BaggagePropagator::new()),
        ]);
        set_tracing(Arc::new(Traces { propagators, sql: self.sql }));
    }
}

impl TraceExporter {
    /// The layer that the subscriber needs. It takes the spans of requests, stages and statements at any level, and of all
    /// others those at `info` and above; it takes no events.
    #[must_use]
    pub fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'s> LookupSpan<'s> + Send + Sync,
    {
        let most = if self.stages { LevelFilter::TRACE } else { LevelFilter::DEBUG };
        let takes = move |metadata: &Metadata<'_>| {
            let most = if metadata.target() == TRACE_TARGET { most } else { LevelFilter::INFO };
            metadata.is_span() && *metadata.level() <= most
        };
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("diptych"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(FilterFn::new(takes).with_max_level_hint(most))
    }
}

impl Drop for TraceExporter {
    fn drop(&mut self) {
        if let Err(error) = self.provider.shutdown_with_timeout(FLUSH_LIMIT) {
            tracing::warn!(%error, "some traces were not sent");
        }
    }
}

/// Whether the standard variables say that there are no traces.
fn is_switched_off() -> Result<bool, StartError> {
    let disabled =
        configuration::read("OTEL_SDK_DISABLED").is_some_and(|text| text.trim().eq_ignore_ascii_case("true"));
    Ok(disabled || one_of(["OTEL_TRACES_EXPORTER"], &["otlp", "none"])?.as_deref() == Some("none"))
}

/// The first of these variables that is set, if it says one of `values`.
fn one_of<const N: usize>(variables: [&str; N], values: &[&str]) -> Result<Option<String>, StartError> {
    let set = variables.into_iter().find_map(|variable| Some((variable, configuration::read(variable)?)));
    match set {
        None => Ok(None),
        Some((_, value)) if values.contains(&value.trim()) => Ok(Some(value.trim().to_owned())),
        Some((variable, _)) => {
            Err(StartError::Configuration(format!("{variable} has to be {}; unset it for that", values.join(" or "))))
        }
    }
}

/// What the spans are of. The environment wins.
fn resource(name: &str, version: &str) -> Resource {
    let attributes = configuration::read("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
    let says = |key: &str| attributes.split(',').any(|pair| pair.split('=').next().map(str::trim) == Some(key));
    let mut resource = Resource::builder();
    if configuration::read("OTEL_SERVICE_NAME").is_none() && !says("service.name") {
        resource = resource.with_service_name(name.to_owned());
    }
    if !says("service.version") {
        resource = resource.with_attribute(opentelemetry::KeyValue::new("service.version", version.to_owned()));
    }
    resource.build()
}

/// What the crates below know of OpenTelemetry.
struct Traces {
    propagators: TextMapCompositePropagator,
    sql: bool,
}

impl Tracing for Traces {
    fn adopt(&self, span: &Span, context: &TraceContext) {
        // Inside a span that the application made for the request, that one is the parent.
        if !Context::current().has_active_span() {
            let parent = self.propagators.extract_with_context(&Context::new(), &Fields(context));
            let _ = span.set_parent(parent);
        }
    }

    fn rename(&self, span: &Span, name: String) {
        span.context().span().update_name(name);
    }

    fn trace_id(&self, span: &Span) -> Option<String> {
        let context = span.context();
        let own = context.span().span_context().clone();
        (own.is_valid() && own.is_sampled()).then(|| own.trace_id().to_string())
    }

    fn shows_sql(&self) -> bool {
        self.sql
    }
}

struct Fields<'c>(&'c TraceContext);

impl Extractor for Fields<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.field(key)
    }

    fn keys(&self) -> Vec<&str> {
        ["traceparent", "tracestate", "baggage"].into_iter().filter(|key| self.0.field(key).is_some()).collect()
    }
}

impl fmt::Debug for TraceExporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceExporter").field("stages", &self.stages).finish_non_exhaustive()
    }
}
