//! Stages 4 to 9 of one item of a call, in the transaction of the call: what a call of this item alone goes through.

use super::{current, open, permit, present, require, resolve, run, validate};
use crate::{db::Tx, operation::RunService};
use bytes::Bytes;
use diptych_spec::{Call, Hidden, Result};

/// `is_valid`: its rules were checked together with those of the other items.
pub(crate) async fn one(
    service: &dyn RunService,
    call: Call,
    is_valid: bool,
    tx: &mut Tx,
    max_bytes: usize,
) -> Result<Bytes> {
    let declaration = service.declaration();
    let resolved = resolve::target(service, open::Opened::item(call, is_valid, tx)).await?; // 4
    let current = current::version(declaration, permit::target(declaration, resolved)?)?; // 5
    let valid = validate::input(declaration, current)?; // 6
    let ready = require::conditions(declaration, valid)?; // 7
    let ran = run::service(service, ready, max_bytes).await?; // 8
    Ok(present::service(service, ran, max_bytes, Hidden::NOTHING).await?.json) // 9, no fields are hidden in lists of items
}
