//! Stage 4: the target selector finds the row that the service works on, and locks it. Not found when there is none.

use super::open::Opened;
use crate::{db::Tx, operation::RunService, trace::stage};
use diptych_spec::{Call, Result};

/// A call with its target at hand, if it has one.
pub(crate) struct Resolved<'t> {
    pub(super) call: Call,
    pub(super) is_valid: bool,
    pub(super) tx: &'t mut Tx,
}

pub(crate) async fn target<'t>(service: &dyn RunService, opened: Opened<'t>) -> Result<Resolved<'t>> {
    let Opened { mut call, is_valid, tx } = opened;
    if service.declaration().has_target() {
        stage("resolve", service.resolve(&mut call, tx)).await?;
    }
    Ok(Resolved { call, is_valid, tx })
}
