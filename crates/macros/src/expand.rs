//! A service or selector as the `impl diptych::Handler` that could have been typed by hand.
//!
//! The function stays as it is. Beside it, in the namespace of types, stands a struct of the same name; everything
//! else is inside `const _`, where it cannot be named and cannot collide.
//!
//! Every use of a type carries that type's own span and asks for the same trait in the same way, so that one wrong
//! type is one error, at that type.

use crate::{
    argument::{Argument, NamedArgument, Owned},
    function::Function,
    operation::{self, Kind, Operation},
};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::{LitStr, spanned::Spanned};

/// The function and its handler.
pub(crate) fn operation(operation: &Operation<'_>) -> TokenStream {
    let Operation { kind, name, description, function, returns, .. } = operation;
    let (ident, place) = (&function.sig.ident, operation.place());
    let handler = handler_struct(function);
    let cfgs = function.cfgs();
    let spec = spec(*kind, function, name, description);
    let arguments = ArgumentCode::of(operation);
    let named_struct = &arguments.named_struct;
    let injected = &arguments.types;
    let connection = match (operation.connection(), kind) {
        (Some(ty), _) => quote!(#ty),
        (None, Kind::Service) => quote!(::diptych::Tx),
        (None, Kind::Selector) => quote!(::diptych::Conn),
    };
    let result = quote_spanned!(operation.returns_place()=> <#returns as ::diptych::__private::IsResult>);
    let (out, answer) = out(operation, &result);
    let describe = arguments.describe();
    let extract = arguments.extract();
    let patterns = &arguments.patterns;
    let pass = &arguments.pass;
    let lent = &arguments.lent;
    let call = quote_spanned!(place=> ::diptych::__private::assert_send(#ident(#(#pass),*)));
    let done = quote_spanned!(operation.returns_place()=> #result::done);

    quote! {
        #function

        #handler

        #(#cfgs)*
        const _: () = {
            #named_struct

            #spec

            #[automatically_derived]
            impl ::diptych::Handler for #ident {
                type Connection = #connection;
                type Args = (#(#injected,)*);
                type Out = #out;

                #describe

                fn errors(&self) -> &'static [(::diptych::ErrorKind, &'static str)] {
                    #result::declared()
                }

                #extract

                async fn invoke<'t>(
                    &'t self,
                    #lent: &'t mut Self::Connection,
                    (#(#patterns,)*): Self::Args,
                ) -> ::diptych::Result<Self::Out> {
                    #done(#call.await) #answer
                }
            }
        };
    }
}

/// The struct that stands for the function where a type is asked for.
pub(crate) fn handler_struct(function: &Function) -> TokenStream {
    let (ident, vis, cfgs) = (&function.sig.ident, &function.vis, function.cfgs());
    quote! {
        #(#cfgs)*
        #[doc(hidden)]
        #[allow(non_camel_case_types, reason = "it has the name of its function")]
        #[derive(::core::fmt::Debug, ::core::clone::Clone, ::core::marker::Copy)]
        #vis struct #ident {}
    }
}

/// `spec()`, with the name and the doc comment filled in.
pub(crate) fn spec(kind: Kind, function: &Function, name: &LitStr, description: &str) -> TokenStream {
    let (ident, vis) = (&function.sig.ident, &function.vis);
    let spec = spec_type(kind);
    let doc = format!("The {kind} `{}`, to be completed and added to the operations.", name.value());
    quote! {
        impl #ident {
            #[doc = #doc]
            #vis fn spec() -> #spec<Self> {
                #spec::new(#name, #description, Self {})
            }
        }
    }
}

fn spec_type(kind: Kind) -> TokenStream {
    match kind {
        Kind::Service => quote!(::diptych::ServiceSpec),
        Kind::Selector => quote!(::diptych::SelectorSpec),
    }
}

/// `type Out`, and what turns the function's answer into it.
fn out(operation: &Operation<'_>, result: &TokenStream) -> (TokenStream, TokenStream) {
    if operation.kind == Kind::Service || operation::is_row_or_list(operation.returns) {
        (quote!(#result::Ok), TokenStream::new())
    } else {
        let value = quote!(::diptych::__private::AnswerValue);
        (quote!(#value<#result::Ok>), quote!(.map(#value)))
    }
}

/// The arguments, in the order of the function.
struct ArgumentCode {
    /// The hidden struct of the `#[arg]`s.
    named_struct: TokenStream,
    /// The types that are taken from the call.
    types: Vec<TokenStream>,
    /// What each is called once it is there.
    patterns: Vec<TokenStream>,
    /// What the function is called with.
    pass: Vec<TokenStream>,
    /// The name of the connection.
    lent: Ident,
}

impl ArgumentCode {
    fn of(operation: &Operation<'_>) -> Self {
        let named: Vec<_> = operation.arguments.iter().filter_map(named).collect();
        let gathered = format_ident!("{}_arguments", operation.function.sig.ident);
        let connection = local("connection");
        let values = local("named");
        let mut code = Self {
            named_struct: TokenStream::new(),
            types: Vec::new(),
            patterns: Vec::new(),
            pass: Vec::new(),
            lent: if operation.connection().is_some() { connection.clone() } else { local("_connection") },
        };
        if !named.is_empty() {
            code.named_struct = named_struct(&gathered, &named);
            code.types.push(quote!(::diptych::__private::Args<#gathered>));
            code.patterns.push(quote!(::diptych::__private::Args(#values)));
        }
        for argument in &operation.arguments {
            let passed = match argument {
                Argument::Connection(_) => quote!(#connection),
                Argument::Named(owned, named) => {
                    let field = &named.field;
                    owned.pass(quote!(#values.#field))
                }
                Argument::Injected(owned) => {
                    let (ty, value) = (&owned.ty, local(&format!("a{}", code.types.len())));
                    code.types.push(quote!(#ty));
                    code.patterns.push(quote!(#value));
                    owned.pass(quote!(#value))
                }
            };
            code.pass.push(passed);
        }
        code
    }

    fn describe(&self) -> TokenStream {
        let signature = if self.types.is_empty() { quote!(_) } else { quote!(signature) };
        let describe = self.types.iter().map(|ty| {
            let from_call = quote_spanned!(ty.span()=> <#ty as ::diptych::FromCall>::describe);
            quote!(#from_call(signature);)
        });
        quote! {
            fn describe(&self, #signature: &mut ::diptych::Signature) {
                #(#describe)*
            }
        }
    }

    fn extract(&self) -> TokenStream {
        let call = if self.types.is_empty() { quote!(_) } else { quote!(call) };
        let take = self.types.iter().map(|ty| {
            let from_call = quote_spanned!(ty.span()=> <#ty as ::diptych::FromCall>::from_call);
            quote!(#from_call(call).await?,)
        });
        quote! {
            async fn extract(&self, #call: &mut ::diptych::Call) -> ::diptych::Result<Self::Args> {
                ::core::result::Result::Ok((#(#take)*))
            }
        }
    }
}

fn named(argument: &Argument) -> Option<(&Owned, &NamedArgument)> {
    match argument {
        Argument::Named(owned, named) => Some((owned, named)),
        _ => None,
    }
}

fn named_struct(gathered: &Ident, named: &[(&Owned, &NamedArgument)]) -> TokenStream {
    let fields = named.iter().map(|(owned, argument)| {
        let (ty, NamedArgument { field, attrs, .. }) = (&owned.ty, argument);
        quote!(#(#attrs)* #field: #ty)
    });
    quote! {
        #[allow(non_camel_case_types, reason = "it has the name of its function")]
        #[derive(::diptych::__private::serde::Deserialize, ::diptych::__private::schemars::JsonSchema)]
        #[serde(crate = "::diptych::__private::serde")]
        #[schemars(crate = "::diptych::__private::schemars")]
        pub struct #gathered {
            #(#fields,)*
        }
    }
}

/// A local variable that no name of the user's can mean.
fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}
