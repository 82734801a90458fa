//! URI templates of resources: what they match, what they expand to, and which of two comes first.

use diptych_spec::Template;
use std::cmp::Ordering;

fn uri(text: &str) -> Template {
    Template::uri(text).unwrap_or_else(|why| panic!("{text}: {why}"))
}

/// `name=value` of what was found, in order.
fn found(template: &str, text: &str) -> Option<String> {
    let template = uri(template);
    let found = template.matches(text)?;
    Some(found.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" "))
}

#[test]
fn uris_are_matched() {
    for (template, text, values) in [
        ("x://{id}", "x://1", Some("id=1")),
        ("x://{id}", "x://a%2Fb", Some("id=a/b")),
        ("x://{id}", "x://a?b", None),
        ("x://{id}", "x://a#b", None),
        ("x://{id}.json", "x://a.json.json", Some("id=a.json")),
        ("x://{a}-{b}", "x://1-2-3", Some("a=1 b=2-3")),
        ("x://{a}-{b}", "x://-2", None),
        ("x://{+path}", "x://a/b/c", Some("path=a/b/c")),
        ("x://{+path}", "x:///", Some("path=/")),
        ("x://{+path}", "x://", None),
        ("x://{+path}", "x://a?b", None),
        ("x://{+path}/history/{n}", "x://a/history/b/history/3", Some("path=a/history/b n=3")),
        ("x://{+path}/history/{n}", "x://history/3", None),
        ("x://{user}/{+path}.md", "x://ann/a/b.md", Some("user=ann path=a/b")),
        ("x://{owner}{/part}", "x://ann", Some("owner=ann")),
        ("x://{owner}{/part}", "x://ann/b", Some("owner=ann part=b")),
        ("x://{owner}{/part}", "x://ann/", None),
        ("x://{owner}{/part}", "x://ann/b/c", None),
        ("x://{a}.{b}{/part}", "x://1.2/c", Some("a=1 b=2 part=c")),
        ("x://{a}.{b}{/part}", "x://1.2", Some("a=1 b=2")),
        ("x://all{/part}", "x://all", Some("")),
        ("x://list{?a,b}", "x://list", Some("")),
        ("x://list{?a,b}", "x://list?", Some("")),
        ("x://list{?a,b}", "x://list?b=2&a=1", Some("b=2 a=1")),
        ("x://list{?a,b}", "x://list?a=%C3%BC+%2B&b=", Some("a=ü + b=")),
        ("x://list{?a,b}", "x://list?a", Some("a=")),
        ("x://list{?a,b}", "x://list?a=1&a=2", None),
        ("x://list{?a,b}", "x://list?c=1", None),
        ("x://list{?a,b}", "x://list?a=%FF", None),
        ("x://list{?a,b}", "x://list?a=1#b", None),
        ("x://list{?a,b}", "x://list/?a=1", None),
        ("x://list{?a*}", "x://list?a=1&a=2", Some("a=1 a=2")),
        ("x://list?kind=a+b{&a}", "x://list?a=1&kind=a%20b", Some("a=1")),
        ("x://list?kind=a+b{&a}", "x://list?a=1", None),
        ("x://list?kind=a+b{&a}", "x://list?kind=c", None),
        ("x://list?a={a}&b={b}", "x://list?b=2&a=1", Some("b=2 a=1")),
        ("x://list?a={a}&b={b}", "x://list?a=1", None),
        ("x://{id}/of?n={n}{&a}", "x://7/of?n=1", Some("id=7 n=1")),
        ("x://list", "x://list?a=1", None),
    ] {
        assert_eq!(found(template, text).as_deref(), values, "{template} {text}");
    }
}

#[test]
fn values_are_expanded() {
    let values = |name: &str| match name {
        "id" => Some("a/b ?#%".to_owned()),
        "empty" => Some(String::new()),
        name => name.strip_prefix("no").is_none().then(|| name.to_owned()),
    };
    for (template, text) in [
        ("x://{id}", Some("x://a%2Fb%20%3F%23%25")),
        ("x://{+id}", Some("x://a/b%20%3F%23%25")),
        ("x://{a}{/b}", Some("x://a/b")),
        ("x://{a}{/no}", Some("x://a")),
        ("x://{a}{/empty}", Some("x://a")),
        ("x://{empty}", None),
        ("x://{no}", None),
        ("x://l{?a,no,b}", Some("x://l?a=a&b=b")),
        ("x://l{?no,b}", Some("x://l?b=b")),
        ("x://l{?no}", Some("x://l")),
        ("x://l{?empty,id}", Some("x://l?empty=&id=a%2Fb%20%3F%23%25")),
        ("x://l?k=1+2{&a*}", Some("x://l?k=1%202&a=a")),
        ("x://l?k={no}", None),
    ] {
        assert_eq!(uri(template).expand(values).as_deref(), text, "{template}");
    }
}

#[test]
fn variables_are_known_in_order() {
    let template = uri("x://{a}/{+b}?c={c}{&d,e*}");
    assert_eq!(template.variables().collect::<Vec<_>>(), ["a", "b", "c", "d", "e"]);
    assert_eq!(["a", "b", "c", "d", "e"].map(|name| template.in_query(name)), [false, false, true, true, true]);
    assert_eq!(["d", "e"].map(|name| template.is_repeated(name)), [false, true]);
}

#[test]
fn what_cannot_be_read_back_is_refused() {
    for (template, why) in [
        ("x://{a", "without its partner"),
        ("x://{}", "write a name of letters"),
        ("x://{a b}", "write a name of letters"),
        ("x://{a}{b}", "nothing between"),
        ("x://{+a}{b}", "nothing between"),
        ("x://{/a}{b}", "nothing between"),
        ("x://{a}/{a}", "the variable `a` twice"),
        ("x://{a}{?a}", "the variable `a` twice"),
        ("x://{a,b}", "write `{a}/{b}`"),
        ("x://{a*}", "write `{+a}`"),
        ("x://{/a*}", "write `{+a}`"),
        ("x://{a:3}", "leave out `:`"),
        ("x://{.a}", "write `.{a}`"),
        ("x://{;a}", "write `;{a}`"),
        ("x://{#a}", "leave out `{#…}`"),
        ("x://a#b", "leave out `#`"),
        ("x://{+a}/{+b}", "write `{b}`"),
        ("x://{+a}{/b}", "leave it out"),
        ("x://{/a}/b", "end of the path"),
        ("x://{/a}{/b}", "end of the path"),
        ("x://a{&b}", "write `{?b}`"),
        ("x://a{?b}{?c}", "write `{&c}`"),
        ("x://a?b=1{?c}", "write `{&c}`"),
        ("x://a{?b}c", "write `&`"),
        ("x://a?b?c", "one `?`"),
        ("x://a?", "leave it out"),
        ("x://a?b=c{d}", "write `name={d}` or `{?d}`"),
        ("x://a?{d}", "write `name={d}` or `{?d}`"),
        ("x://a{?b}{c}", "write `{&c}`"),
        ("x://a{?b,}", "as in `{?a,b}`"),
        ("x://a?b=1{&b}", "`b` twice"),
        ("x://a?=1", "write `name=value`"),
        ("x://a?b=%FF", "not UTF-8"),
    ] {
        let error = Template::uri(template).unwrap_err();
        assert!(error.contains(why) && error.contains(template), "{template}: {error}");
    }
    for beyond in ["/{+a}", "/{/a}", "/{?a}", "/{a*}"] {
        assert!(Template::parse(beyond).unwrap_err().contains("not a variable"), "{beyond}");
    }
}

#[test]
fn the_more_literal_comes_first() {
    for (one, other) in [
        ("x://list", "x://{id}"),
        ("x://list/{id}", "x://{kind}/{id}"),
        ("x://list/{id}", "x://{kind}/new"),
        ("x://{id}.json", "x://{id}"),
        ("x://{id}", "x://{+path}"),
        ("x://{a}/{b}", "x://{+path}"),
        ("x://{+path}/end", "x://{+path}"),
        ("x://{a}/end", "x://{+path}/end"),
        ("x://{a}", "x://{a}{/b}"),
        ("x://{a}/{b}", "x://{a}{/b}"),
        ("x://list", "x://list{?a}"),
        ("x://list{?a}", "x://list{?a,b}"),
        ("x://list{?a}", "x://list{?a*}"),
        ("x://list?a={a}", "x://list{?a}"),
        ("x://list?a=1", "x://list?a={a}"),
        ("x://list?a=1{&b}", "x://list{?a,b}"),
    ] {
        let (one, other) = (uri(one), uri(other));
        assert_eq!(one.precedence(&other), Ordering::Less, "{one} {other}");
        assert_eq!(other.precedence(&one), Ordering::Greater, "{one} {other}");
        assert!(!one.is_ambiguous_with(&other) && !other.is_ambiguous_with(&one), "{one} {other}");
    }
}

#[test]
fn what_nothing_orders_is_ambiguous() {
    for (one, other, ambiguous) in [
        ("x://{a}", "x://{b}", true),
        ("x://{a}", "y://{a}", false),
        ("x://{a}-b", "x://a-{b}", true),
        ("x://{a}-b", "x://{a}-c", false),
        ("x://{a}.b", "x://b.{a}.c", false),
        ("x://{a}/b/{c}", "x://{a}/d/{c}", false),
        ("x://{+a}/b/{c}", "x://{+a}/d/{c}", false),
        ("x://{+a}/b/{c}", "x://{+a}/{d}/b", false),
        ("x://{a}{/b}", "x://{c}{/d}", true),
        ("x://{a}{?b}", "x://{c}{?b}", true),
        ("x://l{?a}", "x://l{?b}", true),
        ("x://l{?a,b}", "x://l{?b,c}", true),
        ("x://l?a={a}", "x://l?b={b}", false),
        ("x://l?a=1", "x://l?a=2", false),
        ("x://l?a=1{&b}", "x://l?a={a}{&c}", true),
        ("x://l?a=1{&b}", "x://l?c=1{&b}", false),
        ("x://a-{n}{?b}", "x://{n}-c{?b,d}", true),
    ] {
        let (one, other) = (uri(one), uri(other));
        assert_eq!(one.is_ambiguous_with(&other), ambiguous, "{one} {other}");
        assert_eq!(other.is_ambiguous_with(&one), ambiguous, "{other} {one}");
    }
}

/// Every pair of paths, against every text of a small alphabet.
#[test]
fn ambiguity_is_what_it_says() {
    let pieces =
        ["a", "{v}", "{+v}", "a{v}", "{v}a", "{v}.a", "a/b", "a/{v}", "{v}/{w}", "{v}{/w}", "{+v}/a", "{v}a{w}"];
    let templates: Vec<_> = pieces.iter().map(|piece| uri(&format!("x://{piece}"))).collect();
    let mut texts = vec!["x://".to_owned()];
    let mut start = 0;
    for _ in 0..6 {
        let end = texts.len();
        for at in start..end {
            texts.extend(['a', 'b', '/', '.'].map(|c| format!("{}{c}", texts[at])));
        }
        start = end;
    }
    let matched: Vec<Vec<bool>> =
        templates.iter().map(|template| texts.iter().map(|text| template.matches(text).is_some()).collect()).collect();
    for (one, ones) in templates.iter().zip(&matched) {
        for (other, others) in templates.iter().zip(&matched) {
            let share = ones.iter().zip(others).any(|(one, other)| *one && *other);
            let expected = share && one.precedence(other).is_eq();
            assert_eq!(one.is_ambiguous_with(other), expected, "{one} {other}");
        }
    }
}

/// A generator of numbers that is the same in every run (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % end as u64).unwrap()
    }

    fn text(&mut self) -> String {
        let letters: Vec<char> = "abZ09-._~ %?#/&=+:;,@!$'()*[]{}<>\"\\|^`\n\0äß世🙂".chars().collect();
        (0..=self.below(6)).map(|_| letters[self.below(letters.len())]).collect()
    }
}

#[test]
fn what_was_expanded_matches_and_gives_the_values_back() {
    let templates = [
        "x://{a}",
        "x://{a}/{b}/c",
        "x://{+a}",
        "x://{a}/{+b}",
        "x://{+a}/{b}",
        "x://{a}{/b}",
        "x://{a}/l{?b,c}",
        "x://l{?a,b*,c}",
        "x://l?k=%26+x{&a,b}",
        "x://l?a={a}&k=1&b={b}{&c}",
        "x://{+a}{?b}",
    ];
    let mut numbers = Numbers(42);
    for template in templates.map(uri) {
        for _ in 0..2_000 {
            let values: Vec<_> = template.variables().map(|name| (name.to_owned(), numbers.text())).collect();
            let missing: Vec<_> = values.iter().map(|_| numbers.below(4) == 0).collect();
            let value = |name: &str| {
                let at = values.iter().position(|(known, _)| known == name)?;
                (!missing[at]).then(|| values[at].1.clone())
            };
            let given: Vec<_> = template.variables().filter_map(|name| Some((name, value(name)?))).collect();
            if let Some(expanded) = template.expand(value) {
                assert_eq!(template.matches(&expanded), Some(given), "{template} {expanded}");
            } else {
                assert!(given.len() < values.len(), "{template}");
            }
        }
    }
}
