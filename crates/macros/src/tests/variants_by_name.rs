#[derive(Deserialize, JsonSchema, ValidateVariants)]
#[serde(rename_all = "camelCase")]
pub enum Means {
    Card(Card),
    BankTransfer(Transfer),
    #[serde(rename = "crypto")]
    Coins(Coins),
    Cash,
}
