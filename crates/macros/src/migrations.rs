//! `migrations!("migrations")`: the files of a folder, one sub-folder per dialect, compiled in.
//!
//! The dialects have to agree on their versions, because the application is the same on each.

use crate::{mistakes::Mistakes, name};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use std::{collections::BTreeMap, fs, io, path::Path};
use syn::LitStr;

/// Folder and `Backend`.
const DIALECTS: [(&str, &str); 3] = [("sqlite", "Sqlite"), ("postgres", "Postgres"), ("mysql", "MySql")];

/// One dialect's files by version.
struct Dialect {
    folder: &'static str,
    backend: &'static str,
    files: BTreeMap<i64, File>,
}

struct File {
    name: String,
    description: String,
}

/// The expansion of the macro, for a package at `root`.
pub(crate) fn expand(root: &Path, input: TokenStream) -> TokenStream {
    let folder = syn::parse2(input)
        .map_err(|error| syn::Error::new(error.span(), "name the folder, in quotes: `migrations!(\"migrations\")`"));
    let list = folder.and_then(|folder: LitStr| migrations(root, &folder));
    match list {
        Ok(list) => quote!(::diptych::Migrations::new(&[#(#list),*])),
        Err(error) => {
            let errors = error.to_compile_error();
            quote!({ #errors ::diptych::Migrations::new(&[]) })
        }
    }
}

fn migrations(root: &Path, folder: &LitStr) -> syn::Result<Vec<TokenStream>> {
    let mut mistakes = Mistakes::default();
    let given = folder.value();
    let given = given.trim_matches('/');
    let dialects = read(root, given, folder, &mut mistakes);
    compare(&dialects, folder, &mut mistakes);
    let mut list = Vec::new();
    for Dialect { folder, backend, files } in dialects {
        let backend = format_ident!("{backend}");
        for (version, File { name, description }) in files {
            let path = format!("/{given}/{folder}/{name}");
            list.push(quote! {
                (
                    #version,
                    #description,
                    ::diptych::__private::Backend::#backend,
                    ::core::include_str!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), #path)),
                )
            });
        }
    }
    mistakes.or(list)
}

fn read(root: &Path, given: &str, place: &LitStr, mistakes: &mut Mistakes) -> Vec<Dialect> {
    let entries = match entries(&root.join(given)) {
        Ok(entries) => entries,
        Err(error) => {
            mistakes.at(place, unreadable(given, &error));
            return Vec::new();
        }
    };
    let known = DIALECTS.map(|(folder, _)| folder);
    for (entry, is_folder) in &entries {
        if *is_folder && !known.contains(&entry.as_str()) {
            mistakes.at(place, format!("in `{given}`: {}", name::unknown(entry, &known)));
        } else if !is_folder && entry.ends_with(".sql") {
            mistakes.at(place, format!("`{given}/{entry}` is in no dialect: move it into `{}`", known.join("`, `")));
        }
    }
    let mut dialects = Vec::new();
    for (folder, backend) in DIALECTS {
        if entries.iter().any(|(entry, is_folder)| *is_folder && entry == folder) {
            let files = files(root, &format!("{given}/{folder}"), place, mistakes);
            dialects.push(Dialect { folder, backend, files });
        }
    }
    if dialects.is_empty() {
        mistakes.at(place, format!("`{given}` has no folder `{}`: make the one of your database", known.join("`, `")));
    }
    dialects
}

fn unreadable(folder: &str, error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound {
        format!("there is no folder `{folder}` beside the package's Cargo.toml")
    } else {
        format!("the folder `{folder}` cannot be read: {error}")
    }
}

fn files(root: &Path, folder: &str, place: &LitStr, mistakes: &mut Mistakes) -> BTreeMap<i64, File> {
    let mut files = BTreeMap::<i64, File>::new();
    let entries = entries(&root.join(folder)).unwrap_or_else(|error| {
        mistakes.at(place, unreadable(folder, &error));
        Vec::new()
    });
    for (name, _) in entries {
        let Some((version, description)) = parse(&name) else {
            mistakes
                .at(place, format!("`{folder}/{name}` is not a migration: name it like `0001_create_invoices.sql`"));
            continue;
        };
        if let Some(other) = files.get(&version) {
            mistakes.at(place, format!("`{folder}` has version {version} twice: `{}` and `{name}`", other.name));
        }
        files.insert(version, File { name, description });
    }
    files
}

/// `0001_create_invoices.sql` → 1, "create invoices".
fn parse(name: &str) -> Option<(i64, String)> {
    let (version, description) = name.strip_suffix(".sql")?.split_once('_')?;
    let digits = version.len() >= 4 && version.chars().all(|c| c.is_ascii_digit());
    let version = version.parse().ok().filter(|version| digits && *version > 0)?;
    (!description.is_empty()).then(|| (version, description.replace('_', " ")))
}

/// Names in order, and whether each is a folder. Hidden files and Markdown are for people.
fn entries(path: &Path) -> io::Result<Vec<(String, bool)>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && !name.ends_with(".md") {
            entries.push((name, entry.path().is_dir()));
        }
    }
    entries.sort();
    Ok(entries)
}

fn compare(dialects: &[Dialect], place: &LitStr, mistakes: &mut Mistakes) {
    let mut versions: Vec<_> = dialects.iter().flat_map(|dialect| dialect.files.keys()).collect();
    versions.sort();
    versions.dedup();
    for version in versions {
        let (with, without): (Vec<_>, Vec<_>) =
            dialects.iter().partition(|dialect| dialect.files.contains_key(version));
        if !without.is_empty() {
            let folders =
                |dialects: Vec<&Dialect>| dialects.iter().map(|dialect| dialect.folder).collect::<Vec<_>>().join(", ");
            mistakes.at(
                place,
                format!(
                    "version {version} is in {} but not in {}: every dialect needs it, if only with a comment in it",
                    folders(with),
                    folders(without),
                ),
            );
        }
    }
}
