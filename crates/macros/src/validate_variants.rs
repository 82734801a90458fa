//! `derive(ValidateVariants)`: the rules of the variant at hand, where an input is one of several.

use crate::{
    fallback,
    mistakes::Mistakes,
    serde_attrs::{self, Convention},
    shape,
};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Data, DeriveInput, Field, Fields, LitStr, Meta, Variant, spanned::Spanned as _};

/// Where the fields of a variant are on the wire.
enum Place {
    /// Beside the tag, or alone: `#[serde(tag = "…")]`, `#[serde(untagged)]`.
    Beside,
    /// Under one name for all variants: `#[serde(tag = "…", content = "…")]`.
    Under(String),
    /// Under the name of the variant, which is serde's form when nothing is said.
    UnderVariant(Convention),
}

/// The expansion of the derive.
pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    expand(input).unwrap_or_else(|error| fallback::derive(input, &error, implementation(input, &quote!(_ => Ok(())))))
}

fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let mut mistakes = Mistakes::default();
    shape::refuse_generics(input, "ValidateVariants", &mut mistakes);
    let Data::Enum(data) = &input.data else {
        mistakes.at(
            &input.ident,
            format!(
                "`derive(ValidateVariants)` goes on an enum; the rules of a struct are checked by `#[derive(validator::Validate)] struct {}`",
                input.ident
            ),
        );
        return mistakes.or(TokenStream::new());
    };
    let place = Place::of(input, &mut mistakes);
    let arms: TokenStream = data.variants.iter().filter_map(|variant| arm(variant, &place, &mut mistakes)).collect();
    // Also for an enum without variants that have rules, or without variants.
    mistakes.or(implementation(input, &quote!(#arms _ => ::core::result::Result::Ok(()))))
}

fn implementation(input: &DeriveInput, arms: &TokenStream) -> TokenStream {
    let ident = &input.ident;
    quote! {
        #[automatically_derived]
        impl ::diptych::__private::validator::Validate for #ident {
            fn validate(
                &self,
            ) -> ::core::result::Result<(), ::diptych::__private::validator::ValidationErrors> {
                #[allow(unreachable_patterns, reason = "when each variant has rules")]
                match self {
                    #arms
                }
            }
        }
    }
}

impl Place {
    fn of(input: &DeriveInput, mistakes: &mut Mistakes) -> Self {
        let says = |key| serde_attrs::has(&input.attrs, key);
        if let Some(content) = serde_attrs::text(&input.attrs, "content", mistakes) {
            return Self::Under(content.value());
        }
        if says("tag") || says("untagged") {
            return Self::Beside;
        }
        Self::UnderVariant(Convention::of(&input.attrs, mistakes))
    }
}

/// What is checked of a variant; nothing for one that holds nothing that has rules.
fn arm(variant: &Variant, place: &Place, mistakes: &mut Mistakes) -> Option<TokenStream> {
    let ident = &variant.ident;
    let ruled: Vec<_> = variant.fields.iter().filter_map(|field| Some((field, rules(field)?))).collect();
    let held = match &variant.fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => fields.unnamed.first(),
        _ => {
            for (_, attribute) in ruled {
                mistakes.at(
                    attribute,
                    format!(
                        "rules of a variant's fields belong in a struct: write `{ident}({ident})`, and `#[derive(Validate)]` with this rule on `struct {ident}`"
                    ),
                );
            }
            return None;
        }
    }?;
    match ruled.first() {
        Some((_, attribute)) if is_skip(attribute) => return None,
        Some((_, attribute)) => {
            mistakes.at(
                attribute,
                format!(
                    "the rules are those of the type that `{ident}` holds; put this one there, or write `#[validate(skip)]` for a type without rules"
                ),
            );
            return None;
        }
        None => {}
    }
    // At the type, where the compiler says that it has no rules.
    let span = held.ty.span();
    let checked = quote_spanned!(span=> ::diptych::__private::validated(held));
    let name = match place {
        Place::Beside => return Some(quote!(Self::#ident(held) => #checked,)),
        Place::Under(name) => name.clone(),
        Place::UnderVariant(convention) => convention.name(variant, mistakes),
    };
    let name = LitStr::new(&name, ident.span());
    Some(quote! {
        Self::#ident(held) => ::diptych::__private::validator::ValidationErrors::merge(
            ::core::result::Result::Ok(()),
            #name,
            #checked,
        ),
    })
}

/// The attribute with the rules of a field.
fn rules(field: &Field) -> Option<&syn::Attribute> {
    field.attrs.iter().find(|attribute| attribute.path().is_ident("validate"))
}

fn is_skip(attribute: &syn::Attribute) -> bool {
    attribute.parse_args::<Meta>().is_ok_and(|meta| meta.path().is_ident("skip"))
}
