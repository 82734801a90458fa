//! Splits what was given by declared argument, and refuses what was not declared, or not there.

use super::{
    given::{Arguments, Place},
    json::{object_fields, text_to_json},
    table::{ArgumentTable, Owner},
};
use crate::{
    FieldError, JsonLimits, Result,
    schema::{self, Mend},
};
use serde_json::Value;
use std::borrow::Cow;

/// What was given, by declared argument.
#[derive(Clone)]
pub(super) struct Given<'a> {
    pub(super) slots: Vec<Option<Cow<'a, str>>>,
    pub(super) extra: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    pub(super) mend: Mend,
    pub(super) limits: JsonLimits,
}

impl ArgumentTable {
    fn allows(&self, owner: Owner, place: Place) -> bool {
        match place {
            Place::Named => true,
            Place::Path => owner == Owner::Arg,
            Place::Body => owner == Owner::Input && !self.input_in_query,
            Place::Query => owner != Owner::Version && (owner != Owner::Input || self.input_in_query),
        }
    }

    pub(super) fn split<'a>(&self, arguments: &'a Arguments<'_>, found: &mut Vec<FieldError>) -> Result<Given<'a>> {
        let (mend, limits) = (arguments.mend, arguments.limits);
        let mut given = Given { slots: vec![None; self.arguments.len()], extra: Vec::new(), mend, limits };
        if let Some((object, place)) = arguments.object {
            if !object.is_empty() {
                arguments.limits.check(object)?;
            }
            for (name, raw) in object_fields(object)? {
                match self.index.get(name.as_ref()) {
                    Some(&index) if self.allows(self.arguments[index].owner, place) => {
                        let slot = &mut given.slots[index];
                        if slot.replace(Cow::Borrowed(raw.get())).is_some() {
                            found.push(twice(&name));
                        }
                    }
                    None if self.sets.iter().any(|set| set.schema.others.is_some()) => {
                        given.extra.push((name, Cow::Borrowed(raw.get())))
                    }
                    _ => found.push(self.unknown(&name, place)),
                }
            }
        }
        let mut lists: Vec<(usize, String)> = Vec::new();
        for (name, text, place) in &arguments.texts {
            let place = *place;
            let Some(&index) = self.index.get(name.as_ref()) else {
                found.push(self.unknown(name, place));
                continue;
            };
            let argument = &self.arguments[index];
            if !self.allows(argument.owner, place) {
                found.push(self.unknown(name, place));
            } else if argument.repeated {
                let json = text_to_json(argument.shape, text, &arguments.limits);
                match lists.iter_mut().find(|(at, _)| *at == index) {
                    Some((_, list)) => {
                        list.push(',');
                        list.push_str(&json);
                    }
                    None => lists.push((index, format!("[{json}"))),
                }
            } else if given.slots[index].replace(text_to_json(argument.shape, text, &arguments.limits)).is_some() {
                found.push(twice(name));
            }
        }
        for (index, mut list) in lists {
            list.push(']');
            if given.slots[index].replace(Cow::Owned(list)).is_some() {
                found.push(twice(&self.arguments[index].name));
            }
        }
        Ok(given)
    }

    /// What was given of the declared arguments, each with its schema and as JSON text; and, without a schema, what was given
    /// beyond them where the operation takes any name. What was not declared is not among it.
    #[must_use]
    pub fn given<'a>(&'a self, arguments: &'a Arguments<'_>) -> Vec<(Cow<'a, str>, Option<&'a Value>, Cow<'a, str>)> {
        let Ok(Given { slots, extra, .. }) = self.split(arguments, &mut Vec::new()) else { return Vec::new() };
        let declared = self.arguments.iter().zip(slots);
        let declared = declared
            .filter_map(|(argument, slot)| Some((Cow::Borrowed(&*argument.name), Some(&argument.schema), slot?)));
        declared.chain(extra.into_iter().map(|(name, json)| (name, None, json))).collect()
    }

    fn unknown(&self, name: &str, place: Place) -> FieldError {
        let known: Vec<_> =
            self.arguments.iter().filter(|a| self.allows(a.owner, place)).map(|a| a.name.as_str()).collect();
        let pointer = format!("/{}", schema::escape(name));
        let what = match place {
            Place::Query => "query parameter",
            _ => "field",
        };
        let detail = if known.is_empty() {
            format!("there is no such {what}: none is expected")
        } else {
            format!("there is no such {what}; known are {}", known.join(", "))
        };
        FieldError::new(pointer, "unknown", detail)
    }
}

fn twice(name: &str) -> FieldError {
    FieldError::new(format!("/{}", schema::escape(name)), "duplicate", "this field is given twice")
}
