/// A reminder for one invoice.
#[prompt("invoices.reminder")]
pub async fn reminder(
    db: &mut Conn,
    /// Its number.
    #[arg]
    number: &str,
    who: &Principal,
) -> Result<Vec<Message>, InvoiceError> {
    todo!()
}
