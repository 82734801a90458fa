/// The caller's invoices.
#[selector("invoices.list")]
async fn list_invoices(who: &Principal) -> Result<Select<Invoice>> {
    todo!()
}
