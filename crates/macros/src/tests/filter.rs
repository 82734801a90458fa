pub struct InvoiceFilter {
    status: Option<OneOf<Status>>,
    /// Smallest amount, in cents.
    #[filter(column = "amount_cents", op = ">=")]
    min_amount: Option<i64>,
}
