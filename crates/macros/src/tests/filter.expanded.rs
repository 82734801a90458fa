const _: () = ::core::assert!(
    ::diptych::__private::accepts(<i64 as ::diptych::Operand>::OPERAND, ::diptych::Operator::GreaterOrEqual),
    "the filter `min_amount` compares with `>=`, which needs a value with an order, as in `Option<i64>`, `Option<String>` or `Option<DateTime<Utc>>`"
);
#[automatically_derived]
impl ::diptych::Filter for InvoiceFilter {
    const COLUMNS: &'static [&'static str] = &["status", "amount_cents"];
    fn into_predicates(self) -> ::std::vec::Vec<::diptych::Predicate> {
        let mut predicates = ::std::vec::Vec::new();
        if let ::core::option::Option::Some(value) = self.status {
            predicates.push(::diptych::Predicate {
                column: "status",
                operator: ::diptych::__private::default_operator(<OneOf<Status> as ::diptych::Operand>::OPERAND),
                values: <OneOf<Status> as ::diptych::Operand>::into_values(value),
            });
        }
        if let ::core::option::Option::Some(value) = self.min_amount {
            predicates.push(::diptych::Predicate {
                column: "amount_cents",
                operator: ::diptych::Operator::GreaterOrEqual,
                values: <i64 as ::diptych::Operand>::into_values(value),
            });
        }
        predicates
    }
}
