#[doc = " The caller's invoices."]
async fn list_invoices(who: &Principal) -> Result<Select<Invoice>> {
    todo!()
}
#[doc(hidden)]
#[allow(non_camel_case_types, reason = "it has the name of its function")]
#[derive(:: core :: fmt :: Debug, :: core :: clone :: Clone, :: core :: marker :: Copy)]
struct list_invoices {}
const _: () = {
    impl list_invoices {
        #[doc = "The selector `invoices.list`, to be completed and added to the operations."]
        fn spec() -> ::diptych::SelectorSpec<Self> {
            ::diptych::SelectorSpec::new("invoices.list", "The caller's invoices.", Self {})
        }
    }
    #[automatically_derived]
    impl ::diptych::Handler for list_invoices {
        type Connection = ::diptych::Conn;
        type Args = (Principal,);
        type Out = <Result<Select<Invoice>> as ::diptych::__private::IsResult>::Ok;
        fn describe(&self, signature: &mut ::diptych::Signature) {
            <Principal as ::diptych::FromCall>::describe(signature);
        }
        fn errors(&self) -> &'static [(::diptych::ErrorKind, &'static str)] {
            <Result<Select<Invoice>> as ::diptych::__private::IsResult>::declared()
        }
        async fn extract(&self, call: &mut ::diptych::Call) -> ::diptych::Result<Self::Args> {
            ::core::result::Result::Ok((<Principal as ::diptych::FromCall>::from_call(call).await?,))
        }
        async fn invoke<'t>(
            &'t self,
            _connection: &'t mut Self::Connection,
            (a0,): Self::Args,
        ) -> ::diptych::Result<Self::Out> {
            <Result<Select<Invoice>> as ::diptych::__private::IsResult>::done(
                ::diptych::__private::assert_send(list_invoices(&a0)).await,
            )
        }
    }
    #[automatically_derived]
    impl ::diptych::NamedSelector for list_invoices {
        const NAME: &'static str = "invoices.list";
    }
};
