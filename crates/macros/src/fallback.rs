//! Broken input still yields a stub, so that the one real error is all that is shown.
//!
//! Without the stub everything that uses the type would be an error too: "`spec` not found", "not a filter".

use crate::{
    expand,
    function::Function,
    operation::{self, Kind},
    shape,
};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{DeriveInput, FnArg, LitStr, ReturnType, Type};

/// The function as it is and a handler that refuses.
pub(crate) fn operation(kind: Kind, function: &Function, error: &syn::Error) -> TokenStream {
    let errors = error.to_compile_error();
    if function.sig.inputs.iter().any(|argument| matches!(argument, FnArg::Receiver(_))) {
        // Inside an `impl` there can be no struct.
        return quote!(#errors #function);
    }
    let (ident, cfgs) = (&function.sig.ident, function.cfgs());
    let handler = expand::handler_struct(function);
    let spec = expand::spec(kind, function, &LitStr::new(&ident.to_string(), Span::call_site()), "");
    let connection = match kind {
        Kind::Service => quote!(::diptych::Tx),
        Kind::Selector | Kind::Prompt => quote!(::diptych::Conn),
    };
    let out = out(kind, function);
    let named = expand::named_operation(kind, function, &LitStr::new(&ident.to_string(), Span::call_site()));
    quote! {
        #errors

        #function

        #handler

        #(#cfgs)*
        const _: () = {
            #spec

            #[automatically_derived]
            impl ::diptych::Handler for #ident {
                type Connection = #connection;
                type Args = ();
                type Out = #out;
                fn describe(&self, _: &mut ::diptych::Signature) {}
                async fn extract(&self, _: &mut ::diptych::Call) -> ::diptych::Result<()> {
                    ::core::result::Result::Ok(())
                }
                async fn invoke<'t>(
                    &'t self,
                    _: &'t mut Self::Connection,
                    _: (),
                ) -> ::diptych::Result<Self::Out> {
                    ::core::result::Result::Err(::diptych::Error::internal("it did not compile"))
                }
            }

            #named
        };
    }
}

/// What the function says it answers with, if that much is right: the rest of the declaration depends on it.
fn out(kind: Kind, function: &Function) -> TokenStream {
    if kind == Kind::Prompt {
        return quote!(::diptych::Messages);
    }
    let generic = !function.sig.generics.params.is_empty();
    match (&function.sig.output, kind) {
        (ReturnType::Type(_, ty), _) if !generic && is_result(ty) => {
            let ok = quote!(<#ty as ::diptych::__private::IsResult>::Ok);
            match kind {
                Kind::Selector if !operation::is_row_or_list(ty) => {
                    quote!(::diptych::__private::AnswerValue<#ok>)
                }
                _ => ok,
            }
        }
        (_, Kind::Service) => quote!(()),
        (_, Kind::Selector | Kind::Prompt) => quote!(::diptych::__private::AnswerValue<()>),
    }
}

fn is_result(ty: &Type) -> bool {
    shape::outer_name(ty).is_some_and(|name| name == "Result")
        && shape::impl_trait(ty).is_none()
        && shape::borrows(ty).is_none()
}

/// The errors of a derive, and the `impl`s it would have made, without content.
pub(crate) fn derive(input: &DeriveInput, error: &syn::Error, stub: TokenStream) -> TokenStream {
    let errors = error.to_compile_error();
    // A stub for a generic type would need bounds that nobody wrote.
    let stub = if input.generics.params.is_empty() { stub } else { TokenStream::new() };
    quote!(#errors #stub)
}
