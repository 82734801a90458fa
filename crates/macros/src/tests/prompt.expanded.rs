#[doc = " A reminder for one invoice."]
pub async fn reminder(db: &mut Conn, number: &str, who: &Principal) -> Result<Vec<Message>, InvoiceError> {
    todo!()
}
#[doc(hidden)]
#[allow(non_camel_case_types, reason = "it has the name of its function")]
#[derive(:: core :: fmt :: Debug, :: core :: clone :: Clone, :: core :: marker :: Copy)]
pub struct reminder {}
const _: () = {
    #[allow(non_camel_case_types, reason = "it has the name of its function")]
    #[derive(:: diptych :: __private :: serde :: Deserialize, :: diptych :: __private :: schemars :: JsonSchema)]
    #[serde(crate = "::diptych::__private::serde", bound = "Of_number: ::diptych::__private::ArgumentData")]
    #[schemars(crate = "::diptych::__private::schemars", bound = "Of_number: ::diptych::__private::ArgumentData")]
    pub struct reminder_arguments<Of_number> {
        #[doc = " Its number."]
        number: Of_number,
    }
    impl reminder {
        #[doc = "The prompt `invoices.reminder`, to be completed and added to the operations."]
        pub fn spec() -> ::diptych::PromptSpec<Self> {
            ::diptych::PromptSpec::new("invoices.reminder", "A reminder for one invoice.", Self {})
        }
    }
    #[automatically_derived]
    impl ::diptych::Handler for reminder {
        type Connection = Conn;
        type Args = (::diptych::__private::Args<reminder_arguments<::std::string::String>>, Principal);
        type Out = ::diptych::Messages;
        fn describe(&self, signature: &mut ::diptych::Signature) {
            <::diptych::__private::Args<reminder_arguments<::std::string::String>> as ::diptych::FromCall>::describe(
                signature,
            );
            <Principal as ::diptych::FromCall>::describe(signature);
        }
        fn errors(&self) -> &'static [(::diptych::ErrorKind, &'static str)] {
            <Result<Vec<Message>, InvoiceError> as ::diptych::__private::IsMessages>::declared()
        }
        async fn extract(&self, call: &mut ::diptych::Call) -> ::diptych::Result<Self::Args> {
            ::core::result::Result::Ok((
                ::diptych::__private::Args::take(call)?,
                <Principal as ::diptych::FromCall>::from_call(call).await?,
            ))
        }
        async fn invoke<'t>(
            &'t self,
            connection: &'t mut Self::Connection,
            (::diptych::__private::Args(named), a1): Self::Args,
        ) -> ::diptych::Result<Self::Out> {
            <Result<Vec<Message>, InvoiceError> as ::diptych::__private::IsMessages>::messages(
                ::diptych::__private::assert_send(reminder(connection, &named.number, &a1)).await,
            )
        }
    }
};
