/// Create an invoice for the caller.
///
/// The number has to be new.
#[service("invoices.create")]
#[must_use]
pub async fn create_invoice(
    tx: &mut Tx,
    Input(new): Input<NewInvoice>,
    /// How often to remind.
    #[arg(header = "Reminders")]
    reminders: Option<i32>,
    #[arg(rename = "note")]
    #[serde(default)]
    text: &str,
    who: &Principal,
    limits: State<Limits>,
) -> Result<Uuid, InvoiceError> {
    todo!()
}
