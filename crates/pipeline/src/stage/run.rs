//! Stage 8: the author's function; for a list also the query it returned, with the caller's filter, order and page.

use super::{open::Reading, require::Ready};
use crate::{
    db::{Sink, Tx},
    operation::{Computed, RunSelector, RunService},
};
use diptych_spec::{Call, Head, ResponseHead, Result};

/// What a service computed, in its transaction.
pub(crate) struct Ran<'t> {
    pub(super) computed: Computed,
    pub(super) tx: &'t mut Tx,
    pub(super) head: Option<Box<Head>>,
}

/// What a selector computed.
pub(crate) struct Read {
    pub(super) computed: Computed,
    pub(super) head: Option<Box<Head>>,
}

impl Ran<'_> {
    /// What the function gave back.
    pub(crate) fn computed(&self) -> &Computed {
        &self.computed
    }
}

impl Read {
    /// What was read, for somebody who is shown no JSON.
    pub(crate) fn into_computed(self) -> Computed {
        self.computed
    }
}

pub(crate) async fn service<'t>(service: &dyn RunService, ready: Ready<'t>, max_bytes: usize) -> Result<Ran<'t>> {
    let Ready { mut call, tx } = ready;
    let computed = service.run(&mut call, tx, max_bytes).await;
    let computed = computed.map_err(|error| error.leaving(service.declaration().name()))?;
    Ok(Ran { computed, tx, head: said(&call) })
}

pub(crate) async fn selector(selector: &dyn RunSelector, reading: Reading<'_>) -> Result<Read> {
    let Reading { mut call, conn } = reading;
    let computed = selector.run(&mut call, conn).await;
    let computed = computed.map_err(|error| error.leaving(selector.declaration().name()))?;
    Ok(Read { computed, head: said(&call) })
}

/// The function, and all rows of the list that it returned, encoded as they are read.
pub(crate) async fn stream(selector: &dyn RunSelector, reading: Reading<'_>, sink: &Sink) -> Result<()> {
    let Reading { mut call, conn } = reading;
    selector.pour(&mut call, conn, sink).await
}

/// What was said of the response beside the answer.
pub(super) fn said(call: &Call) -> Option<Box<Head>> {
    call.get::<ResponseHead>()?.take()
}
