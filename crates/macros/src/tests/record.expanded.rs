#[automatically_derived]
impl ::diptych::Record for Invoice {
    const COLUMNS: &'static [&'static str] = &["id", "amount_cents", "type"];
    const NULLABLE: &'static [bool] = &[false, false, true];
    fn from_row(row: &::diptych::Row<'_>) -> ::diptych::Result<Self> {
        ::core::result::Result::Ok(Self {
            id: row.get::<Uuid>(0usize)?,
            amount: row.get::<i64>(1usize)?,
            r#type: row.get::<Option<String>>(2usize)?,
        })
    }
}
