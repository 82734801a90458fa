//! The expansions, as files, and every mistake with what is said about it.
//!
//! `src/tests/NAME.rs` expands to `src/tests/NAME.expanded.rs`; `UPDATE=1 cargo test -p diptych-macros` writes it.

mod expansions;
mod mistakes;
mod text;

use crate::operation::{self, Kind};
use proc_macro2::{TokenStream, TokenTree};
use syn::DeriveInput;

/// Expands an `async fn` with its `#[service(…)]`, `#[selector(…)]` or `#[prompt(…)]`.
fn attribute(source: &str) -> TokenStream {
    let mut item: syn::ItemFn = syn::parse_str(source).unwrap();
    let is = |attr: &syn::Attribute, name| attr.path().is_ident(name);
    let kinds = [("service", Kind::Service), ("selector", Kind::Selector), ("prompt", Kind::Prompt)];
    let kind_of = |attr: &syn::Attribute| kinds.iter().find(|(name, _)| is(attr, name)).map(|(_, kind)| *kind);
    let at = item.attrs.iter().position(|attr| kind_of(attr).is_some()).unwrap();
    let attr = item.attrs.remove(at);
    let kind = kind_of(&attr).unwrap();
    let inside = attr.meta.require_list().map_or_else(|_| TokenStream::new(), |list| list.tokens.clone());
    operation::attribute(kind, inside, quote::quote!(#item))
}

/// Expands a derive.
fn derive(expand: fn(&DeriveInput) -> TokenStream, source: &str) -> TokenStream {
    expand(&syn::parse_str(source).unwrap())
}

/// What the `compile_error!`s say.
fn messages(tokens: TokenStream) -> Vec<String> {
    let (mut found, mut after_name) = (Vec::new(), false);
    for token in tokens {
        match token {
            TokenTree::Ident(name) => after_name = name == "compile_error",
            TokenTree::Group(group) if after_name => {
                found.push(syn::parse2::<syn::LitStr>(group.stream()).unwrap().value());
                after_name = false;
            }
            TokenTree::Group(group) => found.extend(messages(group.stream())),
            _ => {}
        }
    }
    found
}
