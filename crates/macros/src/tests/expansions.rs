//! Each kind of input and its expansion.

use super::{attribute, derive, messages};
use crate::{column, filter, ordering, record, service_error, validate_variants};
use proc_macro2::TokenStream;
use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

#[test]
fn a_service() {
    check("service", attribute);
}

#[test]
fn a_selector_of_a_list() {
    check("selector", attribute);
}

#[test]
fn a_selector_of_a_plain_value_is_wrapped() {
    check("value", attribute);
}

#[test]
fn a_prompt_answers_messages() {
    check("prompt", attribute);
}

#[test]
fn broken_input_yields_a_stub() {
    check("stub", attribute);
}

#[test]
fn rules_of_variants() {
    for name in ["variants_beside_a_tag", "variants_by_name"] {
        check(name, |source| derive(validate_variants::derive, source));
    }
}

#[test]
fn a_filter() {
    check("filter", |source| derive(filter::derive, source));
}

#[test]
fn an_ordering() {
    check("ordering", |source| derive(ordering::derive, source));
}

#[test]
fn an_enum_as_a_column() {
    check("text_column", |source| derive(column::derive, source));
}

#[test]
fn a_newtype_as_a_column() {
    check("newtype_column", |source| derive(column::derive, source));
}

#[test]
fn a_record() {
    check("record", |source| derive(record::derive, source));
}

#[test]
fn a_service_error() {
    check("service_error", |source| derive(service_error::derive, source));
}

#[test]
fn what_is_broken_yields_a_stub() {
    let expanded = derive(filter::derive, "struct F { x: i64 }");
    assert!(expanded.to_string().contains("impl :: diptych :: Filter for F"));
    let stub = attribute(r#"#[prompt("p")] async fn p(db: &mut Tx) -> Result<i64> {}"#).to_string();
    assert!(stub.contains("type Out = :: diptych :: Messages") && stub.contains(":: diptych :: Conn"), "{stub}");
    let generic = derive(filter::derive, "struct F<T> { x: Option<T> }");
    assert_eq!(messages(generic.clone()).len(), 1);
    assert!(!generic.to_string().contains("impl"), "{generic}");
}

fn check(name: &str, expand: impl Fn(&str) -> TokenStream) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests");
    let source = fs::read_to_string(folder.join(format!("{name}.rs"))).unwrap();
    let expanded = format(&expand(&source));
    let file = folder.join(format!("{name}.expanded.rs"));
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, &expanded).unwrap();
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    assert!(expanded == expected, "{} differs; if that is meant, run with UPDATE=1. Now:\n{expanded}", file.display(),);
}

/// Through rustfmt, because the files are read by people.
fn format(tokens: &TokenStream) -> String {
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    rustfmt.stdin.take().unwrap().write_all(tokens.to_string().as_bytes()).unwrap();
    let output = rustfmt.wait_with_output().unwrap();
    assert!(output.status.success(), "rustfmt refuses {tokens}");
    String::from_utf8(output.stdout).unwrap()
}
