#[automatically_derived]
impl ::diptych::Column for Status {
    fn decode(cell: &::diptych::Cell<'_>) -> ::diptych::Result<Self> {
        let text = <::std::string::String as ::diptych::Column>::decode(cell)?;
        match text.as_str() {
            "DRAFT" => ::core::result::Result::Ok(Self::Draft),
            "SENT-OUT" => ::core::result::Result::Ok(Self::SentOut),
            "void" => ::core::result::Result::Ok(Self::Cancelled),
            _ => ::core::result::Result::Err(::diptych::__private::unknown_variant("Status")),
        }
    }
}
#[automatically_derived]
impl ::diptych::IntoValue for Status {
    const KIND: ::diptych::ValueKind = ::diptych::ValueKind::Text;
    fn into_value(self) -> ::diptych::Value {
        ::diptych::Value::Text(::std::borrow::Cow::Borrowed(match self {
            Self::Draft => "DRAFT",
            Self::SentOut => "SENT-OUT",
            Self::Cancelled => "void",
        }))
    }
}
#[automatically_derived]
impl ::diptych::Operand for Status {
    const OPERAND: ::diptych::__private::OperandKind = ::diptych::__private::OperandKind::Scalar;
    fn into_values(self) -> ::std::vec::Vec<::diptych::Value> {
        ::std::vec![::diptych::IntoValue::into_value(self)]
    }
}
