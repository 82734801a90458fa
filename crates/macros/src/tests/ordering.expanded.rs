#[automatically_derived]
impl ::diptych::Ordering for InvoiceOrder {
    const KEYS: &'static [(&'static str, &'static str)] = &[("created", "created_at"), ("nr", "invoice_number")];
}
const _: &[InvoiceOrder] = &[InvoiceOrder::Created, InvoiceOrder::InvoiceNumber];
