#[derive(Deserialize, JsonSchema, ValidateVariants)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum Means {
    Card(Card),
    BankTransfer(Transfer),
    Note(#[validate(skip)] String),
    Other { what: String },
    Cash,
}
