//! Pagination of a selector that answers one row.

use diptych::{Anyone, Conn, Operations, PageNumber, Result, selector};

#[selector("notes.last")]
async fn last(_db: &mut Conn) -> Result<Option<String>> {
    Ok(None)
}

fn main() {
    let _ = Operations::new().add(last::spec().allow(Anyone).paginate(PageNumber::default()));
}
