pub struct InvoiceId(pub Uuid);
