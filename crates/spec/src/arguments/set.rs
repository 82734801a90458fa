//! A set: some arguments that are decoded together, into a value that is left in the call.

use super::{
    items::ItemShape,
    split::Given,
    table::{Argument, ArgumentTable, Owner},
};
use crate::{
    Call, FieldError, Result,
    exposed::HandedOn,
    schema::{self, Fit, Mend},
    violations,
};
use schemars::JsonSchema;
use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, MapAccess};
use serde_json::{Map, Value};
use std::{any::Any, fmt, sync::Arc};
use validator::Validate;

type Parse = dyn Fn(Fields<'_, '_>, &mut Call) -> Result<(), Refused> + Send + Sync;
type Locate = dyn Fn(Fields<'_, '_>) -> String + Send + Sync;
type Check = dyn Fn(&Call, &ArgumentSet, &mut Vec<FieldError>) + Send + Sync;

/// Some arguments that are decoded together into one value.
pub struct ArgumentSet {
    pub(super) owner: Owner,
    pub(super) type_name: &'static str,
    pub(crate) schema: schema::InputSchema,
    /// The schema of all its arguments together, where that says more than the schemas of each: a union.
    pub(super) whole: Option<Value>,
    pub(super) parse: Box<Parse>,
    pub(super) locate: Box<Locate>,
    pub(super) check: Option<Box<Check>>,
    /// Indices into the table.
    pub(super) members: Vec<usize>,
    /// Of a list whose elements are read each by a table of its own.
    pub(super) items: Option<Arc<dyn ItemShape>>,
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
        let is_whole = !schema.rest.is_empty() || schema.others.as_ref().is_some_and(schema::is_loose);
        let whole = is_whole.then(|| schema.whole());
        let (parse, members) = (Box::new(parse), Vec::new());
        Ok(Self { owner, type_name, schema, whole, parse, locate, check: None, members, items: None })
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

    /// The same, which leaves the arguments as they were given beside the `T`.
    pub(crate) fn handed_on<T>() -> Result<Self, String>
    where
        T: DeserializeOwned + JsonSchema + Validate + Send + 'static,
    {
        let mut set = Self::validated::<T>()?;
        set.parse = Box::new(|fields: Fields<'_, '_>, call: &mut Call| {
            call.put(fields.decode::<T>()?);
            call.put(HandedOn(fields.decode()?));
            Ok(())
        });
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
            whole: None,
            parse: Box::new(parse),
            locate: Box::new(|fields: Fields<'_, '_>| fields.locate::<A>()),
            check: None,
            members: Vec::new(),
            items: None,
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

    pub(super) fn words(&self, name: &str) -> String {
        let schema = &self.schema;
        schema.properties.get(name).map_or_else(String::new, |property| schema::expected(property, &schema.defs))
    }

    /// What was given, mended, and how many arguments of it were; `None` when there is nothing to mend.
    pub(super) fn mended<'a>(&self, fields: &Fields<'_, 'a>, how: Mend) -> Option<(Given<'a>, u64)> {
        let mut given = fields.given.clone();
        let mut mended = 0;
        let fit = Fit::new(&self.schema.defs);
        for &index in &self.members {
            let argument = &fields.table.arguments[index];
            let Some(text) = given.slots[index].as_deref() else { continue };
            let Ok(mut value) = serde_json::from_str::<Value>(text) else { continue };
            let mut is_mended = fit.mend(&mut value, &argument.schema, how);
            for variant in self.schema.variants_of(&argument.name) {
                is_mended |= fit.mend(&mut value, variant, Mend::Integers);
            }
            if is_mended {
                tracing::debug!(
                    argument = argument.name,
                    "an argument was written in another form and is taken as meant"
                );
                given.slots[index] = Some(value.to_string().into());
                mended += 1;
            }
        }
        for (_, text) in &mut given.extra {
            let Some(others) = &self.schema.others else { break };
            let Ok(mut value) = serde_json::from_str::<Value>(text) else { continue };
            if fit.mend(&mut value, others, how) {
                *text = value.to_string().into();
                mended += 1;
            }
        }
        (mended > 0).then_some((given, mended))
    }

    /// Where what was given does not fit the schema, the rules of it included: what is wrong is told all at once.
    pub(super) fn mismatches(&self, fields: &Fields<'_, '_>, found: &mut Vec<FieldError>) {
        self.look(&Fit::new(&self.schema.defs), fields, |_| true, found);
        self.look_at_all(&Fit::new(&self.schema.defs), fields, found);
        self.look(&Fit::by_the_rules(&self.schema.defs), fields, |_| true, found);
        self.look_at_all(&Fit::by_the_rules(&self.schema.defs), fields, found);
    }

    /// Whether the rules in the schema are checked here: an `Input` has `validator`, order and page check themselves.
    pub(super) fn checks_rules(&self) -> bool {
        matches!(self.owner, Owner::Arg | Owner::Filter)
    }

    /// Where what decoded is not what is published.
    pub(super) fn hold(&self, fields: &Fields<'_, '_>, found: &mut Vec<FieldError>) {
        let fit = match self.owner {
            Owner::Input => Fit::new(&self.schema.defs),
            _ if self.checks_rules() => Fit::by_the_rules(&self.schema.defs),
            _ => return,
        };
        self.look(&fit, fields, |argument| argument.is_held, found);
        self.look_at_all(&fit, fields, found);
    }

    /// Holds them together to what is said of them together, in a union.
    fn look_at_all(&self, fit: &Fit<'_>, fields: &Fields<'_, '_>, found: &mut Vec<FieldError>) {
        if let Some(whole) = &self.whole
            && let Some(value) = fields.to_value()
        {
            fit.mismatches(&value, whole, "", found);
        }
    }

    fn look(
        &self,
        fit: &Fit<'_>,
        fields: &Fields<'_, '_>,
        at: impl Fn(&Argument) -> bool,
        found: &mut Vec<FieldError>,
    ) {
        for (argument, text) in fields.declared().filter(|(argument, _)| at(argument)) {
            let Some(schema) = self.schema.properties.get(&argument.name) else { continue };
            let Ok(value) = serde_json::from_str::<Value>(text) else { continue };
            fit.mismatches(&value, schema, &format!("/{}", schema::escape(&argument.name)), found);
        }
    }

    /// Every wrong field of arguments that did not decode.
    pub(super) fn explain(&self, fields: &Fields<'_, '_>) -> Vec<FieldError> {
        let mut found = Vec::new();
        self.look(&Fit::new(&self.schema.defs), fields, |_| true, &mut found);
        self.look_at_all(&Fit::new(&self.schema.defs), fields, &mut found);
        if found.is_empty() {
            let pointer = (self.locate)(*fields);
            let name = pointer.get(1..).and_then(|path| path.split('/').next()).unwrap_or_default();
            let detail = match self.words(name) {
                words if words.is_empty() => "the fields do not fit together".to_owned(),
                words => format!("expected {words}"),
            };
            found.push(FieldError::new(pointer, "type", detail));
        }
        self.look(&Fit::by_the_rules(&self.schema.defs), fields, |_| true, &mut found);
        self.look_at_all(&Fit::by_the_rules(&self.schema.defs), fields, &mut found);
        found
    }
}

/// The arguments of one set that were given: declared name and JSON text.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'t, 'a> {
    pub(super) table: &'t ArgumentTable,
    pub(super) set: &'t ArgumentSet,
    pub(super) given: &'t Given<'a>,
}

impl<'t> Fields<'t, '_> {
    fn declared(self) -> impl Iterator<Item = (&'t Argument, &'t str)> {
        self.set.members.iter().filter_map(move |&index| {
            let text = self.given.slots[index].as_deref()?;
            Some((&self.table.arguments[index], text))
        })
    }

    pub(super) fn iter(self) -> impl Iterator<Item = (&'t str, &'t str)> {
        let declared = self.declared().map(|(argument, text)| (argument.name.as_str(), text));
        let extra = self.given.extra.iter().filter(move |_| self.set.schema.others.is_some());
        declared.chain(extra.map(|(name, text)| (name.as_ref(), text.as_ref())))
    }

    /// The text of the first: of a set that has one argument.
    pub(super) fn text(self) -> Option<&'t str> {
        self.declared().next().map(|(_, text)| text)
    }

    /// All of them as one object.
    pub(super) fn to_value(self) -> Option<Value> {
        let member = |(name, text): (&str, &str)| Some((name.to_owned(), serde_json::from_str(text).ok()?));
        self.iter().map(member).collect::<Option<Map<_, _>>>().map(Value::Object)
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
