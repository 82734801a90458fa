//! `derive(Record)`: a row, read column by column in the order of the fields.

use crate::{fallback, mistakes::Mistakes, name, settings::Settings, shape};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{DeriveInput, spanned::Spanned};

/// The expansion of the derive.
pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    expand(input).unwrap_or_else(|error| {
        let ident = &input.ident;
        let stub = quote! {
            #[automatically_derived]
            impl ::diptych::Record for #ident {
                const COLUMNS: &'static [&'static str] = &[];
                fn from_row(_: &::diptych::Row<'_>) -> ::diptych::Result<Self> {
                    ::core::result::Result::Err(::diptych::Error::internal("it did not compile"))
                }
            }
        };
        fallback::derive(input, &error, stub)
    })
}

fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let mut mistakes = Mistakes::default();
    let fields = shape::named_fields(input, "Record", &mut mistakes);
    let mut columns = Vec::new();
    let mut nullable = Vec::new();
    let mut on_demand = Vec::new();
    let mut reads = Vec::new();
    for (index, shape::NamedField { ident, field }) in fields.into_iter().enumerate() {
        let settings = Settings::read(&field.attrs, "record", &[], &["column"], &mut mistakes);
        let column = settings.column(ident, name::plain(ident), &mut mistakes);
        if columns.contains(&column) {
            mistakes.at(ident, format!("another field is read from the column `{column}`"));
        }
        columns.push(column);
        let ty = &field.ty;
        // By name: asked of a trait, a type that is no column would be two errors.
        let is = |ty, expected: &str| shape::outer_name(ty).is_some_and(|name| name == expected);
        let is_on_demand = is(ty, "OnDemand");
        on_demand.push(is_on_demand);
        nullable.push(is(shape::first_argument(ty).filter(|_| is_on_demand).unwrap_or(ty), "Option"));
        let get = quote_spanned!(ty.span()=> row.get::<#ty>(#index));
        reads.push(quote!(#ident: #get?));
    }
    let ident = &input.ident;
    let row = if reads.is_empty() { quote!(_) } else { quote!(row) };
    let on_demand = on_demand.contains(&true).then(|| quote!(const ON_DEMAND: &'static [bool] = &[#(#on_demand),*];));
    mistakes.or(quote! {
        #[automatically_derived]
        impl ::diptych::Record for #ident {
            const COLUMNS: &'static [&'static str] = &[#(#columns),*];
            const NULLABLE: &'static [bool] = &[#(#nullable),*];
            #on_demand
            fn from_row(#row: &::diptych::Row<'_>) -> ::diptych::Result<Self> {
                ::core::result::Result::Ok(Self { #(#reads),* })
            }
        }
    })
}
