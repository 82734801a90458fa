pub(crate) async fn total(db: &mut SqliteConnection) -> diptych::Result<i64> {
    todo!()
}
#[doc(hidden)]
#[allow(non_camel_case_types, reason = "it has the name of its function")]
#[derive(:: core :: fmt :: Debug, :: core :: clone :: Clone, :: core :: marker :: Copy)]
pub(crate) struct total {}
const _: () = {
    impl total {
        #[doc = "The selector `invoices.total`, to be completed and added to the operations."]
        pub(crate) fn spec() -> ::diptych::SelectorSpec<Self> {
            ::diptych::SelectorSpec::new("invoices.total", "", Self {})
        }
    }
    #[automatically_derived]
    impl ::diptych::Handler for total {
        type Connection = SqliteConnection;
        type Args = ();
        type Out = ::diptych::__private::AnswerValue<<diptych::Result<i64> as ::diptych::__private::IsResult>::Ok>;
        fn describe(&self, _: &mut ::diptych::Signature) {}
        fn errors(&self) -> &'static [(::diptych::ErrorKind, &'static str)] {
            <diptych::Result<i64> as ::diptych::__private::IsResult>::declared()
        }
        async fn extract(&self, _: &mut ::diptych::Call) -> ::diptych::Result<Self::Args> {
            ::core::result::Result::Ok(())
        }
        async fn invoke<'t>(
            &'t self,
            connection: &'t mut Self::Connection,
            (): Self::Args,
        ) -> ::diptych::Result<Self::Out> {
            <diptych::Result<i64> as ::diptych::__private::IsResult>::done(
                ::diptych::__private::assert_send(total(connection)).await,
            )
            .map(::diptych::__private::AnswerValue)
        }
    }
    #[automatically_derived]
    impl ::diptych::NamedSelector for total {
        const NAME: &'static str = "invoices.total";
    }
};
