use super::*;
use proptest::prelude::*;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

fn check(json: &str) -> Result<(), JsonFault> {
    JsonLimits::default().check(json)
}

fn twice(json: &str) -> String {
    match check(json) {
        Err(JsonFault::Twice(mut pointers)) if pointers.len() == 1 => pointers.remove(0),
        other => panic!("{json}: {other:?}"),
    }
}

#[test]
fn a_name_is_there_once_at_any_depth() {
    for (json, pointer) in [
        (r#"{"a":1,"a":2}"#, "/a"),
        (r#"{"a":1,"\u0061":2}"#, "/a"),
        (r#"{"\u00e9":1,"é":2}"#, "/é"),
        (r#"{"\ud83d\ude00":1,"😀":2}"#, "/😀"),
        (r#"{"":1,"":2}"#, "/"),
        (r#"{"a/b":{"c~":[0,{"d":1,"e":2,"d":3}]}}"#, "/a~1b/c~0/1/d"),
        (r#"[[],[{"x":{}},{"y":[1,2,{"z":0,"z":0}]}]]"#, "/1/1/y/2/z"),
        (r#"{"b":{"n":1},"c":{"n":1,"m":{"k":[],"k":[]}}}"#, "/c/m/k"),
        (r#"{"a":{"a":{"a":1}},"b":{"a":1},"b":0}"#, "/b"),
    ] {
        assert_eq!(twice(json), pointer, "{json}");
    }
    for json in [
        r#"{"a":{"a":{"a":1}},"b":{"a":1}}"#,
        r#"[{"a":1},{"a":1}]"#,
        r#"{"a":1,"A":2,"a ":3,"\u0041b":4}"#,
        r#"{"é":1,"e\u0301":2}"#,
    ] {
        assert_eq!(check(json), Ok(()), "{json}");
    }
    let all = |json: &str| check(json).unwrap_err();
    let both = JsonFault::Twice(vec!["/a/b".into(), "/c".into()]);
    assert_eq!(all(r#"{"a":{"b":1,"b":2},"c":1,"c":2}"#), both);
    // What is not JSON is said first.
    assert!(matches!(all(r#"{"a":{"b":1,"b":2},"c":tru}"#), JsonFault::Syntax { .. }));
    let many = "{\"a\":1,\"a\":2},".repeat(1000);
    assert!(matches!(all(&format!("[{many}0]")), JsonFault::Twice(pointers) if pointers.len() == 16));
    // However many there are, the rest is read.
    assert!(matches!(all(&format!("[{many}")), JsonFault::Syntax { .. }));
    assert_eq!(all(&format!("[{many}{}", "[".repeat(100))), JsonFault::Depth(64));
    assert_eq!(all(&format!("[{many}{}0]", "0,".repeat(100_000))), JsonFault::Values(100_000));
    // Where there are many, they are sorted.
    let many = |last: &str| {
        let names: String = (0..5000).map(|at| format!(r#""name {at}":[{{"x":{at}}}],"#)).collect();
        format!(r#"{{"in":[{{{names}"{last}":0}}]}}"#)
    };
    assert_eq!(check(&many("name 5000")), Ok(()));
    assert_eq!(twice(&many("name 77")), "/in/0/name 77");
    assert_eq!(twice(&many(r"\u006eame 4999")), "/in/0/name 4999");
}

#[test]
fn what_is_refused_says_where_and_not_what() {
    let secret = r#"{"token":"hunter2","nested":{"a":"hunter2","a":"hunter2"}}"#;
    let error = Error::from(check(secret).unwrap_err());
    assert_eq!(error.fields()[0].pointer, "/nested/a");
    assert!(!format!("{:?}", error.problem()).contains("hunter2"));
    let long = format!(r#"{{"{0}":{{"{0}":{{"b":1,"b":2}}}}}}"#, "é".repeat(300));
    assert!(twice(&long).len() < 520);
    for (json, line, column) in
        [("", 1, 1), ("{", 1, 2), ("{\n \"a\": tru}", 2, 7), ("[1,]", 1, 4), ("\u{feff}{}", 1, 1)]
    {
        assert_eq!(check(json), Err(JsonFault::Syntax { line, column }), "{json}");
    }
}

#[test]
fn sizes_are_bounded() {
    let limits = JsonLimits { depth: 3, values: 5, name: 4, number: 8 };
    for (json, fault) in [
        ("[[[1]]]", None),
        ("[[[[]]]]", Some(JsonFault::Depth(3))),
        ("[1,2,3,4]", None),
        ("[1,2,3,4,5]", Some(JsonFault::Values(5))),
        (r#"{"abcd":1}"#, None),
        (r#"{"abcde":1}"#, Some(JsonFault::Name(4))),
        (r#"{"\u0061":1}"#, Some(JsonFault::Name(4))),
        ("12345678", None),
        ("123456789", Some(JsonFault::Number(8))),
        ("1e308", None),
        ("1e309", Some(JsonFault::Number(8))),
        ("-1e99999", Some(JsonFault::Number(8))),
        ("1e-99999", None),
    ] {
        assert_eq!(limits.check(json).err(), fault, "{json}");
    }
    let deep = "[".repeat(200_000);
    assert_eq!(check(&deep), Err(JsonFault::Depth(64)));
    assert_eq!(check(&"{\"a\":".repeat(200_000)), Err(JsonFault::Depth(64)));
    let wide = format!("[{}0]", "0,".repeat(200_000));
    assert_eq!(check(&wide), Err(JsonFault::Values(100_000)));
    assert_eq!(check(&"9".repeat(100_000)), Err(JsonFault::Number(256)));
}

/// Accepts what `serde_json` accepts, minus names that are there twice.
struct Once;

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Once;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }
            fn visit_bool<E>(self, _: bool) -> Result<Once, E> {
                Ok(Once)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Once, E> {
                Ok(Once)
            }
            fn visit_u64<E>(self, _: u64) -> Result<Once, E> {
                Ok(Once)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Once, E> {
                Ok(Once)
            }
            fn visit_str<E>(self, _: &str) -> Result<Once, E> {
                Ok(Once)
            }
            fn visit_unit<E>(self) -> Result<Once, E> {
                Ok(Once)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Once, A::Error> {
                while seq.next_element::<Once>()?.is_some() {}
                Ok(Once)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Once, A::Error> {
                let mut seen = std::collections::HashSet::new();
                while let Some((name, _)) = map.next_entry::<String, Once>()? {
                    if !seen.insert(name) {
                        return Err(serde::de::Error::custom("twice"));
                    }
                }
                Ok(Once)
            }
        }
        deserializer.deserialize_any(Any)
    }
}

#[track_caller]
fn agrees(json: &str) {
    let expected = serde_json::from_str::<Once>(json).is_ok();
    assert_eq!(check(json).is_ok(), expected, "{json:?}: {:?}", check(json));
}

#[test]
fn it_agrees_with_the_decoder_on_the_odd_ones() {
    for json in [
        "0",
        "-0",
        "-",
        "01",
        "+1",
        "1.",
        ".5",
        "1.5",
        "1e",
        "1e+",
        "1e+5",
        "1E-5",
        "1e5.0",
        "--1",
        "0x10",
        "1_0",
        "NaN",
        "Infinity",
        "1e400",
        "-1e400",
        "true",
        "tru",
        "truee",
        "nul",
        "null ",
        " \t\r\n1\n",
        "\u{b}1",
        "\u{a0}1",
        "\"",
        "\"\"",
        "\"a",
        "\"\t\"",
        "\"\u{7f}\"",
        "\"\u{0}\"",
        r#""\x""#,
        r#""\u12""#,
        r#""\u+123""#,
        r#""\ud800""#,
        r#""\udc00""#,
        r#""\ud800\ud800""#,
        r#""\ud800\u0041""#,
        r#""\ud800x""#,
        r#""\ud83d\ude00""#,
        r#""\\""#,
        r#""\\\""#,
        "[",
        "]",
        "[]",
        "[,]",
        "[1,]",
        "[1 2]",
        "[1]]",
        "{}",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{'a':1}",
        "{\"a\" : 1 }",
        "{1:2}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1]",
        "[1}",
        "{} {}",
        "// x\n1",
        "\u{feff}1",
        "'a'",
    ] {
        agrees(json);
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 20, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..20).prop_map(Value::from),
            prop::collection::vec((".{0,3}", inner), 0..20)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(value in value(), pretty in any::<bool>()) {
        let json = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        prop_assert_eq!(check(&json.unwrap()), Ok(()));
    }

    #[test]
    fn it_agrees_with_the_decoder(json in r#"([\[\]{},:"\\ \nu0-9aeE.+\-]|true|null|"a"|"b"|"\\u0061"|"a":|"b":){0,24}"#) {
        agrees(&json);
    }

    /// A valid text with one byte changed, left out or put in.
    #[test]
    fn it_agrees_on_damage(value in value(), at in any::<prop::sample::Index>(), with in 0_u8..128, how in 0..3) {
        let mut json = serde_json::to_vec(&value).unwrap();
        let at = at.index(json.len());
        match how {
            0 => json[at] = with,
            1 => drop(json.remove(at)),
            _ => json.insert(at, with),
        }
        if let Ok(json) = String::from_utf8(json) {
            agrees(&json);
        }
    }

    /// Members in any number, order and depth: found exactly when one is there twice.
    #[test]
    fn it_finds_each_that_is_there_twice(names in prop::collection::vec("[ab]{1,4}", 0..40), depth in 0_usize..10) {
        let members: Vec<_> = names.iter().map(|name| format!(r#""{name}":[{{"{name}":1}}]"#)).collect();
        let json = format!(r#"{}{{{}}}{}"#, "[".repeat(depth), members.join(","), "]".repeat(depth));
        agrees(&json);
    }
}
