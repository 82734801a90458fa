//! Stage 3, second half: the caller's idempotency key is claimed in the transaction, before anything is read in it. Where an earlier
//! call had it, its answer is given in place of everything up to stage 9.

use super::{open::Opened, present::Presented};
use crate::{db::Tx, idempotency::Claim, trace::stage};
use diptych_spec::Result;

/// What a claim comes to.
pub(crate) enum Claimed<'t> {
    /// Nobody has called with the key, or there is none: the call goes on.
    Anew(Opened<'t>),
    /// The call was made before, and this is what it was answered.
    Before(Presented),
}

pub(crate) async fn key<'t>(opened: Opened<'t>, claim: Option<&Claim>) -> Result<Claimed<'t>> {
    let Some(claim) = claim else { return Ok(Claimed::Anew(opened)) };
    // In a box: most calls have no key, and should not carry the room for one.
    let earlier = stage("claim", Box::pin(claim.take(opened.tx))).await?;
    Ok(earlier.map_or(Claimed::Anew(opened), |(json, head)| Claimed::Before(Presented::again(json, head))))
}

/// Keeps what is answered with the key, so that both are there or neither is.
pub(crate) async fn answered(tx: &mut Tx, presented: Presented, claim: Option<&Claim>) -> Result<Presented> {
    if let Some(claim) = claim {
        Box::pin(claim.keep(tx, presented.text(), presented.head.as_deref())).await?;
    }
    Ok(presented)
}
