//! Stages 8 and 9 of a handler that is not ours: it is handed what was checked, and its answer is measured.

use super::{check::Checked, present};
use crate::Outcome;
use crate::operation::{Exposed, ExposedCall};
use diptych_spec::Result;

pub(crate) async fn handler(exposed: &dyn Exposed, checked: Checked, max_bytes: usize) -> Result<Outcome> {
    let mut call = checked.into_call();
    let arguments = call.take_handed_on();
    let principal = call.principal().cloned();
    let json = exposed.run(ExposedCall { arguments, principal, max_bytes }).await?;
    present::sized(json, max_bytes).map(present::Presented::into_outcome)
}
