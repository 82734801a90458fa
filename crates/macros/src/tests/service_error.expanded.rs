#[automatically_derived]
impl ::core::convert::From<InvoiceError> for ::diptych::Error {
    fn from(error: InvoiceError) -> Self {
        match error {
            InvoiceError::NumberTaken => {
                ::diptych::Error::new(::diptych::ErrorKind::Conflict, "number_taken", "The number is taken.")
            }
            InvoiceError::TooLarge { max: field_max, .. } => ::diptych::Error::new(
                ::diptych::ErrorKind::Invalid,
                "too_large",
                ::std::format!("an invoice is at most {field_max:>5} cents, {{{field_max}}}", field_max = field_max),
            ),
            InvoiceError::Printer(_, field_1) => {
                ::diptych::Error::internal(::std::format!("the printer said {field_1}", field_1 = field_1))
            }
            InvoiceError::Other { 0: source } => <Error as ::diptych::__private::Transparent>::into_error(source),
        }
    }
}
#[automatically_derived]
impl ::diptych::ServiceError for InvoiceError {
    fn declared() -> &'static [(::diptych::ErrorKind, &'static str)] {
        &[
            (::diptych::ErrorKind::Conflict, "number_taken"),
            (::diptych::ErrorKind::Invalid, "too_large"),
            (::diptych::ErrorKind::Internal, "internal"),
        ]
    }
}
#[automatically_derived]
impl ::core::convert::From<Error> for InvoiceError {
    fn from(source: Error) -> Self {
        Self::Other { 0: source }
    }
}
