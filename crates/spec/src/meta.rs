//! The names of an application's own values in `_meta` (MCP 2026-07-28, basic, `_meta`).

/// Why this cannot be the name of one. The prefix, which the protocol leaves optional, is required: names without are the
/// protocol's own.
pub(crate) fn misnamed(name: &str) -> Option<String> {
    let Some((prefix, own)) = name.split_once('/') else {
        return Some(format!(
            "the `_meta` name `{name}` needs a reversed domain in front, such as `com.example/{name}`"
        ));
    };
    let labels: Vec<&str> = prefix.split('.').collect();
    if !labels.iter().all(|label| is_label(label)) || !(own.is_empty() || is_name(own)) {
        return Some(format!(
            "the `_meta` name `{name}` has to be a reversed domain, `/`, and a name of letters, digits, `-`, `_` and `.`"
        ));
    }
    match labels.get(1) {
        Some(&("modelcontextprotocol" | "mcp")) => {
            Some(format!("the `_meta` name `{name}` is reserved for the protocol; use a domain of your own"))
        }
        _ => None,
    }
}

fn is_label(label: &str) -> bool {
    label.starts_with(|c: char| c.is_ascii_alphabetic())
        && label.ends_with(|c: char| c.is_ascii_alphanumeric())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_a_domain_in_front() {
        for (name, good) in [
            ("com.example/x", true),
            ("com.example.mcp/a_b.c-d", true),
            ("com.ex-ample/", true),
            ("x", false),
            ("/x", false),
            ("1a.example/x", false),
            ("com.example-/x", false),
            ("com.example/-x", false),
            ("com.example/x/y", false),
            ("io.modelcontextprotocol/ui", false),
            ("dev.mcp/x", false),
        ] {
            assert_eq!(misnamed(name).is_none(), good, "{name}");
        }
    }
}
