//! Where rows are in the schema of an answer.

use super::Object;
use serde_json::Value;

/// The schema of a row, an object with fields, in that of an answer, which is a list of rows or one; `None` when rows are no objects.
pub(crate) fn row_mut(answer: &mut Value, is_list: bool) -> Option<&mut Object> {
    let mut at = if is_list { "/properties/items/items".to_owned() } else { String::new() };
    // A reference, or the branch of a row that can be null: each is followed once.
    for _ in 0..4 {
        let schema = answer.pointer(&at)?;
        if let Some(path) = schema.get("$ref").and_then(Value::as_str) {
            at = path.strip_prefix('#')?.to_owned();
        } else if schema.get("properties").is_some() {
            return answer.pointer_mut(&at)?.as_object_mut();
        } else {
            let branches = schema.get("anyOf")?.as_array()?;
            let is_row = |branch: &Value| branch.get("type").is_none_or(|ty| ty != "null");
            let branch = branches.iter().position(is_row).filter(|_| branches.len() == 2)?;
            at = format!("{at}/anyOf/{branch}");
        }
    }
    None
}
