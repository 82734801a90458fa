//! The named arguments of an operation: declared in sets, given by a caller as JSON or as text, and split by
//! the set that owns each.
//!
//! An argument has one name on every surface. What is not declared is refused; what is given twice is refused;
//! every wrong field is reported at once.

use crate::{Call, Error, FieldError, Result, schema, schema::TextShape, violations};
use schemars::JsonSchema;
use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value, json, value::RawValue};
use std::{any::Any, borrow::Cow, collections::HashMap, fmt};
use validator::Validate;

/// Where an argument was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Named,
    Path,
    Query,
    Body,
}

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
    /// `order`.
    Order,
    /// `page` and `page_size`.
    Page,
}

/// What a caller gave, not yet checked against anything.
#[derive(Debug, Default)]
pub struct Arguments<'a> {
    object: Option<(&'a str, Option<Place>)>,
    texts: Vec<(Cow<'a, str>, Cow<'a, str>, Option<Place>)>,
}

impl<'a> Arguments<'a> {
    /// One JSON object with all arguments by name (MCP, in process). Empty text is an empty object.
    #[must_use]
    pub fn named(object: &'a str) -> Self {
        Self { object: Some((object, Some(Place::Named))), texts: Vec::new() }
    }

    /// The arguments of an HTTP request: a JSON body, if there is one; see [`Arguments::path`] and
    /// [`Arguments::query`].
    #[must_use]
    pub fn http(body: Option<&'a str>) -> Self {
        Self { object: body.map(|body| (body, Some(Place::Body))), texts: Vec::new() }
    }

    /// Adds a captured path segment or URI-template variable, decoded.
    pub fn path(&mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) {
        self.texts.push((name.into(), value.into(), Some(Place::Path)));
    }

    /// Adds a query parameter, decoded. The same name again makes a list.
    pub fn query(&mut self, name: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) {
        self.texts.push((name.into(), value.into(), Some(Place::Query)));
    }
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
    shape: TextShape,
    nullable: bool,
}

type Parse = dyn Fn(Fields<'_, '_>, &mut Call) -> Result<(), Refused> + Send + Sync;
type Locate = dyn Fn(Fields<'_, '_>) -> String + Send + Sync;
type Check = dyn Fn(&Call, &ArgumentSet, &mut Vec<FieldError>) + Send + Sync;

/// Some arguments that are decoded together into one value.
pub struct ArgumentSet {
    owner: Owner,
    type_name: &'static str,
    pub(crate) schema: schema::InputSchema,
    parse: Box<Parse>,
    locate: Box<Locate>,
    check: Option<Box<Check>>,
    /// Indices into the table.
    members: Vec<usize>,
}

impl fmt::Debug for ArgumentSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArgumentSet").field("owner", &self.owner).field("type", &self.type_name).finish_non_exhaustive()
    }
}

/// Why a set could not be decoded.
pub(crate) enum Refused {
    Decode,
    Fields(Vec<FieldError>),
}

impl From<serde_json::Error> for Refused {
    fn from(_: serde_json::Error) -> Self {
        Self::Decode
    }
}

impl ArgumentSet {
    /// Arguments decoded into a `T`, which is left in the call.
    pub(crate) fn of<T: DeserializeOwned + JsonSchema + Send + 'static>(owner: Owner) -> Result<Self, String> {
        let type_name = std::any::type_name::<T>();
        let schema = schema::input::<T>().map_err(|why| format!("`{type_name}` cannot be an input: {why}"))?;
        let parse = |fields: Fields<'_, '_>, call: &mut Call| {
            call.put(fields.decode::<T>()?);
            Ok(())
        };
        let locate = Box::new(|fields: Fields<'_, '_>| fields.locate::<T>());
        Ok(Self { owner, type_name, schema, parse: Box::new(parse), locate, check: None, members: Vec::new() })
    }

    /// The same, with the rules of `T` checked once the target is at hand.
    pub(crate) fn validated<T>() -> Result<Self, String>
    where
        T: DeserializeOwned + JsonSchema + Validate + Send + 'static,
    {
        let mut set = Self::of::<T>(Owner::Input)?;
        set.check = Some(Box::new(|call: &Call, set: &Self, found: &mut Vec<FieldError>| {
            if let Some(Err(errors)) = call.get::<T>().map(Validate::validate) {
                violations::collect(&errors, &set.schema, found);
            }
        }));
        Ok(set)
    }

    /// Arguments with a schema and a decoder of their own.
    pub(crate) fn custom<A: DeserializeOwned, T: Any + Send>(
        owner: Owner,
        properties: Map<String, Value>,
        convert: impl Fn(A) -> Result<T, Vec<FieldError>> + Send + Sync + 'static,
    ) -> Self {
        let parse = move |fields: Fields<'_, '_>, call: &mut Call| {
            call.put(convert(fields.decode::<A>()?).map_err(Refused::Fields)?);
            Ok(())
        };
        Self {
            owner,
            type_name: std::any::type_name::<A>(),
            schema: schema::InputSchema { properties, ..schema::InputSchema::default() },
            parse: Box::new(parse),
            locate: Box::new(|fields: Fields<'_, '_>| fields.locate::<A>()),
            check: None,
            members: Vec::new(),
        }
    }

    /// The same arguments, turned into something else before they are left in the call.
    pub(crate) fn converted<T: DeserializeOwned, U: Send + 'static>(
        mut self,
        convert: impl Fn(T) -> Result<U, Vec<FieldError>> + Send + Sync + 'static,
    ) -> Self {
        self.parse = Box::new(move |fields: Fields<'_, '_>, call: &mut Call| {
            call.put(convert(fields.decode::<T>()?).map_err(Refused::Fields)?);
            Ok(())
        });
        self
    }

    fn words(&self, name: &str) -> String {
        let schema = &self.schema;
        schema.properties.get(name).map_or_else(String::new, |property| schema::expected(property, &schema.defs))
    }

    /// Every wrong field of arguments that did not decode.
    fn explain(&self, fields: &Fields<'_, '_>) -> Vec<FieldError> {
        let mut found = Vec::new();
        for (name, text) in fields.iter() {
            let Some(schema) = self.schema.properties.get(name) else {
                continue;
            };
            let Ok(value) = serde_json::from_str::<Value>(text) else {
                continue;
            };
            schema::mismatches(&value, schema, &self.schema.defs, &format!("/{}", schema::escape(name)), &mut found);
        }
        if found.is_empty() {
            let pointer = (self.locate)(*fields);
            let name = pointer.get(1..).and_then(|path| path.split('/').next()).unwrap_or_default();
            let detail = match self.words(name) {
                words if words.is_empty() => "the fields do not fit together".to_owned(),
                words => format!("expected {words}"),
            };
            found.push(FieldError::new(pointer, "type", detail));
        }
        found
    }
}

/// The arguments of one set that were given: declared name and JSON text.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'t, 'a> {
    table: &'t ArgumentTable,
    set: &'t ArgumentSet,
    given: &'t Given<'a>,
}

impl<'t> Fields<'t, '_> {
    fn iter(self) -> impl Iterator<Item = (&'t str, &'t str)> {
        let declared = self.set.members.iter().filter_map(move |&index| {
            let text = self.given.slots[index].as_deref()?;
            Some((self.table.arguments[index].name.as_str(), text))
        });
        let extra = self.given.extra.iter().filter(move |_| self.set.schema.open);
        declared.chain(extra.map(|(name, text)| (name.as_ref(), *text)))
    }

    fn decode<T: DeserializeOwned>(self) -> Result<T, serde_json::Error> {
        T::deserialize(MapAccessDeserializer::new(FieldAccess { fields: self.iter(), value: None }))
    }

    /// Where decoding failed, as a JSON pointer; for what the schema does not tell (a hand-written `Deserialize`).
    fn locate<T: DeserializeOwned>(self) -> String {
        let mut track = serde_path_to_error::Track::new();
        let access = MapAccessDeserializer::new(FieldAccess { fields: self.iter(), value: None });
        let _ = T::deserialize(serde_path_to_error::Deserializer::new(access, &mut track));
        let mut pointer = String::new();
        for segment in track.path().iter() {
            use serde_path_to_error::Segment;
            let token = match segment {
                Segment::Seq { index } => index.to_string(),
                Segment::Map { key } => schema::escape(key),
                Segment::Enum { variant } => schema::escape(variant),
                Segment::Unknown => break,
            };
            pointer.push('/');
            pointer.push_str(&token);
        }
        pointer
    }
}

struct FieldAccess<'t, I> {
    fields: I,
    value: Option<&'t str>,
}

impl<'de, I: Iterator<Item = (&'de str, &'de str)>> MapAccess<'de> for FieldAccess<'de, I> {
    type Error = serde_json::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Self::Error> {
        let Some((name, value)) = self.fields.next() else {
            return Ok(None);
        };
        self.value = Some(value);
        seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Self::Error> {
        seed.deserialize(&mut serde_json::Deserializer::from_str(self.value.take().unwrap_or("null")))
    }
}

/// What was given, by declared argument.
struct Given<'a> {
    slots: Vec<Option<Cow<'a, str>>>,
    extra: Vec<(Cow<'a, str>, &'a str)>,
}

/// All arguments of an operation.
#[derive(Debug, Default)]
pub struct ArgumentTable {
    arguments: Vec<Argument>,
    index: HashMap<String, usize>,
    sets: Vec<ArgumentSet>,
    /// Selectors read `Input` from the query string over REST.
    input_in_query: bool,
}

impl ArgumentTable {
    pub(crate) fn read_input_from_query(&mut self) {
        self.input_in_query = true;
    }

    /// Adds a set; says which of its names other sets have already.
    pub(crate) fn add(&mut self, mut set: ArgumentSet) -> Vec<String> {
        let mut mistakes = Vec::new();
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
                schema: schema.clone(),
            });
        }
        self.sets.push(set);
        mistakes
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
            root.extend(set.schema.rest.clone());
        }
        let open = sets().any(|set| set.schema.open);
        root.insert("additionalProperties".to_owned(), json!(open));
        let defs: Map<_, _> = sets().flat_map(|set| set.schema.defs.clone()).collect();
        if !defs.is_empty() {
            root.insert("$defs".to_owned(), defs.into());
        }
        root.into()
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
                    let hint = if argument.required { "" } else { ", or no such field" };
                    found.push(FieldError::new(at(), "type", format!("expected {words}{hint}, not null")));
                }
                _ => {}
            }
        }
        for set in &self.sets {
            let fields = Fields { table: self, set, given: &given };
            let missing = |index: &usize| self.arguments[*index].required && given.slots[*index].is_none();
            if set.members.iter().any(missing) {
                // What is there is still checked, so that the caller mends everything in one go.
                for (name, text) in fields.iter() {
                    let Some(schema) = set.schema.properties.get(name) else {
                        continue;
                    };
                    let Ok(value) = serde_json::from_str::<Value>(text) else {
                        continue;
                    };
                    let at = format!("/{}", schema::escape(name));
                    schema::mismatches(&value, schema, &set.schema.defs, &at, &mut found);
                }
                continue;
            }
            match (set.parse)(fields, call) {
                Ok(()) => {}
                Err(Refused::Decode) => found.extend(set.explain(&fields)),
                Err(Refused::Fields(fields)) => found.extend(fields),
            }
        }
        if found.is_empty() { Ok(()) } else { Err(invalid(found)) }
    }

    /// Checks the rules of every validated set.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Invalid`] with every field that breaks a rule.
    pub fn validate(&self, call: &Call) -> Result<()> {
        let mut found = Vec::new();
        for set in &self.sets {
            if let Some(check) = &set.check {
                check(call, set, &mut found);
            }
        }
        if found.is_empty() { Ok(()) } else { Err(invalid(found)) }
    }

    fn allows(&self, owner: Owner, place: Place) -> bool {
        match place {
            Place::Named => true,
            Place::Path => owner == Owner::Arg,
            Place::Body => owner == Owner::Input && !self.input_in_query,
            Place::Query => owner != Owner::Input || self.input_in_query,
        }
    }

    fn split<'a>(&self, arguments: &'a Arguments<'_>, found: &mut Vec<FieldError>) -> Result<Given<'a>> {
        let mut given = Given { slots: vec![None; self.arguments.len()], extra: Vec::new() };
        if let Some((object, place)) = arguments.object {
            let place = place.unwrap_or(Place::Named);
            for (name, raw) in object_fields(object)? {
                match self.index.get(name.as_ref()) {
                    Some(&index) if self.allows(self.arguments[index].owner, place) => {
                        let slot = &mut given.slots[index];
                        if slot.replace(Cow::Borrowed(raw.get())).is_some() {
                            found.push(twice(&name));
                        }
                    }
                    None if self.sets.iter().any(|set| set.schema.open) => given.extra.push((name, raw.get())),
                    _ => found.push(self.unknown(&name, place)),
                }
            }
        }
        let mut lists: Vec<(usize, String)> = Vec::new();
        for (name, text, place) in &arguments.texts {
            let place = place.unwrap_or(Place::Query);
            let Some(&index) = self.index.get(name.as_ref()) else {
                found.push(self.unknown(name, place));
                continue;
            };
            let argument = &self.arguments[index];
            if !self.allows(argument.owner, place) {
                found.push(self.unknown(name, place));
            } else if argument.repeated {
                let json = text_to_json(argument.shape, text);
                match lists.iter_mut().find(|(at, _)| *at == index) {
                    Some((_, list)) => {
                        list.push(',');
                        list.push_str(&json);
                    }
                    None => lists.push((index, format!("[{json}"))),
                }
            } else if given.slots[index].replace(text_to_json(argument.shape, text)).is_some() {
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

fn invalid(mut found: Vec<FieldError>) -> Error {
    found.sort_by(|a, b| a.pointer.cmp(&b.pointer));
    found.dedup_by(|a, b| a.pointer == b.pointer);
    Error::invalid(found)
}

fn twice(name: &str) -> FieldError {
    FieldError::new(format!("/{}", schema::escape(name)), "duplicate", "this field is given twice")
}

fn owner_name(owner: Owner) -> &'static str {
    match owner {
        Owner::Input => "the input",
        Owner::Arg => "an `#[arg]`",
        Owner::Filter => "the filter",
        Owner::Order => "the ordering",
        Owner::Page => "the pagination",
    }
}

fn text_to_json(shape: TextShape, text: &str) -> Cow<'_, str> {
    let verbatim = match shape {
        TextShape::Text => false,
        TextShape::Number => serde_json::from_str::<serde_json::Number>(text).is_ok(),
        TextShape::Bool => matches!(text, "true" | "false"),
        TextShape::Json => serde_json::from_str::<&RawValue>(text).is_ok(),
    };
    if verbatim { Cow::Borrowed(text) } else { Cow::Owned(Value::from(text).to_string()) }
}

/// The members of a JSON object, in order, values untouched.
fn object_fields(object: &str) -> Result<Vec<(Cow<'_, str>, &RawValue)>> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(Cow<'de, str>, &'de RawValue)>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::with_capacity(8);
            while let Some(Name(name)) = map.next_key()? {
                members.push((name, map.next_value()?));
            }
            Ok(members)
        }
    }
    if object.trim_ascii().is_empty() {
        return Ok(Vec::new());
    }
    let mut deserializer = serde_json::Deserializer::from_str(object);
    let members = deserializer.deserialize_map(Members).and_then(|members| deserializer.end().map(|()| members));
    members.map_err(|error| match error.classify() {
        serde_json::error::Category::Data => {
            Error::invalid(vec![FieldError::new("", "type", "expected a JSON object")])
        }
        _ => {
            Error::bad_request(format!("the input is not valid JSON: line {}, column {}", error.line(), error.column()))
        }
    })
}

struct Name<'a>(Cow<'a, str>);

impl<'de> serde::Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(name)))
            }
            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}
