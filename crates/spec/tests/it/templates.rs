//! Paths and URIs with variables.

use diptych_spec::Template;

#[test]
fn matching_is_the_inverse_of_expanding() {
    let template = Template::parse("notes://{owner}/{id}.json").unwrap();
    for (owner, id) in [("ann", "1"), ("a b", "ä/ö"), ("100%", "x.y"), ("~-_", "🙂")] {
        let uri = template.expand(|name| Some(if name == "owner" { owner } else { id }.to_owned())).unwrap();
        let found = template.matches(&uri).unwrap();
        assert_eq!(found, [("owner", owner.to_owned()), ("id", id.to_owned())], "{uri}");
    }
    assert_eq!(template.expand(|_| None), None);
}

#[test]
fn a_literal_does_not_begin_inside_an_encoded_character() {
    // `,` is `%2C`, which the literals below begin or end with.
    for (template, a, b) in [("x://{a}CC{b}", ",CC", "1"), ("x://{a}C{b}", ",", ","), ("x://{a}2C-{b}", ",-", "%2C-")] {
        let template = Template::parse(template).unwrap();
        let uri = template.expand(|name| Some(if name == "a" { a } else { b }.to_owned())).unwrap();
        let found = template.matches(&uri).unwrap_or_else(|| panic!("{uri}"));
        let again =
            template.expand(|name| Some(found.iter().find(|(own, _)| *own == name).unwrap().1.clone())).unwrap();
        assert_eq!(again, uri, "{found:?}");
    }
}

#[test]
fn what_is_no_expansion_does_not_match() {
    let template = Template::parse("notes://{id}").unwrap();
    for uri in ["notes://", "notes:///", "notes://a/b", "note://a", "xnotes://a", "notes://%FF", ""] {
        assert_eq!(template.matches(uri), None, "{uri}");
    }
    let literal = Template::parse("notes://all").unwrap();
    assert_eq!(literal.matches("notes://all"), Some(vec![]));
    assert_eq!(literal.matches("notes://all/more"), None);
}

#[test]
fn mistakes_are_told() {
    for (text, why) in [
        ("/a/{id", "without its partner"),
        ("/a/id}", "without its partner"),
        ("/a/{}", "not a variable"),
        ("/a/{i d}", "not a variable"),
        ("/a/{x}{y}", "nothing between"),
        ("/a/{x}/{x}", "twice"),
    ] {
        let error = Template::parse(text).unwrap_err();
        assert!(error.contains(why), "{text}: {error}");
    }
}

#[test]
fn matching_a_long_text_is_linear() {
    let template = Template::parse("x://{a}-{b}-{c}!").unwrap();
    assert_eq!(template.matches(&format!("x://{}", "-".repeat(1_000_000))), None);
}
