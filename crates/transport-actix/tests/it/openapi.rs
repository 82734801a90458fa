//! The OpenAPI document: readable by others, complete, and the same every time.

use crate::fixture::{Server, operations};
use diptych_transport_actix::{ApiInfo, openapi_document};
use serde_json::Value;
use std::collections::BTreeSet;

fn document() -> Value {
    let mut info = ApiInfo::new("Notes", "1.0.0");
    info.description = Some("Notes, for tests.".to_owned());
    info.license = Some("Apache-2.0".to_owned());
    openapi_document(operations().as_slice(), &info, "/api")
}

fn references<'v>(value: &'v Value, found: &mut BTreeSet<&'v str>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(reference) if name == "$ref" => drop(found.insert(reference)),
                    _ => references(member, found),
                }
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| references(element, found)),
        _ => {}
    }
}

#[test]
fn another_reader_understands_it() {
    let read = oas3::from_json(document().to_string()).unwrap();
    read.validate_version().unwrap();
    let ids: Vec<_> = read.operations().filter_map(|(_, _, operation)| operation.operation_id.clone()).collect();
    let unique: BTreeSet<_> = ids.iter().collect();
    assert_eq!((ids.len(), unique.len()), (17, 17), "{ids:?}");
}

#[test]
fn every_reference_leads_somewhere_and_nothing_is_left_over() {
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for reference in &found {
        assert!(reference.starts_with("#/components/"), "{reference}");
        assert!(document.pointer(&reference[1..]).is_some(), "{reference}");
    }
    for kind in ["schemas", "responses"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            assert!(found.contains(&*format!("#/components/{kind}/{name}")), "{name} is not used");
        }
    }
}

#[test]
fn it_says_what_the_server_does() {
    let document = document();
    let at = |pointer: &str| document.pointer(pointer).unwrap_or_else(|| panic!("no {pointer}"));
    let keys = |pointer: &str| at(pointer).as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(
        keys("/paths/~1notes/post/responses"),
        ["201", "400", "401", "403", "408", "409", "413", "414", "415", "422", "429", "500", "503", "504"]
            .map(|status| status)
    );
    assert_eq!(
        keys("/paths/~1notes~1count/get/responses"),
        ["200", "400", "401", "413", "414", "422", "429", "500", "503", "504"]
    );
    assert!(at("/paths/~1favourite/get/responses/409/description").as_str().unwrap().contains("`input_required`"));
    assert_eq!(at("/paths/~1notes/post/security").to_string(), r#"[{"bearer":["notes:write"]}]"#);
    assert_eq!(at("/paths/~1notes/post/summary"), "Add a note");
    assert!(at("/paths/~1notes~1{id}~1send/post/responses/409/description").as_str().unwrap().contains("`empty`"));
    // Paths that differ in the names of their variables are one.
    assert_eq!(keys("/paths/~1notes~1{id}"), ["get", "patch"]);
    assert_eq!(at("/paths/~1notes~1{id}/patch/parameters/0/name"), "id");
    let ids = at("/paths/~1echo/get/parameters/0");
    assert_eq!(
        (&ids["style"], &ids["explode"], &ids["description"]),
        (&"form".into(), &true.into(), &"Some numbers.".into())
    );
    assert_eq!(keys("/paths/~1notes~1{id}/patch/responses")[0], "204");
}

/// With `UPDATE=1` the file is written instead.
#[test]
fn it_is_the_file_in_the_repository() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/openapi.json");
    let now = serde_json::to_string_pretty(&document()).unwrap() + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &now).unwrap();
    }
    let known = std::fs::read_to_string(path).unwrap_or_default();
    assert!(known == now, "the document changed; look at the difference with UPDATE=1");
}

#[test]
fn it_is_served_once_to_those_who_know_it() {
    let server = Server::start();
    let first = server.get("/openapi.json");
    assert_eq!((first.status, first.header("content-type")), (200, Some("application/json")));
    assert_eq!(first.json()["servers"][0]["url"], "/api");
    assert_eq!(first.json()["info"]["title"], "notes");
    let tag = first.header("etag").unwrap();
    let weak = format!("W/{tag}");
    for (known, tag) in [(tag, tag), (&format!("\"other\", {weak}"), &weak), ("*", tag)] {
        let again = server.send("GET", "/openapi.json", &[("If-None-Match", known)], None);
        assert_eq!((again.status, &*again.body, again.header("etag")), (304, "", Some(tag)), "{known}");
    }
    assert_eq!(server.send("GET", "/openapi.json", &[("If-None-Match", "\"other\"")], None).status, 200);
    assert_eq!(server.send("HEAD", "/openapi.json", &[], None).status, 200);
    let refused = server.send("POST", "/openapi.json", &[], None);
    assert_eq!((refused.status, refused.header("allow")), (405, Some("GET, HEAD")));
}
