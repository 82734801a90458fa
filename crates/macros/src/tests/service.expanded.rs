#[doc = " Create an invoice for the caller."]
#[doc = ""]
#[doc = " The number has to be new."]
#[must_use]
pub async fn create_invoice(
    tx: &mut Tx,
    Input(new): Input<NewInvoice>,
    reminders: Option<i32>,
    text: &str,
    who: &Principal,
    limits: State<Limits>,
) -> Result<Uuid, InvoiceError> {
    todo!()
}
#[doc(hidden)]
#[allow(non_camel_case_types, reason = "it has the name of its function")]
#[derive(:: core :: fmt :: Debug, :: core :: clone :: Clone, :: core :: marker :: Copy)]
pub struct create_invoice {}
const _: () = {
    #[allow(non_camel_case_types, reason = "it has the name of its function")]
    #[derive(:: diptych :: __private :: serde :: Deserialize, :: diptych :: __private :: schemars :: JsonSchema)]
    #[serde(crate = "::diptych::__private::serde", bound = "Of_reminders: ::diptych::__private::ArgumentData")]
    #[schemars(crate = "::diptych::__private::schemars", bound = "Of_reminders: ::diptych::__private::ArgumentData")]
    pub struct create_invoice_arguments<Of_reminders> {
        #[doc = " How often to remind."]
        # [schemars (extend ("x-mcp-header" = "Reminders"))]
        reminders: Option<Of_reminders>,
        #[serde(default)]
        #[serde(rename = "note")]
        text: ::std::string::String,
    }
    impl create_invoice {
        #[doc = "The service `invoices.create`, to be completed and added to the operations."]
        pub fn spec() -> ::diptych::ServiceSpec<Self> {
            ::diptych::ServiceSpec::new(
                "invoices.create",
                "Create an invoice for the caller.\n\nThe number has to be new.",
                Self {},
            )
        }
    }
    #[automatically_derived]
    impl ::diptych::Handler for create_invoice {
        type Connection = Tx;
        type Args =
            (::diptych::__private::Args<create_invoice_arguments<i32>>, Input<NewInvoice>, Principal, State<Limits>);
        type Out = <Result<Uuid, InvoiceError> as ::diptych::__private::IsResult>::Ok;
        fn describe(&self, signature: &mut ::diptych::Signature) {
            <::diptych::__private::Args<create_invoice_arguments<i32>> as ::diptych::FromCall>::describe(signature);
            <Input<NewInvoice> as ::diptych::FromCall>::describe(signature);
            <Principal as ::diptych::FromCall>::describe(signature);
            <State<Limits> as ::diptych::FromCall>::describe(signature);
        }
        fn errors(&self) -> &'static [(::diptych::ErrorKind, &'static str)] {
            <Result<Uuid, InvoiceError> as ::diptych::__private::IsResult>::declared()
        }
        async fn extract(&self, call: &mut ::diptych::Call) -> ::diptych::Result<Self::Args> {
            ::core::result::Result::Ok((
                ::diptych::__private::Args::take(call)?,
                <Input<NewInvoice> as ::diptych::FromCall>::from_call(call).await?,
                <Principal as ::diptych::FromCall>::from_call(call).await?,
                <State<Limits> as ::diptych::FromCall>::from_call(call).await?,
            ))
        }
        async fn invoke<'t>(
            &'t self,
            connection: &'t mut Self::Connection,
            (::diptych::__private::Args(named), a1, a2, a3): Self::Args,
        ) -> ::diptych::Result<Self::Out> {
            <Result<Uuid, InvoiceError> as ::diptych::__private::IsResult>::done(
                ::diptych::__private::assert_send(create_invoice(
                    connection,
                    a1,
                    named.reminders,
                    &named.text,
                    &a2,
                    a3,
                ))
                .await,
            )
        }
    }
    #[automatically_derived]
    impl ::diptych::NamedService for create_invoice {
        const NAME: &'static str = "invoices.create";
    }
    #[automatically_derived]
    impl ::diptych::Takes<NewInvoice> for create_invoice {}
};
