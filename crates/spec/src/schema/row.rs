//! Where rows are in the schema of an answer.

use super::Object;
use serde_json::Value;

/// How many schemas are followed to that of a row.
const DEEPEST: usize = 8;

/// The schema of a row, an object with fields, in that of an answer, which is a list of rows or one; `None` when rows are no objects.
pub(crate) fn row_mut(answer: &mut Value, is_list: bool) -> Option<&mut Object> {
    let at = row_at(answer, is_list, false)?;
    answer.pointer_mut(&at)?.as_object_mut()
}

/// Where it is. With `elements`, what is an array has the rows in it.
pub(crate) fn row_at(answer: &Value, is_list: bool, elements: bool) -> Option<String> {
    let mut at = if is_list { "/properties/items/items".to_owned() } else { String::new() };
    for _ in 0..DEEPEST {
        let schema = answer.pointer(&at)?;
        if let Some(path) = schema.get("$ref").and_then(Value::as_str) {
            at = path.strip_prefix('#')?.to_owned();
        } else if schema.get("properties").is_some() {
            return Some(at);
        } else if elements && schema.get("items").is_some_and(Value::is_object) {
            at.push_str("/items");
        } else {
            // A row that can be null: the one branch that is not.
            let branches = schema.get("anyOf")?.as_array()?.iter().enumerate();
            let mut rows = branches.filter(|(_, branch)| branch.get("type").is_none_or(|ty| ty != "null"));
            let (Some((branch, _)), None) = (rows.next(), rows.next()) else { return None };
            at = format!("{at}/anyOf/{branch}");
        }
    }
    None
}
