pub enum InvoiceOrder {
    #[order(column = "created_at")]
    Created,
    #[order(rename = "nr")]
    InvoiceNumber,
}
