//! `derive(Ordering)`: the orders a caller can ask a list for, one per variant.

use crate::{fallback, mistakes::Mistakes, name, settings::Settings, shape};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, LitStr};

/// The expansion of the derive.
pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let ident = &input.ident;
    expand(input).unwrap_or_else(|error| fallback::derive(input, &error, implementation(ident, &TokenStream::new())))
}

fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let mut mistakes = Mistakes::default();
    let variants = shape::plain_variants(input, "Ordering", &mut mistakes);
    let mut names = Vec::new();
    let mut columns = Vec::new();
    for variant in &variants {
        let settings = Settings::read(&variant.attrs, "order", &[], &["column", "rename"], &mut mistakes);
        let snake = name::snake_case(&variant.ident);
        let name = settings.text("rename").map_or_else(|| snake.clone(), LitStr::value);
        if !name::is_column(&name) {
            mistakes.here(
                settings.text("rename").map_or(variant.ident.span(), LitStr::span),
                format!("`{name}` cannot be a public name: write a letter or `_`, then letters, digits and `_`; a caller puts `-` before it for the other direction"),
            );
        }
        if names.contains(&name) {
            mistakes.at(
                &variant.ident,
                format!(
                    "another variant is called `{name}`: give one of them another name with `#[order(rename = \"…\")]`"
                ),
            );
        }
        names.push(name);
        columns.push(settings.column(&variant.ident, snake, &mut mistakes));
    }
    let (ident, variants) = (&input.ident, variants.iter().map(|variant| &variant.ident));
    let implementation = implementation(ident, &quote!(#((#names, #columns)),*));
    mistakes.or(quote! {
        #implementation

        // No one constructs the variants: they stand for their columns.
        const _: &[#ident] = &[#(#ident::#variants),*];
    })
}

fn implementation(ident: &syn::Ident, keys: &TokenStream) -> TokenStream {
    quote! {
        #[automatically_derived]
        impl ::diptych::Ordering for #ident {
            const KEYS: &'static [(&'static str, &'static str)] = &[#keys];
        }
    }
}
