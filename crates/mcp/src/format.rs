//! The text of a tool's answer, in the format that was asked for. What is beside it as `structuredContent` stays JSON.

use crate::call::Call;
use crate::csv;
use crate::object;
use crate::refuse::Refusal;
use diptych_spec::{Declaration, Format, Hidden};
use std::borrow::Cow;

/// The key in `_meta` of a `tools/call` under which a client names the format of the text: `json`, `toon` or `csv`.
const KEY: &str = "dev.diptych/format";

/// The format for this call: what the client asks for, or else the operation's, or else the server's.
pub(crate) fn wanted(call: Call<'_>, declaration: &Declaration) -> Result<Format, Refusal> {
    let Some(asked) = call.meta.get(KEY) else {
        return Ok(declaration.format().unwrap_or(call.server.settings.format));
    };
    object::text(asked).and_then(|name| Format::named(&name)).ok_or_else(|| {
        let known: Vec<_> = Format::ALL.iter().map(|format| format!("\"{}\"", format.name())).collect();
        Refusal::params(format!("`_meta[\"{KEY}\"]` has to be one of {}", known.join(", ")))
    })
}

/// An answer in JSON as text of this format; JSON where the answer is not what the format is for.
pub(crate) fn text<'j>(format: Format, declaration: &Declaration, json: &'j str, hidden: Hidden) -> Cow<'j, str> {
    let other = match format {
        Format::Csv => declaration.table().and_then(|mut table| {
            table.columns.retain(|column| declaration.hidden_fields(hidden).all(|name| name != *column));
            csv::write(&table, json)
        }),
        #[cfg(feature = "toon")]
        Format::Toon => toon(json),
        _ => None,
    };
    other.map_or(Cow::Borrowed(json), Cow::Owned)
}

/// TOON; none where it has no way to say it, such as nesting beyond its limit.
#[cfg(feature = "toon")]
fn toon(json: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(json).ok()?;
    toon_format::encode_default(&value).ok()
}
