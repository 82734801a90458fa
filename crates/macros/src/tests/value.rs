#[selector("invoices.total")]
pub(crate) async fn total(db: &mut SqliteConnection) -> diptych::Result<i64> {
    todo!()
}
