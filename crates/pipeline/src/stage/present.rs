//! Stage 9: the answer is read again if that was declared, shown by its serializer, and encoded, once and before COMMIT: what
//! cannot be shown is not kept.

use super::run::{Ran, Read};
use crate::operation::{RunSelector, RunService};
use bytes::Bytes;
use diptych_spec::{Error, ErrorKind, Result};

/// An answer that can be sent.
pub(crate) struct Presented {
    pub(super) json: Bytes,
}

pub(crate) async fn service(service: &dyn RunService, ran: Ran<'_>, max_bytes: usize) -> Result<Presented> {
    sized(service.present(ran.computed, ran.tx).await?, max_bytes)
}

pub(crate) fn selector(selector: &dyn RunSelector, read: Read, max_bytes: usize) -> Result<Presented> {
    sized(selector.present(read.computed)?, max_bytes)
}

impl Presented {
    pub(crate) fn into_json(self) -> Bytes {
        self.json
    }
}

pub(super) fn sized(json: Vec<u8>, max_bytes: usize) -> Result<Presented> {
    if json.len() > max_bytes {
        let detail =
            format!("the answer is longer than {max_bytes} bytes; ask for less, with a filter or a smaller page");
        return Err(Error::new(ErrorKind::TooLarge, "result_too_large", detail));
    }
    Ok(Presented { json: json.into() })
}
