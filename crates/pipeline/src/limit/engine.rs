//! What an engine does with limits.

use super::{Clock, LimitStore, MountLimits};
use crate::{Caller, Engine, EngineBuilder, Operation, dispatch};
use diptych_spec::{Limit, Quota, Result};
use std::sync::Arc;

impl EngineBuilder {
    /// A limit for all operations together; [`diptych_spec::By::Operation`] makes it one for each. May be called several times, up to
    /// four: all of them hold.
    pub fn limit(mut self, limit: Limit) -> Self {
        self.limits.server.push(limit);
        self
    }

    /// Where counters are kept, when not in the memory of this process.
    pub fn limit_store(mut self, store: Arc<dyn LimitStore>) -> Self {
        self.limits.store = Some(store);
        self
    }

    /// The clock that limits count with; that of the system.
    pub fn limit_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.limits.clock = Some(clock);
        self
    }
}

impl Engine {
    /// Stage 1 alone, for a surface that has to know it before it reads more of the request: the caller may use the operation, and
    /// the call is counted. It is not counted again when it is then dispatched with this caller. `told` is given where the caller
    /// stands with the limits.
    ///
    /// # Errors
    /// Those of the permission; rate limited, and then nothing was counted.
    pub async fn admit(&self, operation: &Operation, caller: &mut Caller, told: Option<&mut Vec<Quota>>) -> Result<()> {
        dispatch::admit(self, operation, caller, told).await
    }

    /// The counters of a mount's limits, for [`Caller::mount_limits`]. The name tells the mount from others.
    #[must_use]
    pub fn mount_limits(&self, name: &str, limits: &[Limit]) -> MountLimits {
        self.limits().of_mount(name, limits)
    }

    /// The clock that limits count with.
    #[must_use]
    pub fn limit_clock(&self) -> Arc<dyn Clock> {
        Arc::clone(self.limits().clock())
    }
}
