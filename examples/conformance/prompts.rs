//! Prompts: with and without arguments, with a resource, with a picture, and one that asks.

use crate::contents::PIXEL;
use diptych::{Anyone, Ask, Content, EmbeddedResource, Message, Messages, Operations, Result, prompt};
use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
struct Context {
    context: String,
}

/// A prompt without arguments.
#[prompt("test_simple_prompt")]
async fn simple() -> Result<Message> {
    Ok(Message::user("This is a simple prompt for testing."))
}

/// A prompt with two arguments.
#[prompt("test_prompt_with_arguments")]
async fn with_arguments(
    /// First test argument.
    #[arg]
    arg1: String,
    /// Second test argument.
    #[arg]
    arg2: String,
) -> Result<Message> {
    Ok(Message::user(format!("Prompt with arguments: arg1='{arg1}', arg2='{arg2}'")))
}

/// A prompt that shows a resource.
#[prompt("test_prompt_with_embedded_resource")]
async fn with_embedded_resource(
    /// URI of the resource to embed.
    #[arg(rename = "resourceUri")]
    uri: String,
) -> Result<Messages> {
    let resource = EmbeddedResource::text(uri, "text/plain", "Embedded resource content for testing.");
    Ok(Messages::new().and(Message::user(resource)).and(Message::user("Please process the embedded resource above.")))
}

/// A prompt that shows a picture.
#[prompt("test_prompt_with_image")]
async fn with_image() -> Result<Messages> {
    Ok(Messages::new()
        .and(Message::user(Content::image(PIXEL, "image/png")))
        .and(Message::user("Please analyze the image above.")))
}

/// A prompt that asks before it is there.
#[prompt("test_input_required_result_prompt")]
async fn asking(ask: Ask) -> Result<Message> {
    let answer = ask.form::<Context>("user_context", "What context should the prompt use?")?.accepted();
    let context = answer.map_or_else(|| "none".to_owned(), |answer| answer.context);
    Ok(Message::user(format!("Use this context: {context}")))
}

pub(crate) fn operations() -> Operations {
    Operations::new()
        .add(simple::spec().allow(Anyone))
        .add(
            with_arguments::spec()
                .allow(Anyone)
                .complete("arg1", ["paris", "park", "party"])
                .complete("arg2", ["value1", "value2"]),
        )
        .add(with_embedded_resource::spec().allow(Anyone))
        .add(with_image::spec().allow(Anyone))
        .add(asking::spec().allow(Anyone))
}
