//! Tools that change which tools and prompts there are.

use diptych::{Anyone, Catalogue, Content, Message, Operations, Result, prompt, selector};

/// Switches a tool on or off.
#[selector("test_trigger_tool_change")]
async fn trigger_tool_change(catalogue: Catalogue) -> Result<Content> {
    toggle(&catalogue, "test_switched_tool")
}

/// Switches a prompt on or off.
#[selector("test_trigger_prompt_change")]
async fn trigger_prompt_change(catalogue: Catalogue) -> Result<Content> {
    toggle(&catalogue, "test_switched_prompt")
}

/// There only now and then.
#[selector("test_switched_tool")]
async fn switched_tool() -> Result<Content> {
    Ok("Switched on.".into())
}

/// There only now and then.
#[prompt("test_switched_prompt")]
async fn switched_prompt() -> Result<Message> {
    Ok(Message::user("Switched on."))
}

fn toggle(catalogue: &Catalogue, name: &str) -> Result<Content> {
    if catalogue.is_enabled(name) { catalogue.disable(name) } else { catalogue.enable(name) }?;
    Ok(format!("{name} is {}.", if catalogue.is_enabled(name) { "on" } else { "off" }).into())
}

pub(crate) fn operations() -> Operations {
    Operations::new()
        .add(trigger_tool_change::spec().allow(Anyone))
        .add(trigger_prompt_change::spec().allow(Anyone))
        .add(switched_tool::spec().allow(Anyone).enabled(false))
        .add(switched_prompt::spec().allow(Anyone).enabled(false))
}
