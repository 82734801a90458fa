//! `derive(Column)`: a field-less enum stored as text, or a newtype stored as what it holds.

use crate::{fallback, mistakes::Mistakes, serde_attrs::Convention, shape};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Data, DeriveInput, Fields, Ident, Type, spanned::Spanned};

/// The expansion of the derive.
pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut mistakes = Mistakes::default();
    let expanded = match newtype(input) {
        Some(inner) => {
            shape::refuse_generics(input, "Column", &mut mistakes);
            newtype_column(&input.ident, inner)
        }
        None => text_column(input, &mut mistakes),
    };
    mistakes.or(expanded).unwrap_or_else(|error| fallback::derive(input, &error, text(&input.ident, &[], &[])))
}

fn newtype(input: &DeriveInput) -> Option<&Type> {
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => fields.unnamed.first().map(|field| &field.ty),
            _ => None,
        },
        _ => None,
    }
}

fn newtype_column(ident: &Ident, inner: &Type) -> TokenStream {
    let as_trait = |name: TokenStream| quote_spanned!(inner.span()=> <#inner as ::diptych::#name>);
    let (column, value, operand) = (as_trait(quote!(Column)), as_trait(quote!(IntoValue)), as_trait(quote!(Operand)));
    // `Column` is asked for here; the rest when it is used, which is what the lifetime makes rustc do: so a type that
    // is no column is one error, and one that can be stored but not filtered by is none.
    quote! {
        #[automatically_derived]
        impl ::diptych::Column for #ident {
            fn decode(cell: &::diptych::Cell<'_>) -> ::diptych::Result<Self> {
                #column::decode(cell).map(Self)
            }
        }

        #[automatically_derived]
        impl ::diptych::IntoValue for #ident
        where
            for<'when_used> #inner: ::diptych::IntoValue,
        {
            const KIND: ::diptych::ValueKind = #value::KIND;
            fn into_value(self) -> ::diptych::Value {
                #value::into_value(self.0)
            }
        }

        #[automatically_derived]
        impl ::diptych::Operand for #ident
        where
            for<'when_used> #inner: ::diptych::Operand,
        {
            const OPERAND: ::diptych::__private::OperandKind = #operand::OPERAND;
            fn into_values(self) -> ::std::vec::Vec<::diptych::Value> {
                #operand::into_values(self.0)
            }
        }
    }
}

fn text_column(input: &DeriveInput, mistakes: &mut Mistakes) -> TokenStream {
    if let Data::Struct(_) | Data::Union(_) = &input.data {
        shape::refuse_generics(input, "Column", mistakes);
        mistakes.at(
            &input.ident,
            format!(
                "`derive(Column)` goes on a field-less enum or on a struct with one unnamed field: `struct {}(Uuid);`",
                input.ident
            ),
        );
        return TokenStream::new();
    }
    let variants = shape::plain_variants(input, "Column", mistakes);
    let convention = Convention::of(&input.attrs, mistakes);
    let mut names = Vec::new();
    for variant in &variants {
        let name = convention.name(variant, mistakes);
        if names.contains(&name) {
            mistakes.at(
                &variant.ident,
                format!("another variant is stored as `{name}`: give one of them another name with `#[serde(rename = \"…\")]`"),
            );
        }
        names.push(name);
    }
    let idents: Vec<_> = variants.iter().map(|variant| &variant.ident).collect();
    text(&input.ident, &idents, &names)
}

fn text(ident: &Ident, variants: &[&Ident], names: &[String]) -> TokenStream {
    let enum_name = ident.to_string();
    // An enum without variants cannot be matched by reference to nothing; the stub is one.
    let written = if variants.is_empty() { quote!("") } else { quote!(match self { #(Self::#variants => #names,)* }) };
    quote! {
        #[automatically_derived]
        impl ::diptych::Column for #ident {
            fn decode(cell: &::diptych::Cell<'_>) -> ::diptych::Result<Self> {
                let text = <::std::string::String as ::diptych::Column>::decode(cell)?;
                match text.as_str() {
                    #(#names => ::core::result::Result::Ok(Self::#variants),)*
                    _ => ::core::result::Result::Err(::diptych::__private::unknown_variant(#enum_name)),
                }
            }
        }

        #[automatically_derived]
        impl ::diptych::IntoValue for #ident {
            const KIND: ::diptych::ValueKind = ::diptych::ValueKind::Text;
            fn into_value(self) -> ::diptych::Value {
                ::diptych::Value::Text(::std::borrow::Cow::Borrowed(#written))
            }
        }

        #[automatically_derived]
        impl ::diptych::Operand for #ident {
            const OPERAND: ::diptych::__private::OperandKind = ::diptych::__private::OperandKind::Scalar;
            fn into_values(self) -> ::std::vec::Vec<::diptych::Value> {
                ::std::vec![::diptych::IntoValue::into_value(self)]
            }
        }
    }
}
