//! All arguments of an operation: their schema, and the two checks of a call.

use super::{
    agreement::Agreement,
    asked::Asked,
    given::Arguments,
    nul,
    set::{ArgumentSet, Fields, Refused},
};
use crate::{
    Call, Error, FieldError, Result,
    schema::{self, Mend, TextShape},
};
use serde_json::{Map, Value, json};
use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

/// Which part of a declaration an argument belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Owner {
    /// A field of `Input<T>`: the body over REST.
    Input,
    /// An `#[arg]`: a captured path segment or a query parameter over REST.
    Arg,
    /// A field of the filter.
    Filter,
    /// `search`.
    Search,
    /// `include`.
    Include,
    /// `fields`.
    Fields,
    /// `order`.
    Order,
    /// `page` and `page_size`; of keyset pages `after`, `before` and `page_size`.
    Page,
    /// `dry_run`.
    DryRun,
    /// `expected_version`: no argument over REST, which has `If-Match`.
    Version,
}

/// One declared argument, as the descriptions of the surfaces see it.
#[derive(Debug)]
pub struct Argument {
    /// Its name on every surface.
    pub name: String,
    /// Who it belongs to.
    pub owner: Owner,
    /// Its JSON Schema.
    pub schema: Value,
    /// Whether it has to be given.
    pub required: bool,
    /// Whether it can be given several times as text.
    pub repeated: bool,
    pub(super) shape: TextShape,
    nullable: bool,
    /// Whether what decodes is held to the schema.
    pub(super) is_held: bool,
    /// Whether its elements are checked each by a table of its own.
    is_list: bool,
}

/// All arguments of an operation.
#[derive(Debug, Default)]
pub struct ArgumentTable {
    pub(super) arguments: Vec<Argument>,
    pub(super) index: HashMap<String, usize>,
    pub(super) sets: Vec<ArgumentSet>,
    /// Selectors read `Input` from the query string over REST.
    pub(super) input_in_query: bool,
    /// Whether what was asked is left in the call.
    keeps_asked: bool,
    /// How many arguments of models were taken in another form than they were written in.
    mended: AtomicU64,
}

impl ArgumentTable {
    pub(crate) fn read_input_from_query(&mut self) {
        self.input_in_query = true;
    }

    /// Leaves what was asked in each call, as [`Asked`].
    pub(crate) fn keep_asked(&mut self) {
        self.keeps_asked = true;
    }

    /// Adds a set; says which of its names other sets have already.
    pub(crate) fn add(&mut self, mut set: ArgumentSet) -> Vec<String> {
        let mut mistakes = Vec::new();
        for name in set.schema.patches.iter().filter(|_| set.owner != Owner::Input || self.input_in_query) {
            mistakes.push(format!(
                "`{name}` is a `Patch`, but only a field of a service's `Input` can be null on every surface; write an `Option`"
            ));
        }
        for (name, schema) in &set.schema.properties {
            if let Some(&index) = self.index.get(name) {
                let other = &self.arguments[index];
                if set.owner == Owner::Arg && other.owner == Owner::Arg && other.schema == *schema {
                    set.members.push(index);
                } else {
                    mistakes.push(format!(
                        "the argument `{name}` is declared twice, by {} and by {}; every argument has one name on every surface, so rename one",
                        owner_name(other.owner), owner_name(set.owner),
                    ));
                }
                continue;
            }
            let (shape, repeated) = schema::text_shape(schema, &set.schema.defs);
            self.index.insert(name.clone(), self.arguments.len());
            set.members.push(self.arguments.len());
            self.arguments.push(Argument {
                name: name.clone(),
                owner: set.owner,
                required: set.schema.required.contains(name),
                repeated,
                shape,
                nullable: schema::accepts_null(schema, &set.schema.defs),
                is_held: set.items.is_none()
                    && (schema::is_loose(schema) || (set.checks_rules() && schema::has_rules(schema))),
                is_list: set.items.is_some(),
                schema: schema.clone(),
            });
        }
        self.sets.push(set);
        mistakes
    }

    /// The set of a list's filter, for whoever else is to have these arguments.
    pub(crate) fn take_filter(&mut self) -> Option<ArgumentSet> {
        let at = self.sets.iter().position(|set| set.owner == Owner::Filter)?;
        let mut filter = self.sets.remove(at);
        filter.members.clear();
        Some(filter)
    }

    /// Says how many elements the list of this name has.
    pub(crate) fn bound(&mut self, name: &str, least: usize, most: usize) {
        let sets = self.sets.iter_mut().filter_map(|set| set.schema.properties.get_mut(name));
        let arguments = self.arguments.iter_mut().filter(|argument| argument.name == name);
        for schema in sets.chain(arguments.map(|argument| &mut argument.schema)) {
            (schema["minItems"], schema["maxItems"]) = (json!(least), json!(most));
        }
    }

    /// Every declared argument, in order of declaration.
    #[must_use]
    pub fn arguments(&self) -> &[Argument] {
        &self.arguments
    }

    /// The argument of this name.
    #[must_use]
    pub fn argument(&self, name: &str) -> Option<&Argument> {
        self.index.get(name).map(|&index| &self.arguments[index])
    }

    /// Definitions that the schemas refer to (`#/$defs/…`), of recursive types.
    #[must_use]
    pub fn definitions(&self) -> Map<String, Value> {
        self.sets.iter().flat_map(|set| set.schema.defs.clone()).collect()
    }

    /// The schema of all arguments as one flat object, as MCP's `inputSchema` and `call` see it.
    #[must_use]
    pub fn schema(&self) -> Value {
        self.schema_of(|_| true)
    }

    /// The schema of the arguments of some owners.
    #[must_use]
    pub fn schema_of(&self, owned: impl Fn(Owner) -> bool) -> Value {
        let mut root = Map::from_iter([("type".to_owned(), json!("object"))]);
        let arguments: Vec<_> = self.arguments.iter().filter(|argument| owned(argument.owner)).collect();
        if !arguments.is_empty() {
            let properties: Map<_, _> =
                arguments.iter().map(|argument| (argument.name.clone(), argument.schema.clone())).collect();
            root.insert("properties".to_owned(), properties.into());
        }
        let required: Vec<_> = arguments.iter().filter(|a| a.required).map(|a| a.name.as_str()).collect();
        if !required.is_empty() {
            root.insert("required".to_owned(), json!(required));
        }
        let sets = || self.sets.iter().filter(|set| owned(set.owner));
        for set in sets() {
            let foreign = arguments.iter().map(|argument| argument.name.as_str());
            let foreign = foreign.filter(|name| !set.schema.properties.contains_key(*name));
            root.extend(set.schema.rest_beside(foreign));
        }
        let others = sets().find_map(|set| set.schema.others.clone());
        root.insert("additionalProperties".to_owned(), others.unwrap_or(Value::Bool(false)));
        let defs: Map<_, _> = sets().flat_map(|set| set.schema.defs.clone()).collect();
        if !defs.is_empty() {
            root.insert("$defs".to_owned(), defs.into());
        }
        root.into()
    }

    /// How many arguments that models wrote in another form (`"5"` for 5) were taken as meant, since the process started.
    #[must_use]
    pub fn mended(&self) -> u64 {
        let of_items = self.sets.iter().filter_map(|set| set.items.as_ref()).map(|items| items.table().mended());
        self.mended.load(Ordering::Relaxed) + of_items.sum::<u64>()
    }

    /// Splits what was given by owner and decodes each set into the call.
    ///
    /// # Errors
    /// [`crate::ErrorKind::BadRequest`] for text that is not JSON, [`crate::ErrorKind::Invalid`] with every
    /// field that is unknown, missing, given twice or of the wrong type.
    pub fn parse(&self, arguments: &Arguments<'_>, call: &mut Call) -> Result<()> {
        let mut found = Vec::new();
        let given = self.split(arguments, &mut found)?;
        for (argument, slot) in self.arguments.iter().zip(&given.slots) {
            let at = || format!("/{}", schema::escape(&argument.name));
            match slot {
                None if argument.required => {
                    found.push(FieldError::new(at(), "required", "this field is required"));
                }
                Some(text) if text == "null" && !argument.nullable => {
                    let words = self.sets.iter().map(|set| set.words(&argument.name)).find(|words| !words.is_empty());
                    let words = words.unwrap_or_default();
                    let hint = if argument.required { ", not null" } else { "; leave the field out instead of null" };
                    found.push(FieldError::new(at(), "type", format!("expected {words}{hint}")));
                }
                Some(text) if !argument.is_list => nul::find(text, at, &mut found),
                _ => {}
            }
        }
        find_nul(given.extra.iter().map(|(name, text)| (&**name, &**text)), &mut found);
        for set in &self.sets {
            let fields = Fields { table: self, set, given: &given };
            let missing = |index: &usize| self.arguments[*index].required && given.slots[*index].is_none();
            let is_whole = !set.members.iter().any(missing);
            let mut parsed = if is_whole { (set.parse)(fields, call) } else { Err(Refused::Decode) };
            let mended = match &parsed {
                Err(Refused::Decode) => set.mended(&fields, arguments.mend),
                _ => None,
            };
            let fields = Fields { given: mended.as_ref().map_or(&given, |(mended, _)| mended), ..fields };
            if let Err(Refused::Decode) = parsed {
                if mended.is_some() && set.items.is_none() {
                    find_nul(fields.iter(), &mut found);
                }
                if let Some((_, count)) = mended.as_ref().filter(|_| is_whole) {
                    parsed = (set.parse)(fields, call);
                    if parsed.is_ok() && arguments.mend == Mend::Strings {
                        self.mended.fetch_add(*count, Ordering::Relaxed);
                    }
                }
                match parsed {
                    Err(Refused::Decode) if is_whole => found.extend(set.explain(&fields)),
                    // What is there is still checked, so that the caller mends everything in one go.
                    Err(Refused::Decode) => set.mismatches(&fields, &mut found),
                    _ => {}
                }
            }
            match parsed {
                Ok(()) => {
                    set.hold(&fields, &mut found);
                    if cfg!(debug_assertions) && set.check.is_some() && set.items.is_none() {
                        call.put(Agreement::of(set, &fields));
                    }
                }
                Err(Refused::Fields(fields)) => found.extend(fields),
                Err(Refused::Decode) => {}
            }
        }
        if !found.is_empty() {
            // The rules as well, of what did decode: the caller mends everything in one go.
            self.check_rules(call, &mut found);
            return Err(invalid(found));
        }
        if self.keeps_asked {
            let which = |owner| !matches!(owner, Owner::Include | Owner::Fields | Owner::Order | Owner::Page);
            call.put(Asked(self.canonical_of(given, arguments.mend, which)));
        }
        Ok(())
    }

    /// Checks the rules of every validated set.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Invalid`] with every field that breaks a rule.
    pub fn validate(&self, call: &Call) -> Result<()> {
        let mut found = Vec::new();
        self.check_rules(call, &mut found);
        if cfg!(debug_assertions) {
            Agreement::compare(call, &found);
        }
        if found.is_empty() { Ok(()) } else { Err(invalid(found)) }
    }

    fn check_rules(&self, call: &Call, found: &mut Vec<FieldError>) {
        for set in &self.sets {
            if let Some(check) = &set.check {
                check(call, set, found);
            }
        }
    }
}

fn find_nul<'t>(arguments: impl Iterator<Item = (&'t str, &'t str)>, found: &mut Vec<FieldError>) {
    for (name, text) in arguments {
        nul::find(text, || format!("/{}", schema::escape(name)), found);
    }
}

fn invalid(mut found: Vec<FieldError>) -> Error {
    found.sort_by(FieldError::in_order);
    found.dedup_by(|a, b| a.pointer == b.pointer);
    Error::invalid(found)
}

fn owner_name(owner: Owner) -> &'static str {
    match owner {
        Owner::Input => "the input",
        Owner::Arg => "an `#[arg]`",
        Owner::Filter => "the filter",
        Owner::Search => "the search",
        Owner::Include => "what is included",
        Owner::Fields => "the fields that can be picked",
        Owner::Order => "the ordering",
        Owner::Page => "the pagination",
        Owner::DryRun => "the dry run",
        Owner::Version => "the expected version",
    }
}
