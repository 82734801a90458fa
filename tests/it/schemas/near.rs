//! JSON values near a schema: most of them are what it says, many are just not.
//!
//! Left out is what a schema cannot say: U+0000, which no text may have, and whole numbers beyond 2^53 written with a fraction or an
//! exponent, which are refused because a float cannot tell them apart. Both are in docs/validation.md.

use super::{random::Random, reader::Reader};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

pub(crate) struct Near<'s> {
    random: Random,
    root: &'s Value,
    /// How seldom something is off in this value; 0 for never.
    odds: usize,
    readers: HashMap<String, Reader>,
}

/// Of each format, what is of it and what is nearly.
const TEXTS: &[(&str, &[&str])] = &[
    (
        "uuid",
        &[
            "0190b3a4-5c1e-7000-8000-000000000001",
            "0190B3A4-5C1E-7000-8000-00000000000A",
            "00000000-0000-0000-0000-000000000000",
            "0190b3a45c1e70008000000000000001",
            "{0190b3a4-5c1e-7000-8000-000000000001}",
            "urn:uuid:0190b3a4-5c1e-7000-8000-000000000001",
            "0190b3a4-5c1e-7000-8000-00000000000",
            "0190b3a4-5c1e-7000-8000-00000000000g",
        ],
    ),
    (
        "date",
        &[
            "2026-01-31",
            "0001-01-01",
            "9999-12-31",
            "2024-02-29",
            "2026-02-29",
            "2026-1-31",
            " 2026-01-31",
            "+2026-01-31",
            "2026-01-31T00:00:00Z",
            "10000-01-01",
            "2026/01/31",
            "2026-13-01",
        ],
    ),
    (
        "date-time",
        &[
            "2026-01-31T12:00:00Z",
            "2026-01-31T12:00:00.123456789+05:30",
            "2016-12-31T23:59:60Z",
            "2026-01-31 12:00:00Z",
            "2026-01-31T12:00:00",
            "2026-01-31T12:00Z",
            "2026-01-31T12:00:60Z",
            "2026-01-31T24:00:00Z",
            "2026-01-31",
            "2026-01-31T12:00:00+0530",
            "2026-01-31T12:00:00z",
            "2026-01-31t12:00:00Z",
            "2026-01-31T12:00:00.Z",
        ],
    ),
    (
        "email",
        &[
            "a@example.org",
            "a.b+c@example.org",
            "a@localhost",
            "a@[127.0.0.1]",
            "a@exämple.org",
            "a",
            "a@",
            "a b@c.org",
            "\"a b\"@c.org",
            "a..b@c.org",
        ],
    ),
    (
        "uri",
        &[
            "https://example.org",
            "https://example.org/ä?q=1#f",
            "mailto:a@b.org",
            "example.org",
            "/a",
            "http://",
            "a b:c",
        ],
    ),
    ("ipv4", &["127.0.0.1", "255.255.255.255", "256.0.0.1", "01.0.0.1", "::1", "127.0.0", "localhost"]),
    ("ipv6", &["::1", "2001:db8::1", "::ffff:127.0.0.1", "127.0.0.1", ":::1", "[::1]", "fe80::1%eth0"]),
    // Texts for patterns.
    ("", &["AB-12", "ab-12", "AB-123", "a#-b", "#-", "plain", "x", "a\nb", "a\tb", "12", "", "Ä", "AB-12\n"]),
];

/// Characters of one to four bytes, some that join others, none that is U+0000.
const CHARACTERS: [char; 12] = ['a', 'B', '7', ' ', '-', 'é', 'ß', '漢', '🙂', '\u{301}', '\u{200d}', '\n'];

impl<'s> Near<'s> {
    pub(crate) fn new(name: &str, root: &'s Value) -> Self {
        Self { random: Random::of(name), root, odds: 0, readers: HashMap::new() }
    }

    pub(crate) fn value(&mut self) -> Value {
        self.odds = self.random.pick(&[0, 0, 4, 12, 40]);
        self.of(self.root, 0)
    }

    fn off(&mut self) -> bool {
        self.odds > 0 && self.random.one_in(self.odds)
    }

    fn of(&mut self, schema: &'s Value, depth: usize) -> Value {
        if let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) {
            return self.of(&self.root["$defs"][name], depth + 1);
        }
        if !schema.is_object() {
            return self.anything();
        }
        // The root stays an object: anything else is no call.
        if depth > 0 && self.off() {
            return self.odd(schema, depth);
        }
        let branches = ["oneOf", "anyOf"].iter().find_map(|keyword| schema[*keyword].as_array()).map(Vec::as_slice);
        let parts = schema["allOf"].as_array().map_or(&[][..], Vec::as_slice);
        let is_text = schema["type"] == "string";
        match branches {
            Some(branches) if !is_text => {
                let branch = &branches[self.random.below(branches.len())];
                let mut value = self.of(branch, depth + 1);
                if schema["properties"].is_object() {
                    let of_branches = |name: &str| branches.iter().any(|branch| branch["properties"][name].is_object());
                    let more = self.members(schema, depth, |name| !of_branches(name));
                    if let Value::Object(members) = &mut value {
                        members.extend(more);
                    }
                }
                value
            }
            _ if !parts.is_empty() => {
                let mut members = self.members(schema, depth, |_| true);
                for part in parts {
                    if let Value::Object(more) = self.of(part, depth + 1) {
                        members.extend(more);
                    }
                }
                members.into()
            }
            _ => match kind(schema, &mut self.random) {
                "object" => {
                    let members = self.members(schema, depth, |_| true);
                    // As serde takes a struct, too.
                    if depth > 0 && self.off() { members.into_values().collect() } else { members.into() }
                }
                "array" => self.array(schema, depth),
                kind => self.scalar(schema, kind),
            },
        }
    }

    fn members(&mut self, schema: &'s Value, depth: usize, wanted: impl Fn(&str) -> bool) -> Map<String, Value> {
        let mut members = Map::new();
        for (name, property) in schema["properties"].as_object().into_iter().flatten().filter(|(name, _)| wanted(name))
        {
            let required = schema["required"].as_array().is_some_and(|names| names.iter().any(|own| own == name));
            let given = if required { !self.off() } else { depth < 5 && !self.random.one_in(3) };
            if given {
                let value = self.of(property, depth + 1);
                members.insert(name.clone(), value);
            }
        }
        if schema["additionalProperties"].is_object() {
            let most = schema["maxProperties"].as_u64().map_or(3, |most| usize::try_from(most).unwrap());
            for name in ["one", "two", "thrée", "fo/ur"].iter().take(self.random.below(most + 1)) {
                let value = self.of(&schema["additionalProperties"], depth + 1);
                members.insert((*name).to_owned(), value);
            }
        }
        if self.off() {
            let name = self.random.pick(&["extra", "Name", "", "a/b", "é~", "NAME", "id"]);
            members.insert(name.to_owned(), self.anything());
        }
        members
    }

    fn array(&mut self, schema: &'s Value, depth: usize) -> Value {
        if let Some(prefix) = schema["prefixItems"].as_array() {
            return prefix.iter().map(|item| self.of(item, depth + 1)).collect();
        }
        let limit = |keyword: &str| schema[keyword].as_u64().map(|limit| usize::try_from(limit).unwrap());
        let (least, most) = (limit("minItems").unwrap_or(0), limit("maxItems"));
        let count = match most {
            _ if depth > 5 => least,
            Some(most) if self.off() || self.random.one_in(20) => most + self.random.below(2),
            Some(most) => most.min(least + self.random.below(3)),
            None => least + self.random.below(3),
        };
        let count = if self.off() { count.saturating_sub(1) } else { count };
        (0..count).map(|_| self.of(&schema["items"], depth + 1)).collect()
    }

    /// One that the schema takes, if one is found soon.
    fn scalar(&mut self, schema: &'s Value, kind: &str) -> Value {
        let mut value = Value::Null;
        for _ in 0..40 {
            value = self.candidate(schema, kind);
            let reader = self.readers.entry(schema.to_string()).or_insert_with(|| Reader::of(schema));
            if reader.refusal(&value).is_none() {
                break;
            }
        }
        value
    }

    fn candidate(&mut self, schema: &Value, kind: &str) -> Value {
        if let Some(values) = schema["enum"].as_array() {
            return self.random.pick(values);
        }
        if let Some(only) = schema.get("const") {
            return only.clone();
        }
        match kind {
            "string" => self.text(schema),
            "integer" | "number" => self.number(schema, kind == "integer"),
            "boolean" => json!(self.random.one_in(2)),
            "null" => Value::Null,
            _ => self.anything(),
        }
    }

    fn text(&mut self, schema: &Value) -> Value {
        let formats: Vec<_> = match schema["anyOf"].as_array() {
            Some(branches) => branches.iter().filter_map(|branch| branch["format"].as_str()).collect(),
            None => schema["format"].as_str().into_iter().collect(),
        };
        let is_plain = formats.is_empty() && schema.get("pattern").is_none() && schema.get("not").is_none();
        let name = if formats.is_empty() { "" } else { self.random.pick(&formats) };
        if let Some((_, texts)) = TEXTS.iter().find(|(format, _)| *format == name).filter(|_| !is_plain) {
            return self.random.pick(texts).into();
        }
        let limit = |keyword: &str| schema[keyword].as_u64().map(|limit| usize::try_from(limit).unwrap());
        let least = limit("minLength").unwrap_or(0);
        let most = limit("maxLength").unwrap_or(least + 8);
        let lengths = [least, least + 1, most, most.saturating_sub(1), 1, 3, least.saturating_sub(1), most + 1];
        let length = self.random.pick(&lengths);
        (0..length).map(|_| self.random.pick(&CHARACTERS)).collect::<String>().into()
    }

    fn number(&mut self, schema: &Value, is_integer: bool) -> Value {
        let mut numbers =
            vec![json!(0), json!(1), json!(-1), json!(7), json!(-0.0), json!(2.0), json!(2.5), json!(0.5)];
        for keyword in ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"] {
            if let Some(limit) = schema[keyword].as_i64() {
                numbers.extend([-1, 0, 1].map(|more| json!(limit.saturating_add(more))));
                numbers.extend(i32::try_from(limit).ok().map(|limit| json!(f64::from(limit))));
            } else if let Some(limit) = schema[keyword].as_f64() {
                numbers.extend([-0.25, 0.0, 0.25].map(|more| json!(limit + more)));
            }
        }
        let widths = [
            json!(i32::MAX),
            json!(1_i64 << 31),
            json!(i64::MIN),
            json!(i64::MAX),
            json!(u64::MAX),
            json!(u32::MAX),
            json!(256),
            json!(1e15),
            json!(1e300),
        ];
        numbers.extend(widths);
        if !is_integer {
            numbers.extend([json!(1e-9), json!(-12.75)]);
        }
        self.random.pick(&numbers)
    }

    /// Something else than the schema says, or nearly what it says.
    fn odd(&mut self, schema: &'s Value, depth: usize) -> Value {
        let kind = kind(schema, &mut self.random);
        match (self.random.below(5), kind) {
            (0, _) => Value::Null,
            (1, _) => self.anything(),
            (2, "string") if schema["enum"].is_array() || schema.get("const").is_some() => {
                let variant = self.candidate(schema, kind);
                let variant = variant.as_str().unwrap_or_default();
                // As serde takes a variant, too.
                if self.random.one_in(2) { json!({variant: null}) } else { json!(variant.to_uppercase()) }
            }
            (_, "object") => {
                let members = self.members(schema, depth, |_| true);
                if self.random.one_in(2) { members.into_values().collect() } else { members.into() }
            }
            (_, "array") => self.array(schema, depth),
            _ => self.candidate(schema, kind),
        }
    }

    fn anything(&mut self) -> Value {
        self.random.pick(&[
            json!(null),
            json!(true),
            json!(""),
            json!("text"),
            json!("2026-01-31"),
            json!(0),
            json!(-1),
            json!(1.5),
            json!([]),
            json!({}),
            json!([1]),
            json!({"a": 1}),
            json!([[]]),
        ])
    }
}

fn kind<'s>(schema: &'s Value, random: &mut Random) -> &'s str {
    let types: Vec<_> = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        Value::String(one) => vec![one.as_str()],
        _ if schema["properties"].is_object() => vec!["object"],
        _ => vec!["any"],
    };
    random.pick(&types)
}
