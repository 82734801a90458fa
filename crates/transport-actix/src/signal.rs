//! When the process is asked to stop.

use futures_util::future::{self, Either};
use std::pin::pin;

/// Waits for Ctrl-C, or, on Unix, SIGTERM.
pub async fn terminated() {
    let interrupted = async {
        if actix_web::rt::signal::ctrl_c().await.is_err() {
            future::pending().await
        }
    };
    match future::select(pin!(interrupted), pin!(asked())).await {
        Either::Left(_) | Either::Right(_) => {}
    }
}

#[cfg(unix)]
async fn asked() {
    use actix_web::rt::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(_) => future::pending().await,
    }
}

#[cfg(not(unix))]
async fn asked() {
    future::pending().await
}
