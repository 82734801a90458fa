::core::compile_error! { "a service is async: write `async fn send`" }
pub fn send(tx: &mut Tx, id: Uuid) -> Result<Invoice> {
    todo!()
}
#[doc(hidden)]
#[allow(non_camel_case_types, reason = "it has the name of its function")]
#[derive(:: core :: fmt :: Debug, :: core :: clone :: Clone, :: core :: marker :: Copy)]
pub struct send {}
const _: () = {
    impl send {
        #[doc = "The service `send`, to be completed and added to the operations."]
        pub fn spec() -> ::diptych::ServiceSpec<Self> {
            ::diptych::ServiceSpec::new("send", "", Self {})
        }
    }
    #[automatically_derived]
    impl ::diptych::Handler for send {
        type Connection = ::diptych::Tx;
        type Args = ();
        type Out = <Result<Invoice> as ::diptych::__private::IsResult>::Ok;
        fn describe(&self, _: &mut ::diptych::Signature) {}
        async fn extract(&self, _: &mut ::diptych::Call) -> ::diptych::Result<()> {
            ::core::result::Result::Ok(())
        }
        async fn invoke<'t>(&'t self, _: &'t mut Self::Connection, _: ()) -> ::diptych::Result<Self::Out> {
            ::core::result::Result::Err(::diptych::Error::internal("it did not compile"))
        }
    }
    #[automatically_derived]
    impl ::diptych::NamedService for send {
        const NAME: &'static str = "send";
    }
};
