//! Where log lines of a program go that has set up nothing itself: to standard error, at `info`; `RUST_LOG` says otherwise,
//! as `level` or `target=level,…`. Traces, where they are wanted, go along (`telemetry.rs`).

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{
    Layer, Registry, filter::Targets, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// What is told as much as the log, and decides itself what it takes.
pub(crate) type Traces = Box<dyn Layer<Registry> + Send + Sync>;

/// Starts logging. An application that has set up its own keeps it, and hears `false`.
pub(crate) fn start(traces: Option<Traces>) -> bool {
    let chosen = std::env::var("RUST_LOG").ok().and_then(|text| text.parse::<Targets>().ok());
    let targets = chosen.unwrap_or_else(|| {
        Targets::new()
            .with_default(LevelFilter::INFO)
            .with_target("actix_server", LevelFilter::WARN)
            // An error for each request that is no HTTP: anybody could fill the log.
            .with_target("actix_http::h1::dispatcher", LevelFilter::OFF)
            // It warns of every odd thing that a client sends, with the value.
            .with_target("opentelemetry_sdk", LevelFilter::ERROR)
    });
    let lines = fmt::layer().with_writer(std::io::stderr).with_filter(targets);
    tracing_subscriber::registry().with(traces).with(lines).try_init().is_ok()
}
