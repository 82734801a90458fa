//! Doc comments, names and migrations: what is text in and text out.

use super::messages;
use crate::{column, docs, migrations, name};
use std::{fs, path::PathBuf};
use syn::{ItemStruct, LitStr};

#[test]
fn doc_comments_lose_their_margins() {
    for (source, text, paragraph) in [
        ("/// One.\n///   Two.\nstruct S;", "One.\nTwo.", "One. Two."),
        ("///\n/// One.\n///\n/// Two.\nstruct S;", "One.\n\nTwo.", "One."),
        ("/** One.\n * Two. */ struct S;", "One.\nTwo.", "One. Two."),
        ("/// * a point\nstruct S;", "* a point", "* a point"),
        ("#[doc(hidden)] struct S;", "", ""),
    ] {
        let item: ItemStruct = syn::parse_str(source).unwrap();
        assert_eq!(docs::text(&item.attrs), text, "{source}");
        assert_eq!(docs::first_paragraph(&item.attrs), paragraph, "{source}");
    }
}

#[test]
fn variants_are_stored_under_the_name_that_serde_gives_them() {
    for (convention, expected) in [
        ("PascalCase", "\"VeryTasty\""),
        ("lowercase", "\"verytasty\""),
        ("UPPERCASE", "\"VERYTASTY\""),
        ("camelCase", "\"veryTasty\""),
        ("snake_case", "\"very_tasty\""),
        ("SCREAMING_SNAKE_CASE", "\"VERY_TASTY\""),
        ("kebab-case", "\"very-tasty\""),
        ("SCREAMING-KEBAB-CASE", "\"VERY-TASTY\""),
    ] {
        let source = format!("#[serde(rename_all = {convention:?}, deny_unknown_fields)] enum E {{ VeryTasty }}");
        let expanded = super::derive(column::derive, &source).to_string();
        assert!(expanded.contains(&format!("VeryTasty => {expected}")), "{convention}: {expanded}");
    }
}

#[test]
fn a_misspelt_word_is_recognised() {
    assert!(name::unknown("conflikt", &["conflict", "invalid"]).contains("did you mean `conflict`?"));
    assert!(!name::unknown("x", &["a", "b"]).contains("did you mean"));
}

#[test]
fn migrations_come_by_dialect_and_version() {
    let root = folder("good", &["sqlite/0002_add_notes.sql", "sqlite/0001_create.sql", "sqlite/.keep", "README.md"]);
    let expanded = expand(&root);
    assert_eq!(messages(expanded.clone()), [""; 0]);
    let expected: proc_macro2::TokenStream = r#"::diptych::Migrations::new(&[
        (1i64, "create", ::diptych::__private::Backend::Sqlite,
            ::core::include_str!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite/0001_create.sql")),),
        (2i64, "add notes", ::diptych::__private::Backend::Sqlite,
            ::core::include_str!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite/0002_add_notes.sql")),)
    ])"#
    .parse()
    .unwrap();
    assert_eq!(expanded.to_string(), expected.to_string());
}

#[test]
fn migrations_that_do_not_fit_together_are_refused_all_at_once() {
    let root = folder(
        "bad",
        &[
            "sqlite/0001_a.sql",
            "sqlite/0002_b.sql",
            "sqlite/00002_c.sql",
            "sqlite/3_d.sql",
            "postgres/0001_a.sql",
            "postgre/0001_a.sql",
            "0001_a.sql",
        ],
    );
    assert_eq!(
        messages(expand(&root)),
        [
            "`migrations/0001_a.sql` is in no dialect: move it into `sqlite`, `postgres`, `mysql`",
            "in `migrations`: `postgre` is not known here, did you mean `postgres`? Known: `sqlite`, `postgres`, `mysql`",
            "`migrations/sqlite` has version 2 twice: `00002_c.sql` and `0002_b.sql`",
            "`migrations/sqlite/3_d.sql` is not a migration: name it like `0001_create_invoices.sql`",
            "version 2 is in sqlite but not in postgres: every dialect needs it, if only with a comment in it",
        ]
    );
}

#[test]
fn migrations_need_a_folder_with_a_dialect() {
    let root = folder("empty", &["migrations.md"]);
    let found = messages(expand(&root));
    assert_eq!(found, ["`migrations` has no folder `sqlite`, `postgres`, `mysql`: make the one of your database"]);
    let found = messages(expand(&root.join("nowhere")));
    assert_eq!(found, ["there is no folder `migrations` beside the package's Cargo.toml"]);
}

fn expand(root: &std::path::Path) -> proc_macro2::TokenStream {
    let folder = LitStr::new("migrations", proc_macro2::Span::call_site());
    migrations::expand(root, quote::quote!(#folder))
}

/// A folder that is gone afterwards.
struct Folder(PathBuf);

impl std::ops::Deref for Folder {
    type Target = std::path::Path;
    fn deref(&self) -> &std::path::Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn folder(name: &str, files: &[&str]) -> Folder {
    let root = std::env::temp_dir().join(format!("diptych-macros-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&root);
    for file in files {
        let path = root.join("migrations").join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    Folder(root)
}
