//! `logging/setLevel` of the old eras (2025-11-25, server/utilities/logging). The new one says the level in each request.

use crate::call::{Call, Freshness};
use crate::refuse::Refusal;
use diptych_spec::LogLevel;

pub(crate) fn set_level(call: Call<'_>) -> Result<Freshness, Refusal> {
    let level = call.params.text("level").and_then(|level| LogLevel::named(&level));
    let Some(level) = level else {
        let levels = LogLevel::ALL.map(LogLevel::as_str).join(", ");
        return Err(Refusal::params(format!("`level` has to be one of {levels}")));
    };
    if let Some(session) = &call.side.session {
        session.set_level(level);
    }
    Ok(Freshness::Unsaid)
}
