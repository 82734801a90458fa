//! Tools that talk to the client while they run: progress, log messages, a connection that is given up.

use diptych::{Anyone, Content, Log, Operations, Progress, Result, selector};
use std::time::Duration;

/// Between two messages.
const PAUSE: Duration = Duration::from_millis(50);

/// Sends three log messages.
#[selector("test_tool_with_logging")]
async fn with_logging(log: Log) -> Result<Content> {
    log.info("Tool execution started");
    tokio::time::sleep(PAUSE).await;
    log.info("Tool processing data");
    tokio::time::sleep(PAUSE).await;
    log.info("Tool execution completed");
    Ok("Logged three messages.".into())
}

/// Sends log messages to who asked for them.
#[selector("test_logging_tool")]
async fn logging(log: Log) -> Result<Content> {
    log.debug("A detail");
    log.info("A message");
    Ok("Logged.".into())
}

/// Reports progress in three steps.
#[selector("test_tool_with_progress")]
async fn with_progress(progress: Progress) -> Result<Content> {
    for done in [0.0, 50.0, 100.0] {
        progress.report(done, 100.0);
        tokio::time::sleep(PAUSE).await;
    }
    Ok("Done in three steps.".into())
}

/// Gives its connection up before it is done.
#[selector("test_reconnection")]
async fn reconnection(progress: Progress) -> Result<Content> {
    progress.release(Duration::from_millis(500));
    tokio::time::sleep(PAUSE).await;
    Ok("Done after the connection was closed.".into())
}

pub(crate) fn operations() -> Operations {
    Operations::new()
        .add(with_logging::spec().allow(Anyone))
        .add(logging::spec().allow(Anyone))
        .add(with_progress::spec().allow(Anyone))
        .add(reconnection::spec().allow(Anyone))
}
