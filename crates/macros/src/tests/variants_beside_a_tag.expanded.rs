#[automatically_derived]
impl ::diptych::__private::validator::Validate for Means {
    fn validate(&self) -> ::core::result::Result<(), ::diptych::__private::validator::ValidationErrors> {
        #[allow(unreachable_patterns, reason = "when each variant has rules")]
        match self {
            Self::Card(held) => ::diptych::__private::validated(held),
            Self::BankTransfer(held) => ::diptych::__private::validated(held),
            _ => ::core::result::Result::Ok(()),
        }
    }
}
