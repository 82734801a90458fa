//! Every mistake that a macro can see, and the whole of what is said about it.

use super::{attribute, derive, messages};
use crate::{column, filter, ordering, record, service_error};

/// Input, and what is said of it, in order.
type Case<'a> = (&'a str, &'a [&'a str]);

fn check(expand: impl Fn(&str) -> proc_macro2::TokenStream, cases: &[Case<'_>]) {
    for (source, expected) in cases {
        assert_eq!(messages(expand(source)), *expected, "{source}");
    }
}

#[test]
fn of_a_name() {
    const RULE: &str =
        "a name is 1 to 64 characters of A-Z, a-z, 0-9, `_`, `-` and `.`, because no MCP client accepts others";
    const SERVICE: &str = "write the name: `#[service(\"invoices.create\")]`";
    check(
        attribute,
        &[
            ("#[service] async fn f() -> Result<()> {}", &[SERVICE]),
            ("#[service(name)] async fn f() -> Result<()> {}", &[SERVICE]),
            ("#[selector()] async fn f() -> Result<()> {}", &["write the name: `#[selector(\"invoices.list\")]`"]),
            ("#[prompt] async fn f() -> Result<String> {}", &["write the name: `#[prompt(\"invoices.reminder\")]`"]),
            (r#"#[service("a b")] async fn f() -> Result<()> {}"#, &[RULE]),
            (r#"#[service("")] async fn f() -> Result<()> {}"#, &[RULE]),
        ],
    );
}

#[test]
fn of_a_function() {
    check(
        attribute,
        &[
            (r#"#[service("x")] fn f() -> Result<()> {}"#, &["a service is async: write `async fn f`"]),
            (
                r#"#[service("x")] async fn f() {}"#,
                &["a service returns a `Result`: write `-> diptych::Result<()>`, or what it answers instead of `()`"],
            ),
            (
                r#"#[prompt("x")] async fn f() {}"#,
                &["a prompt returns a `Result` of messages: write `-> diptych::Result<String>`"],
            ),
            (
                r#"#[selector("x")] async fn f<'a, T>() -> Result<()> {}"#,
                &[
                    "a selector is not generic, because its schema is one: write the concrete types, and `&T` without a lifetime",
                ],
            ),
            (
                r#"#[service("x")] const unsafe extern "C" fn f() -> Result<()> {}"#,
                &[
                    "a service is a plain `async fn`: remove `const`",
                    "a service is a plain `async fn`: remove `unsafe`",
                    "a service is a plain `async fn`: remove `extern`",
                    "a service is async: write `async fn f`",
                ],
            ),
            (
                r#"#[service("x")] async fn f() -> Result<impl Serialize> {}"#,
                &["what a service returns has a schema: name a concrete type instead of `impl Trait`"],
            ),
            (
                r#"#[service("x")] async fn f(who: &Principal) -> Result<&str> {}"#,
                &["what a service returns outlives the call: return an owned type"],
            ),
            (r#"#[service("x")] async fn f() -> Result<&'static str> {}"#, &[]),
        ],
    );
}

#[test]
fn of_an_argument() {
    check(
        attribute,
        &[
            (
                r#"#[service("x")] async fn f(&self) -> Result<()> {}"#,
                &["a service is a free function: move it out of the `impl` and take `State<T>` instead of `self`"],
            ),
            (
                r#"#[service("x")] async fn f(tx: &mut Tx, a: Principal, other: &mut Tx) -> Result<()> {}"#,
                &["one `&mut` connection at most: take every other argument by value or by `&`"],
            ),
            (
                r#"#[service("x")] async fn f(db: &mut diptych::Conn) -> Result<()> {}"#,
                &["a service is lent `&mut Tx`: it runs in a transaction"],
            ),
            (
                r#"#[selector("x")] async fn f(db: &mut Tx) -> Result<()> {}"#,
                &["a selector only reads: take `&mut Conn`"],
            ),
            (
                r#"#[prompt("x")] async fn f(db: &mut Tx) -> Result<String> {}"#,
                &["a prompt only reads: take `&mut Conn`"],
            ),
            (
                r#"#[prompt("x")] async fn f(db: &Conn) -> Result<String> {}"#,
                &["a prompt is lent its connection: write `&mut Conn`"],
            ),
            (
                r#"#[service("x")] async fn f(a: impl Clone, b: Option<impl Clone>) -> Result<()> {}"#,
                &["an argument is found by its type: name a concrete type instead of `impl Trait`"; 2],
            ),
            (
                r#"#[service("x")] async fn f(a: Option<&Principal>, b: Cow<'_, str>) -> Result<()> {}"#,
                &["an argument owns what it holds: write an owned type, or `&` before the whole type"; 2],
            ),
            (
                r#"#[service("x")] async fn f(#[arg] Id(id): Id) -> Result<()> {}"#,
                &["`#[arg]` needs a plain name, the one that callers use: write `#[arg] id: T`"],
            ),
            (
                r#"#[service("x")] async fn f(#[arg] id: &mut i64) -> Result<()> {}"#,
                &["an `#[arg]` is taken by value or by `&`: remove `mut`"],
            ),
            (
                r#"#[service("x")] async fn f(#[arg(renam = "y")] id: i64) -> Result<()> {}"#,
                &["`renam` is not known here, did you mean `rename`? Known: `rename`, `header`"],
            ),
            (
                r#"#[service("x")] async fn f(#[arg] a: i64, #[arg(rename = "a")] b: i64) -> Result<()> {}"#,
                &["another argument is called `a`: give one of them another name"],
            ),
            (
                r#"#[service("x")] async fn f(#[serde(default)] a: i64, #[cfg(x)] b: Db) -> Result<()> {}"#,
                &[
                    "this belongs to a named argument: write `#[arg]` before it",
                    "an argument is always there: put `#[cfg]` on the function",
                ],
            ),
        ],
    );
}

#[test]
fn of_something_that_is_no_function() {
    let expanded = crate::operation::attribute(
        crate::operation::Kind::Service,
        quote::quote!("x"),
        quote::quote!(
            struct S;
        ),
    );
    assert_eq!(messages(expanded), ["`#[service]` goes on an `async fn`"]);
}

#[test]
fn of_a_filter() {
    const KNOWN: &str = "Known: `=`, `!=`, `<`, `<=`, `>`, `>=`, `in`, `between`, `is null`, `contains`, `starts with`";
    check(
        |source| derive(filter::derive, source),
        &[
            ("struct F(Option<i64>);", &["`derive(Filter)` goes on a struct with named fields: `struct F { … }`"]),
            ("enum F { A }", &["`derive(Filter)` goes on a struct with named fields: `struct F { … }`"]),
            (
                r#"struct F { a: i64, #[filter(column = "a; b")] b: Option<i64>, #[filter(colum = "a")] c: Option<i64> }"#,
                &[
                    "a caller may leave every filter out: write `Option<…>` around the type",
                    "`a; b` cannot be a column: write a letter or `_`, then letters, digits and `_`, as in `column = \"amount_cents\"`",
                    "`colum` is not known here, did you mean `column`? Known: `column`, `op`",
                ],
            ),
            (
                r#"struct F { #[filter(op = "contain")] a: Option<String> }"#,
                &[&format!("`contain` is not known here, did you mean `contains`? {KNOWN}")],
            ),
            (r#"struct F { #[filter(op = "~")] a: Option<String> }"#, &[&format!("`~` is not known here. {KNOWN}")]),
        ],
    );
}

#[test]
fn of_an_ordering() {
    check(
        |source| derive(ordering::derive, source),
        &[
            ("struct O { a: i64 }", &["`derive(Ordering)` goes on a field-less enum: `enum O { … }`"]),
            ("enum O {}", &["`O` has no variants: write at least one"]),
            ("enum O { A(i64) }", &["`derive(Ordering)` needs variants without fields: write `A`"]),
            (
                r#"enum O { A, #[order(rename = "a")] B, #[order(rename = "-c")] C }"#,
                &[
                    "another variant is called `a`: give one of them another name with `#[order(rename = \"…\")]`",
                    "`-c` cannot be a public name: write a letter or `_`, then letters, digits and `_`; a caller puts `-` before it for the other direction",
                ],
            ),
        ],
    );
}

#[test]
fn of_a_column() {
    const PLACES: &str =
        "`derive(Column)` goes on a field-less enum or on a struct with one unnamed field: `struct C(Uuid);`";
    check(
        |source| derive(column::derive, source),
        &[
            ("struct C { a: i64 }", &[PLACES]),
            ("struct C(i64, i64);", &[PLACES]),
            ("struct C<T>(T);", &["`derive(Column)` is not for generic types: write the concrete type"]),
            ("enum C { A { x: i64 } }", &["`derive(Column)` needs variants without fields: write `A`"]),
            (
                r#"enum C { A, #[serde(rename = "A")] B, #[serde(rename(serialize = "c"))] C }"#,
                &[
                    "another variant is stored as `A`: give one of them another name with `#[serde(rename = \"…\")]`",
                    "there is one name, the same for reading and writing: write `rename = \"…\"`",
                ],
            ),
            (
                r#"#[serde(rename_all = "snake-case")] enum C { A }"#,
                &[
                    "`snake-case` is not known here, did you mean `snake_case`? Known: `PascalCase`, `lowercase`, `UPPERCASE`, `camelCase`, `snake_case`, `SCREAMING_SNAKE_CASE`, `kebab-case`, `SCREAMING-KEBAB-CASE`",
                ],
            ),
        ],
    );
}

#[test]
fn of_a_record() {
    check(
        |source| derive(record::derive, source),
        &[
            ("struct R(i64);", &["`derive(Record)` goes on a struct with named fields: `struct R { … }`"]),
            (r#"struct R { a: i64, #[record(column = "a")] b: i64 }"#, &["another field is read from the column `a`"]),
        ],
    );
}

#[test]
fn of_a_service_error() {
    check(
        |source| derive(service_error::derive, source),
        &[
            ("struct E;", &["`derive(ServiceError)` goes on an enum: `enum E { … }`"]),
            (
                "enum E { A }",
                &[
                    "say what `A` is to the caller: `#[problem(conflict)]`, or another of bad_request, invalid, unauthenticated, forbidden, not_found, conflict, precondition_failed, precondition_required, rate_limited, too_large, deadline, unavailable, internal, transparent",
                ],
            ),
            (
                "enum E { #[problem(conflikt)] A }",
                &[
                    "`conflikt` is not known here, did you mean `conflict`? Known: `transparent`, `bad_request`, `invalid`, `unauthenticated`, `forbidden`, `not_found`, `conflict`, `precondition_failed`, `precondition_required`, `rate_limited`, `too_large`, `deadline`, `unavailable`, `internal`, `code`, `detail`",
                ],
            ),
            (
                "enum E { #[problem(conflict)] A }",
                &["say to the caller what `A` means: write a doc comment, or `detail = \"…\"`"],
            ),
            (
                r#"enum E { #[problem(conflict, invalid, detail = "x")] A }"#,
                &["a problem is of one kind: remove this one"],
            ),
            (
                r#"enum E { #[problem(internal, code = "c", detail = "{1} {x} {}")] A(i64) }"#,
                &[
                    "the caller learns nothing of an internal error, not even its code: remove `code`",
                    "`A` has no field `1`: write `{0}`",
                    "`A` has no field `x`: write `{0}`",
                    "`A` has no field ``: write `{0}`",
                ],
            ),
            (
                r#"enum E { #[problem(conflict, code = "a b", detail = "{x}")] A }"#,
                &[
                    "a code is 1 to 64 characters of A-Z, a-z, 0-9, `_`, `-` and `.`",
                    "`A` has no fields that could be said: write `{{` for a brace",
                ],
            ),
            (
                r#"enum E { #[problem(transparent, code = "x")] A(i64, i64), #[problem(transparent)] B(Error), #[problem(transparent)] C(Error) }"#,
                &[
                    "a transparent variant says what its field says: remove this",
                    "a transparent variant has one field: write `A(diptych::Error)`",
                    "another transparent variant holds this type already, and `?` could mean either: remove one",
                ],
            ),
        ],
    );
}
