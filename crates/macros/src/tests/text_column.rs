#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
pub enum Status {
    Draft,
    SentOut,
    #[serde(rename = "void")]
    Cancelled,
}
