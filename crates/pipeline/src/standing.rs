//! Whether a caller may still act: asked again and again while something of theirs goes on.

use crate::Engine;
use diptych_spec::{Error, ErrorKind, Principal, Result};
use futures_util::future::BoxFuture;
use std::{
    future,
    sync::Arc,
    time::{Duration, SystemTime},
};

/// How long an answer is waited for. Without one, it cannot be told.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// Knows whether somebody who was authenticated may still act.
pub trait Activity: Send + Sync + 'static {
    /// Whether they may.
    ///
    /// # Errors
    /// It cannot be told now.
    fn is_active<'a>(&'a self, principal: &'a Principal) -> BoxFuture<'a, Result<bool>>;
}

impl Engine {
    /// From now on it is asked whether callers may still act; who is asked is said once.
    pub fn ask_about_callers(&self, standing: Arc<dyn Activity>) {
        let _ = self.standing().set(standing);
    }

    /// Waits until the caller may not act any more; for ever, when that cannot come to pass. Their credentials are asked about when
    /// they expire and every [`crate::Settings::standing_interval`]. While it cannot be told, they may.
    pub async fn until_inactive(&self, principal: Option<&Principal>) {
        let watched = |principal: &&Principal| self.standing().get().is_some() || principal.expires_at().is_some();
        let Some(principal) = principal.filter(watched) else { return future::pending().await };
        // Not in a circle without a pause.
        let interval = self.settings().standing_interval.max(Duration::from_millis(1));
        loop {
            // What has expired was let in all the same, by a clock that is a little behind: it has until the next time.
            let left = principal.expires_at().and_then(|end| end.duration_since(SystemTime::now()).ok());
            tokio::time::sleep(left.filter(|left| !left.is_zero()).map_or(interval, |left| left.min(interval))).await;
            match self.is_active(principal).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => tracing::debug!(%error, "it cannot be told whether a caller may still act"),
            }
        }
    }

    /// Whether the caller may still act.
    ///
    /// # Errors
    /// It cannot be told now.
    pub(crate) async fn is_active(&self, principal: &Principal) -> Result<bool> {
        let Some(standing) = self.standing().get() else {
            return Ok(principal.expires_at().is_none_or(|end| end > SystemTime::now()));
        };
        let asked = tokio::time::timeout(ANSWERS_WITHIN, standing.is_active(principal));
        asked.await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Unavailable, "unavailable", "the authenticator does not answer; try again"))
        })
    }
}
