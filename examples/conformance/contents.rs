//! Tools that answer content blocks, and the forms that input schemas can have.

use diptych::{Anyone, Content, Contents, EmbeddedResource, Error, Input, Operations, Result, selector};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use validator::Validate;

/// One red pixel.
pub(crate) const PIXEL: &[u8] = include_bytes!("pixel.png");
/// A hundredth of a second of silence.
pub(crate) const SILENCE: &[u8] = include_bytes!("silence.wav");

/// Answers with a line of text.
#[selector("test_simple_text")]
async fn simple_text() -> Result<Content> {
    Ok("This is a simple text response for testing.".into())
}

/// Answers with a picture.
#[selector("test_image_content")]
async fn image() -> Result<Content> {
    Ok(Content::image(PIXEL, "image/png"))
}

/// Answers with a sound.
#[selector("test_audio_content")]
async fn audio() -> Result<Content> {
    Ok(Content::audio(SILENCE, "audio/wav"))
}

/// Answers with a resource.
#[selector("test_embedded_resource")]
async fn embedded_resource() -> Result<Content> {
    let text = "This is an embedded resource content.";
    Ok(EmbeddedResource::text("test://embedded-resource", "text/plain", text).into())
}

/// Answers with several kinds of content.
#[selector("test_multiple_content_types")]
async fn multiple_content_types() -> Result<Contents> {
    let json = r#"{"test":"data","value":123}"#;
    Ok(Contents::from("Multiple content types test:")
        .and(Content::image(PIXEL, "image/png"))
        .and(EmbeddedResource::text("test://mixed-content-resource", "application/json", json)))
}

/// Fails.
#[selector("test_error_handling")]
async fn error_handling() -> Result<Content> {
    Err(Error::conflict("intended", "This tool intentionally returns an error for testing"))
}

/// Takes an argument that clients repeat as a header.
#[selector("test_custom_header")]
async fn custom_header(
    /// What the header `Mcp-Param-Value` repeats.
    #[arg(header = "Value")]
    value: String,
) -> Result<Content> {
    Ok(format!("value: {value}").into())
}

/// A contact, with a schema written by hand.
#[derive(Debug, Deserialize, Serialize, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Contact {
    name: Option<String>,
    address: Option<Address>,
    contact_method: Option<String>,
    phone: Option<String>,
    email: Option<String>,
}

#[derive(Debug, Deserialize, Serialize)]
struct Address {
    street: Option<String>,
    city: Option<String>,
}

impl JsonSchema for Contact {
    fn schema_name() -> Cow<'static, str> {
        "Contact".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "$defs": {
                "address": {
                    "$anchor": "addressDef",
                    "type": "object",
                    "properties": {"street": {"type": "string"}, "city": {"type": "string"}},
                },
            },
            "properties": {
                "name": {"type": "string"},
                "address": {"$ref": "#/$defs/address"},
                "contactMethod": {"type": "string", "enum": ["phone", "email"]},
                "phone": {"type": "string"},
                "email": {"type": "string"},
            },
            "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
            "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
            "then": {"required": ["phone"]},
            "else": {"required": ["email"]},
            "additionalProperties": false,
        })
    }
}

/// Takes an input whose schema uses the vocabulary of JSON Schema 2020-12.
#[selector("json_schema_2020_12_tool")]
async fn json_schema_2020_12(input: &Input<Contact>) -> Result<Content> {
    Ok(serde_json::to_string(&input.0).map_err(Error::internal)?.into())
}

pub(crate) fn operations() -> Operations {
    Operations::new()
        .add(simple_text::spec().allow(Anyone))
        .add(image::spec().allow(Anyone))
        .add(audio::spec().allow(Anyone))
        .add(embedded_resource::spec().allow(Anyone))
        .add(multiple_content_types::spec().allow(Anyone))
        .add(error_handling::spec().allow(Anyone))
        .add(custom_header::spec().allow(Anyone))
        .add(json_schema_2020_12::spec().allow(Anyone))
}
