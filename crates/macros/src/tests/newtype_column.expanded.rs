#[automatically_derived]
impl ::diptych::Column for InvoiceId {
    fn decode(cell: &::diptych::Cell<'_>) -> ::diptych::Result<Self> {
        <Uuid as ::diptych::Column>::decode(cell).map(Self)
    }
}
#[automatically_derived]
impl ::diptych::IntoValue for InvoiceId
where
    for<'when_used> Uuid: ::diptych::IntoValue,
{
    const KIND: ::diptych::ValueKind = <Uuid as ::diptych::IntoValue>::KIND;
    fn into_value(self) -> ::diptych::Value {
        <Uuid as ::diptych::IntoValue>::into_value(self.0)
    }
}
#[automatically_derived]
impl ::diptych::Operand for InvoiceId
where
    for<'when_used> Uuid: ::diptych::Operand,
{
    const OPERAND: ::diptych::__private::OperandKind = <Uuid as ::diptych::Operand>::OPERAND;
    fn into_values(self) -> ::std::vec::Vec<::diptych::Value> {
        <Uuid as ::diptych::Operand>::into_values(self.0)
    }
}
