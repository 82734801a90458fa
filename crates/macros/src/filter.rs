//! `derive(Filter)`: the conditions a caller can ask a list for, one per field.

use crate::{fallback, mistakes::Mistakes, name, settings::Settings, shape};
use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{DeriveInput, LitStr, Type, spanned::Spanned};

/// What can be written in `op = "…"`, its `Operator`, and what a field has to be for it.
const OPERATORS: [(&str, &str, &str); 11] = [
    ("=", "Equal", SINGLE),
    ("!=", "NotEqual", SINGLE),
    ("<", "Less", ORDERED),
    ("<=", "LessOrEqual", ORDERED),
    (">", "Greater", ORDERED),
    (">=", "GreaterOrEqual", ORDERED),
    ("in", "In", "`Option<OneOf<T>>`"),
    ("between", "Between", "`Option<Between<T>>`"),
    ("is null", "IsNull", "`Option<bool>`"),
    ("contains", "Contains", "`Option<String>`"),
    ("starts with", "StartsWith", "`Option<String>`"),
];
const SINGLE: &str = "a single value, as in `Option<i64>` or `Option<String>`";
const ORDERED: &str = "a value with an order, as in `Option<i64>`, `Option<String>` or `Option<DateTime<Utc>>`";

/// The expansion of the derive.
pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    expand(input).unwrap_or_else(|error| {
        let ident = &input.ident;
        let stub = quote! {
            #[automatically_derived]
            impl ::diptych::Filter for #ident {
                const COLUMNS: &'static [&'static str] = &[];
                fn into_predicates(self) -> ::std::vec::Vec<::diptych::Predicate> {
                    ::std::vec::Vec::new()
                }
            }
        };
        fallback::derive(input, &error, stub)
    })
}

fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let mut mistakes = Mistakes::default();
    let fields = shape::named_fields(input, "Filter", &mut mistakes);
    let mut columns = Vec::new();
    let mut checks = Vec::new();
    let mut conditions = Vec::new();
    for shape::NamedField { ident, field } in fields {
        let settings = Settings::read(&field.attrs, "filter", &[], &["column", "op"], &mut mistakes);
        let column = settings.column(ident, name::plain(ident), &mut mistakes);
        let Some(ty) = optional(&field.ty) else {
            mistakes.at(&field.ty, "a caller may leave every filter out: write `Option<…>` around the type");
            continue;
        };
        let operand = quote_spanned!(ty.span()=> <#ty as ::diptych::Operand>);
        let operator = match settings.text("op") {
            None => quote!(::diptych::__private::default_operator(#operand::OPERAND)),
            Some(text) => match known(text) {
                Ok((variant, fits)) => {
                    let variant = format_ident!("{variant}");
                    let operator = quote!(::diptych::Operator::#variant);
                    let message = format!(
                        "the filter `{}` compares with `{}`, which needs {fits}",
                        name::plain(ident),
                        text.value(),
                    );
                    checks.push(quote_spanned! {text.span()=>
                        const _: () = ::core::assert!(
                            ::diptych::__private::accepts(#operand::OPERAND, #operator),
                            #message
                        );
                    });
                    operator
                }
                Err(error) => {
                    mistakes.push(error);
                    continue;
                }
            },
        };
        conditions.push(quote! {
            if let ::core::option::Option::Some(value) = self.#ident {
                predicates.push(::diptych::Predicate {
                    column: #column,
                    operator: #operator,
                    values: #operand::into_values(value),
                });
            }
        });
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    let ident = &input.ident;
    mistakes.or(quote! {
        #(#checks)*

        #[automatically_derived]
        impl ::diptych::Filter for #ident {
            const COLUMNS: &'static [&'static str] = &[#(#columns),*];
            fn into_predicates(self) -> ::std::vec::Vec<::diptych::Predicate> {
                let mut predicates = ::std::vec::Vec::new();
                #(#conditions)*
                predicates
            }
        }
    })
}

fn optional(ty: &Type) -> Option<&Type> {
    let is_option = shape::outer_name(ty).is_some_and(|name| name == "Option");
    shape::first_argument(ty).filter(|_| is_option)
}

fn known(text: &LitStr) -> syn::Result<(&'static str, &'static str)> {
    let given = text.value();
    let found = OPERATORS.iter().find(|(written, ..)| *written == given);
    found.map(|(_, variant, fits)| (*variant, *fits)).ok_or_else(|| {
        let names = OPERATORS.map(|(written, ..)| written);
        syn::Error::new(text.span(), name::unknown(&given, &names))
    })
}
