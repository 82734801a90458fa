//! What the engine asks while something of a caller's goes on, answered by whoever authenticated them.

use crate::Authenticator;
use diptych_pipeline::Activity;
use diptych_spec::{Principal, Result};
use futures_util::future::BoxFuture;
use std::sync::Arc;

struct Asks(Arc<dyn Authenticator>);

impl Activity for Asks {
    fn is_active<'a>(&'a self, principal: &'a Principal) -> BoxFuture<'a, Result<bool>> {
        self.0.is_active(principal)
    }
}

/// Asks this authenticator whether callers may still act.
#[must_use]
pub fn standing(authenticator: Arc<dyn Authenticator>) -> Arc<dyn Activity> {
    Arc::new(Asks(authenticator))
}
