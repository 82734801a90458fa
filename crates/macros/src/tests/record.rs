pub struct Invoice {
    pub id: Uuid,
    #[record(column = "amount_cents")]
    amount: i64,
    r#type: Option<String>,
}
