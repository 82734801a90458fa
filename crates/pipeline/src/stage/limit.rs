//! Stage 1, second half: may this caller use the operation now, or is it too often? Arguments have not been looked at and no
//! connection is taken, so that a refusal costs next to nothing. The one place where calls are counted, for every surface.

use super::{authorize::Authorized, check::Checked};
use crate::{Caller, Engine, Operation, Ticket, trace::stage};
use diptych_spec::{Call, Quota, Result};
use std::pin::pin;

/// A call whose caller may use the operation, and which was counted.
pub(crate) struct Admitted {
    call: Call,
}

/// Counts the call, unless the caller's ticket says that it was: a call that is run again is still one call. `told` is where the caller
/// then stands.
pub(crate) async fn call(
    engine: &Engine,
    operation: &Operation,
    authorized: Authorized,
    caller: &mut Caller,
    told: Option<&mut Vec<Quota>>,
) -> Result<Admitted> {
    let (limits, declaration) = (engine.limits(), operation.declaration());
    let call = authorized.into_call();
    if limits.apply(declaration, caller) && !caller.ticket.is_for(operation) {
        stage("limit", pin!(limits.take(declaration, caller, call.deadline(), told))).await?;
        caller.ticket = Ticket::of(operation);
    }
    Ok(Admitted { call })
}

/// Counts what the arguments ask for beyond one call, now that they are known: the items of a call but the first, and the lists that it
/// includes. Behind stage 2, and before anything is opened.
pub(crate) async fn asked(
    engine: &Engine,
    operation: &Operation,
    checked: Checked,
    caller: &mut Caller,
) -> Result<Checked> {
    match caller.ticket.is_for(operation) {
        true if caller.ticket.is_for_all() => return Ok(checked),
        true => {}
        // Whoever calls with a clone of this caller makes another call.
        false => caller.ticket = Ticket::of(operation),
    }
    let (limits, declaration, deadline) = (engine.limits(), operation.declaration(), checked.deadline());
    let mut told = Vec::new();
    let more = checked.items().map_or(0, |items| u32::try_from(items).unwrap_or(u32::MAX)).saturating_sub(1);
    if more > 0 && limits.apply(declaration, caller) {
        let cost = declaration.cost().saturating_mul(more);
        stage("limit", pin!(limits.take_cost(declaration, cost, caller, deadline, Some(&mut told)))).await?;
    }
    for list in checked.included(declaration) {
        let list = engine.operation(list.name()).map_or(list, Operation::declaration);
        limits.take_included(list, caller, deadline).await?;
    }
    caller.ticket.note_all(told);
    Ok(checked)
}

/// Lets a call through that another operation makes: what is counted is the call that came from outside.
pub(crate) fn uncounted(authorized: Authorized) -> Admitted {
    Admitted { call: authorized.into_call() }
}

impl Admitted {
    pub(super) fn into_call(self) -> Call {
        self.call
    }
}
