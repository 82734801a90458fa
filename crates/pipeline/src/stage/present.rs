//! Stage 9: the answer is read again if that was declared, shown by its serializer, and encoded, once and before COMMIT: what
//! cannot be shown is not kept. In debug builds it is held against its own schema.

use super::run::{Ran, Read};
use crate::{
    Outcome,
    operation::{RunSelector, RunService},
    outcome::Effect,
};
use bytes::Bytes;
use diptych_spec::{Declaration, Error, Head, Hidden, Result};

/// An answer that can be sent.
pub(crate) struct Presented {
    pub(super) json: Bytes,
    pub(super) effect: Effect,
    pub(super) head: Option<Box<Head>>,
}

pub(crate) async fn service(
    service: &dyn RunService,
    ran: Ran<'_>,
    max_bytes: usize,
    hidden: Hidden,
) -> Result<Presented> {
    let declaration = service.declaration();
    let presented = sized(service.present(ran.computed, ran.tx).await?, max_bytes)?;
    let presented = Presented { head: ran.head, ..presented };
    presented.shown(declaration, hidden)?.checked(declaration, hidden)
}

pub(crate) fn selector(selector: &dyn RunSelector, read: Read, max_bytes: usize, hidden: Hidden) -> Result<Presented> {
    let declaration = selector.declaration();
    let max_bytes = declaration.list().max_bytes().unwrap_or(max_bytes);
    let presented = sized(selector.present(read.computed, max_bytes)?, max_bytes)?;
    let presented = Presented { head: read.head, ..presented };
    presented.shown(declaration, hidden)?.checked(declaration, hidden)
}

impl Presented {
    /// In a debug build, only an answer that is what its own schema says: a client that checks it would refuse another. It is asked
    /// here, before COMMIT, where every answer of every surface is encoded (ADR 0030).
    fn checked(self, declaration: &Declaration, hidden: Hidden) -> Result<Self> {
        if cfg!(debug_assertions) {
            declaration.check_answer(&self.json, hidden)?;
        }
        Ok(self)
    }

    /// Without what the caller is not shown. Where nothing is hidden, the answer is not looked at again.
    pub(crate) fn shown(self, declaration: &Declaration, hidden: Hidden) -> Result<Self> {
        if hidden.is_nothing() {
            return Ok(self);
        }
        Ok(Self { json: declaration.shown(self.text(), hidden)?.into(), ..self })
    }

    /// What an earlier call was answered.
    pub(super) fn again(json: String, head: Option<Box<Head>>) -> Self {
        Self { json: json.into(), effect: Effect::DoneBefore, head }
    }

    /// What would have been answered.
    pub(super) fn tried(self) -> Self {
        Self { effect: Effect::Tried, ..self }
    }

    pub(super) fn text(&self) -> &str {
        // What serde_json wrote is UTF-8.
        str::from_utf8(&self.json).unwrap_or("null")
    }

    pub(crate) fn into_outcome(self) -> Outcome {
        Outcome::new(self.json, self.effect, self.head)
    }
}

pub(super) fn sized(json: Vec<u8>, max_bytes: usize) -> Result<Presented> {
    if json.len() > max_bytes {
        let detail =
            format!("the answer is longer than {max_bytes} bytes; ask for less, with a filter or a smaller page");
        return Err(Error::result_too_large(detail));
    }
    Ok(Presented { json: json.into(), effect: Effect::Done, head: None })
}
