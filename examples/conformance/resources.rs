//! Resources: text, bytes, a template, one that changes.

use crate::contents::PIXEL;
use diptych::{Anyone, Blob, Operations, Result, selector};
use schemars::JsonSchema;
use serde::Serialize;

/// A text that stays the same.
#[selector("static_text")]
async fn static_text() -> Result<String> {
    Ok("This is the content of the static text resource.".to_owned())
}

/// A picture that stays the same.
#[selector("static_binary")]
async fn static_binary() -> Result<Blob> {
    Ok(Blob::new(PIXEL))
}

/// A text that clients subscribe to.
#[selector("watched")]
async fn watched() -> Result<String> {
    Ok("Watched resource content.".to_owned())
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Data {
    id: String,
    template_test: bool,
    data: String,
}

/// The data of an id.
#[selector("template_data")]
async fn template_data(#[arg] id: String) -> Result<Data> {
    Ok(Data { data: format!("Data for ID: {id}"), template_test: true, id })
}

pub(crate) fn operations() -> Operations {
    Operations::new()
        .add(static_text::spec().allow(Anyone).resource("test://static-text").mime_type("text/plain").tool(false))
        .add(static_binary::spec().allow(Anyone).resource("test://static-binary").mime_type("image/png").tool(false))
        .add(watched::spec().allow(Anyone).resource("test://watched-resource").mime_type("text/plain").tool(false))
        .add(template_data::spec().allow(Anyone).resource("test://template/{id}/data").tool(false))
}
