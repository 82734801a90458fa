//! JSON without some members of its rows, all else as it was written.

use crate::{Error, Result};
use serde::{
    Deserialize,
    de::{Deserializer as _, MapAccess, Visitor},
};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt};

/// The members of an object, in order.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    fn read(json: &'a str) -> serde_json::Result<Self> {
        struct Each;
        #[derive(Deserialize)]
        struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
        impl<'de> Visitor<'de> for Each {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(8);
                while let Some((Name(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }
        serde_json::Deserializer::from_str(json).deserialize_map(Each)
    }
}

/// The answer without these members of its rows, which are the elements of `member`, if that is said, or the answer itself.
///
/// # Errors
/// It is no JSON, which what was just encoded is.
pub(crate) fn without(json: &str, names: &[&str], member: Option<&str>) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(json.len());
    let written = match member {
        None => rows(json, names, &mut out),
        Some(member) => object(json, &mut out, |name, value, out| match name == member {
            true => rows(value.get(), names, out).map(|()| true),
            false => {
                out.extend_from_slice(value.get().as_bytes());
                Ok(true)
            }
        }),
    };
    written.map(|()| out).map_err(Error::internal)
}

/// A row, or a list of rows; anything else stays.
fn rows(json: &str, names: &[&str], out: &mut Vec<u8>) -> serde_json::Result<()> {
    match json.as_bytes().first() {
        Some(b'{') => object(json, out, |name, value, out| {
            let is_shown = !names.contains(&name);
            if is_shown {
                out.extend_from_slice(value.get().as_bytes());
            }
            Ok(is_shown)
        }),
        Some(b'[') => {
            let elements: Vec<&RawValue> = serde_json::from_str(json)?;
            out.push(b'[');
            for (index, element) in elements.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                rows(element.get(), names, out)?;
            }
            out.push(b']');
            Ok(())
        }
        _ => {
            out.extend_from_slice(json.as_bytes());
            Ok(())
        }
    }
}

/// Writes the members whose value `write` writes; where it writes none, the name is left out, too.
fn object<W>(json: &str, out: &mut Vec<u8>, mut write: W) -> serde_json::Result<()>
where
    W: FnMut(&str, &RawValue, &mut Vec<u8>) -> serde_json::Result<bool>,
{
    out.push(b'{');
    let mut end = out.len();
    for (name, value) in Members::read(json)?.0 {
        if out.len() > 1 && out.last() != Some(&b'{') {
            out.push(b',');
        }
        serde_json::to_writer(&mut *out, &name)?;
        out.push(b':');
        match write(&name, value, out)? {
            true => end = out.len(),
            false => out.truncate(end),
        }
    }
    out.push(b'}');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_rows_are_left_out_and_all_else_stays() {
        for (json, member, expected) in [
            (r#"{"a":1,"b":2,"c":3}"#, None, r#"{"b":2}"#),
            (r#"{"a":1}"#, None, "{}"),
            (r#"{"b":{"a":1},"c":1}"#, None, r#"{"b":{"a":1}}"#),
            (r#"{"b":1.50,"d":9007199254740993,"a":"x\"y"}"#, None, r#"{"b":1.50,"d":9007199254740993}"#),
            (r#"[{"a":1,"b":2},{"b":[]},null,{}]"#, None, r#"[{"b":2},{"b":[]},null,{}]"#),
            ("null", None, "null"),
            (
                r#"{"items":[{"a":1,"b":2},{"a":3}],"total":2,"a":7}"#,
                Some("items"),
                r#"{"items":[{"b":2},{}],"total":2,"a":7}"#,
            ),
            (r#"{"items":[],"next":"x"}"#, Some("items"), r#"{"items":[],"next":"x"}"#),
            (r#"{"\u0061":1,"b":"\u00e4"}"#, None, r#"{"b":"\u00e4"}"#),
        ] {
            let written = without(json, &["a", "c"], member).unwrap();
            assert_eq!(String::from_utf8(written).unwrap(), expected, "{json}");
        }
    }
}
