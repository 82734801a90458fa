pub enum InvoiceError {
    /// The number is taken.
    ///
    /// This is for the reader of the source.
    #[problem(conflict)]
    NumberTaken,
    #[problem(invalid, code = "too_large", detail = "an invoice is at most {max:>5} cents, {{{max}}}")]
    TooLarge { max: i64, asked: i64 },
    #[problem(internal, detail = "the printer said {1}")]
    Printer(u8, String),
    #[problem(transparent)]
    Other(Error),
}
