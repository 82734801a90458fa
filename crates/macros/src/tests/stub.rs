#[service("invoices.send")]
pub fn send(tx: &mut Tx, #[arg] id: Uuid) -> Result<Invoice> {
    todo!()
}
