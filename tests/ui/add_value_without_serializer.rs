//! A plain value that nobody said how to show.

use diptych::{Anyone, Conn, Operations, Result, selector};

struct Report {
    notes: i64,
}

#[selector("notes.report")]
async fn report(_db: &mut Conn) -> Result<Report> {
    Ok(Report { notes: 0 })
}

fn main() {
    let _ = Operations::new().add(report::spec().allow(Anyone));
}
