//! Where log lines of a program go that has set up nothing itself: to standard error, at `info`; `RUST_LOG` says otherwise,
//! as `level` or `target=level,…`.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::{Layer as _, filter::Targets, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// Starts logging. An application that has set up its own keeps it.
pub(crate) fn start() {
    let chosen = std::env::var("RUST_LOG").ok().and_then(|text| text.parse::<Targets>().ok());
    let targets = chosen.unwrap_or_else(|| {
        Targets::new().with_default(LevelFilter::INFO).with_target("actix_server", LevelFilter::WARN)
    });
    let lines = fmt::layer().with_writer(std::io::stderr).with_filter(targets);
    let _ = tracing_subscriber::registry().with(lines).try_init();
}
