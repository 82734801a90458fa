//! `derive(ServiceError)`: what each variant of a service's own error is to the caller.

use crate::{detail::Detail, docs, fallback, mistakes::Mistakes, name, place, settings::Settings, shape};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};
use syn::{Data, DeriveInput, LitStr, Type, Variant};

/// The word in `#[problem(…)]` and its `ErrorKind`.
const KINDS: [(&str, &str); 13] = [
    ("bad_request", "BadRequest"),
    ("invalid", "Invalid"),
    ("unauthenticated", "Unauthenticated"),
    ("forbidden", "Forbidden"),
    ("not_found", "NotFound"),
    ("conflict", "Conflict"),
    ("precondition_failed", "PreconditionFailed"),
    ("precondition_required", "PreconditionRequired"),
    ("rate_limited", "RateLimited"),
    ("too_large", "TooLarge"),
    ("deadline", "Deadline"),
    ("unavailable", "Unavailable"),
    ("internal", "Internal"),
];
const TRANSPARENT: &str = "transparent";

/// What a variant becomes.
enum Problem<'a> {
    Told { kind: &'static str, code: String, detail: Detail },
    Transparent { ty: &'a Type, field: TokenStream },
}

/// The expansion of the derive.
pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    expand(input).unwrap_or_else(|error| {
        let ident = &input.ident;
        let stub = quote! {
            #[automatically_derived]
            impl ::core::convert::From<#ident> for ::diptych::Error {
                fn from(_: #ident) -> Self {
                    Self::internal("it did not compile")
                }
            }

            #[automatically_derived]
            impl ::diptych::ServiceError for #ident {}
        };
        fallback::derive(input, &error, stub)
    })
}

fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let mut mistakes = Mistakes::default();
    shape::refuse_generics(input, "ServiceError", &mut mistakes);
    let Data::Enum(data) = &input.data else {
        mistakes.at(&input.ident, format!("`derive(ServiceError)` goes on an enum: `enum {} {{ … }}`", input.ident));
        return mistakes.or(TokenStream::new());
    };
    let problems: Vec<_> =
        data.variants.iter().filter_map(|variant| Some((variant, problem(variant, &mut mistakes)?))).collect();
    let ident = &input.ident;
    let sources = sources(ident, &problems, &mut mistakes);
    let declared = declared(&problems);
    let arms = problems.iter().map(|(variant, problem)| arm(ident, variant, problem));
    mistakes.or(quote! {
        #[automatically_derived]
        impl ::core::convert::From<#ident> for ::diptych::Error {
            fn from(error: #ident) -> Self {
                match error {
                    #(#arms)*
                }
            }
        }

        #[automatically_derived]
        impl ::diptych::ServiceError for #ident {
            fn declared() -> &'static [(::diptych::ErrorKind, &'static str)] {
                &[#(#declared),*]
            }
        }

        #(#sources)*
    })
}

fn problem<'a>(variant: &'a Variant, mistakes: &mut Mistakes) -> Option<Problem<'a>> {
    let names = KINDS.map(|(name, _)| name);
    let words = [&[TRANSPARENT], names.as_slice()].concat();
    let settings = Settings::read(&variant.attrs, "problem", &words, &["code", "detail"], mistakes);
    let word = match settings.words() {
        [] if settings.is_broken() => return None,
        [] => {
            let span = settings.place().unwrap_or_else(|| variant.ident.span());
            mistakes.here(
                span,
                format!(
                    "say what `{}` is to the caller: `#[problem(conflict)]`, or another of {}, {TRANSPARENT}",
                    variant.ident,
                    names.join(", "),
                ),
            );
            return None;
        }
        [word] => word,
        [_, more, ..] => {
            mistakes.at(more, "a problem is of one kind: remove this one");
            return None;
        }
    };
    if word == TRANSPARENT {
        return transparent(variant, &settings, mistakes);
    }
    let (_, kind) = KINDS.into_iter().find(|(name, _)| word == name)?;
    Some(Problem::Told {
        kind,
        code: code(kind, variant, &settings, mistakes),
        detail: detail(variant, &settings, mistakes)?,
    })
}

fn code(kind: &str, variant: &Variant, settings: &Settings, mistakes: &mut Mistakes) -> String {
    let given = settings.text("code");
    let code = given.map_or_else(|| name::snake_case(&variant.ident), LitStr::value);
    match given {
        Some(given) if kind == "Internal" => {
            mistakes.at(given, "the caller learns nothing of an internal error, not even its code: remove `code`");
        }
        Some(given) if !name::is_public(&code) => {
            mistakes.at(given, "a code is 1 to 64 characters of A-Z, a-z, 0-9, `_`, `-` and `.`");
        }
        _ => {}
    }
    if kind == "Internal" { "internal".to_owned() } else { code }
}

fn detail(variant: &Variant, settings: &Settings, mistakes: &mut Mistakes) -> Option<Detail> {
    if let Some(text) = settings.text("detail") {
        return Some(Detail::read(text, variant, mistakes));
    }
    let text = docs::first_paragraph(&variant.attrs);
    if text.is_empty() {
        mistakes.at(
            &variant.ident,
            format!("say to the caller what `{}` means: write a doc comment, or `detail = \"…\"`", variant.ident),
        );
        return None;
    }
    Some(Detail::fixed(LitStr::new(&text, variant.ident.span())))
}

fn transparent<'a>(variant: &'a Variant, settings: &Settings, mistakes: &mut Mistakes) -> Option<Problem<'a>> {
    for text in ["code", "detail"].into_iter().filter_map(|key| settings.text(key)) {
        mistakes.at(text, "a transparent variant says what its field says: remove this");
    }
    let mut fields = variant.fields.iter();
    let (Some(field), None) = (fields.next(), fields.next()) else {
        mistakes.at(
            &variant.ident,
            format!("a transparent variant has one field: write `{}(diptych::Error)`", variant.ident),
        );
        return None;
    };
    let name = field.ident.as_ref().map_or_else(|| quote!(0), |ident| quote!(#ident));
    Some(Problem::Transparent { ty: &field.ty, field: name })
}

fn arm(ident: &Ident, variant: &Variant, problem: &Problem<'_>) -> TokenStream {
    let name = &variant.ident;
    match problem {
        Problem::Transparent { ty, field } => {
            let into = place::member(ty, &quote!(::diptych::__private::Transparent), quote!(into_error));
            quote!(#ident::#name { #field: source } => #into(source),)
        }
        Problem::Told { kind, code, detail } => {
            let (pattern, value) = (detail.pattern(variant), detail.value());
            let made = if *kind == "Internal" {
                quote!(::diptych::Error::internal(#value))
            } else {
                let kind = format_ident!("{kind}");
                quote!(::diptych::Error::new(::diptych::ErrorKind::#kind, #code, #value))
            };
            quote!(#ident::#name #pattern => #made,)
        }
    }
}

/// Each kind and code once.
fn declared(problems: &[(&Variant, Problem<'_>)]) -> Vec<TokenStream> {
    let mut seen = Vec::new();
    for (_, problem) in problems {
        let Problem::Told { kind, code, .. } = problem else {
            continue;
        };
        if !seen.contains(&(kind, code)) {
            seen.push((kind, code));
        }
    }
    let pairs = seen.into_iter().map(|(kind, code)| {
        let kind = format_ident!("{kind}");
        quote!((::diptych::ErrorKind::#kind, #code))
    });
    pairs.collect()
}

/// `From` for the field of each transparent variant, so that `?` works.
fn sources(ident: &Ident, problems: &[(&Variant, Problem<'_>)], mistakes: &mut Mistakes) -> Vec<TokenStream> {
    let (mut seen, mut sources) = (Vec::new(), Vec::new());
    for (variant, problem) in problems {
        let Problem::Transparent { ty, field } = problem else {
            continue;
        };
        let (name, written) = (&variant.ident, quote!(#ty).to_string());
        if seen.contains(&written) {
            mistakes
                .at(ty, "another transparent variant holds this type already, and `?` could mean either: remove one");
        }
        seen.push(written);
        sources.push(quote! {
            #[automatically_derived]
            impl ::core::convert::From<#ty> for #ident {
                fn from(source: #ty) -> Self {
                    Self::#name { #field: source }
                }
            }
        });
    }
    sources
}
