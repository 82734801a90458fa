//! The arguments of a call as one text that does not depend on how they were given.

use super::{
    given::Arguments,
    set::Fields,
    split::Given,
    table::{ArgumentTable, Owner},
};
use crate::{Result, schema::Mend};
use serde_json::{Number, Value};
use std::collections::BTreeMap;

/// Integers up to here are the same as floating point numbers.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl ArgumentTable {
    /// What was given, as JSON without spaces and with names in order. Two calls with the same arguments give the same text, over
    /// whatever surface they came: in a body, a path, a query or an object, and as models write values. Which version of a row the
    /// caller knows is not among them: over REST it is a header, and it is no part of what is to be done.
    ///
    /// # Errors
    /// Those of arguments that are no JSON; for what [`ArgumentTable::parse`] took there are none.
    pub fn canonical(&self, arguments: &Arguments<'_>) -> Result<String> {
        let given = self.split(arguments, &mut Vec::new())?;
        Ok(self.canonical_of(given, arguments.mend, |owner| owner != Owner::Version))
    }

    /// The same of the arguments of some owners.
    pub(super) fn canonical_of(&self, mut given: Given<'_>, mend: Mend, owned: impl Fn(Owner) -> bool) -> String {
        for set in self.sets.iter().filter(|set| owned(set.owner)) {
            let mended = set.mended(&Fields { table: self, set, given: &given }, mend);
            given = mended.map_or(given, |(mended, _)| mended);
        }
        let declared = self.arguments.iter().zip(&given.slots).filter(|(argument, _)| owned(argument.owner));
        let declared = declared.filter_map(|(argument, slot)| Some((&*argument.name, slot.as_deref()?)));
        let extra = given.extra.iter().map(|(name, json)| (&**name, &**json));
        let all: BTreeMap<&str, &str> = declared.chain(extra).collect();
        let mut out = String::from("{");
        for (name, json) in all {
            member(name, &mut out);
            // What was taken is JSON.
            canonical_json(&serde_json::from_str(json).unwrap_or_default(), &mut out);
            out.push(',');
        }
        out.push('}');
        out
    }
}

fn member(name: &str, out: &mut String) {
    out.push_str(&Value::from(name).to_string());
    out.push(':');
}

/// Adds JSON with the members of objects in order and whole numbers as integers, so that two spellings of one value are the same
/// text.
pub fn canonical_json(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<_, _> = members.iter().collect();
            out.push('{');
            for (name, value) in members {
                member(name, out);
                canonical_json(value, out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Array(elements) => {
            out.push('[');
            for element in elements {
                canonical_json(element, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Number(number) => out.push_str(&whole(number).unwrap_or_else(|| number.to_string())),
        value => out.push_str(&value.to_string()),
    }
}

/// `2.0` and `2e0` as the integer that they are.
#[expect(clippy::cast_possible_truncation, reason = "it is whole, and not too large")]
fn whole(number: &Number) -> Option<String> {
    let float = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0 && float.abs() <= EXACT)?;
    Some((float as i64).to_string())
}
