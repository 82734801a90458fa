//! The sentence of a problem: a format string over the fields of its variant.

use crate::{mistakes::Mistakes, name};
use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{Fields, Ident, LitStr, Variant};

/// A sentence, and the fields that it says.
pub(crate) struct Detail {
    text: LitStr,
    used: Vec<String>,
}

impl Detail {
    /// A sentence that says no field.
    pub(crate) fn fixed(text: LitStr) -> Self {
        let braced = text.value().replace('{', "{{").replace('}', "}}");
        Self { text: LitStr::new(&braced, text.span()), used: Vec::new() }
    }

    /// Reads `"an invoice is at most {max} cents"`, or `"at most {0} cents"` for a variant without names.
    pub(crate) fn read(text: &LitStr, variant: &Variant, mistakes: &mut Mistakes) -> Self {
        let fields: Vec<String> = variant
            .fields
            .iter()
            .enumerate()
            .map(|(at, field)| field.ident.as_ref().map_or_else(|| at.to_string(), name::plain))
            .collect();
        let (mut written, mut used) = (String::new(), Vec::new());
        for part in parts(&text.value()) {
            let (argument, format) = match part {
                Part::Text(text) => {
                    written.push_str(&text);
                    continue;
                }
                Part::Field(inside) => inside.split_once(':').map_or_else(
                    || (inside.clone(), String::new()),
                    |(argument, format)| (argument.to_owned(), format!(":{format}")),
                ),
            };
            let argument = argument.trim();
            if !fields.iter().any(|field| field == argument) {
                mistakes.here(text.span(), no_such_field(argument, variant, &fields));
            }
            written.push_str(&format!("{{{}{format}}}", variable_name(argument)));
            if !used.iter().any(|known| known == argument) {
                used.push(argument.to_owned());
            }
        }
        Self { text: LitStr::new(&written, text.span()), used }
    }

    /// What the variant has to be matched with, after its path.
    pub(crate) fn pattern(&self, variant: &Variant) -> TokenStream {
        let used = |field: &str| self.used.iter().any(|known| known == field);
        match &variant.fields {
            Fields::Unit => TokenStream::new(),
            Fields::Named(fields) => {
                let names = fields.named.iter().filter_map(|field| field.ident.as_ref());
                let bound = names.filter(|ident| used(&name::plain(ident))).map(|ident| {
                    let variable = variable(&name::plain(ident));
                    quote!(#ident: #variable,)
                });
                quote!({ #(#bound)* .. })
            }
            Fields::Unnamed(fields) => {
                let bound = (0..fields.unnamed.len()).map(|at| match at.to_string() {
                    at if used(&at) => {
                        let variable = variable(&at);
                        quote!(#variable)
                    }
                    _ => quote!(_),
                });
                quote!((#(#bound),*))
            }
        }
    }

    /// The sentence, as `&'static str` or `String`.
    pub(crate) fn value(&self) -> TokenStream {
        let text = &self.text;
        if self.used.is_empty() {
            let plain = text.value().replace("{{", "{").replace("}}", "}");
            return quote!(#plain);
        }
        let variables = self.used.iter().map(|field| variable(field));
        quote_spanned!(text.span()=> ::std::format!(#text, #(#variables = #variables),*))
    }
}

fn variable_name(field: &str) -> String {
    format!("field_{field}")
}

fn variable(field: &str) -> Ident {
    format_ident!("field_{field}")
}

fn no_such_field(given: &str, variant: &Variant, fields: &[String]) -> String {
    let list: Vec<_> = fields.iter().map(|field| format!("`{{{field}}}`")).collect();
    match list.as_slice() {
        [] => format!("`{}` has no fields that could be said: write `{{{{` for a brace", variant.ident),
        _ => format!("`{}` has no field `{given}`: write {}", variant.ident, list.join(" or ")),
    }
}

enum Part {
    /// As it stands, with doubled braces.
    Text(String),
    /// What stands between braces.
    Field(String),
}

fn parts(format: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = format;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        parts.push(Part::Text(before.to_owned()));
        let doubled = from.starts_with("{{") || from.starts_with("}}");
        rest = match (doubled, from.find('}')) {
            (true, _) => {
                parts.push(Part::Text(from[..2].to_owned()));
                &from[2..]
            }
            (false, Some(end)) if from.starts_with('{') => {
                parts.push(Part::Field(from[1..end].to_owned()));
                &from[end + 1..]
            }
            // A brace without its partner is taken to be meant.
            _ => {
                parts.push(Part::Text(from[..1].repeat(2)));
                &from[1..]
            }
        };
    }
    parts.push(Part::Text(rest.to_owned()));
    parts
}
