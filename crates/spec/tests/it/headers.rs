//! Arguments that clients repeat as headers: what is found, and what is refused when the server is built.

use crate::declared::service;
use diptych_spec::{HeaderArgument, StateMap};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use validator::Validate;

#[derive(Deserialize, JsonSchema, Validate)]
#[expect(dead_code, reason = "only described")]
struct Query {
    #[schemars(extend("x-mcp-header" = "Region"))]
    region: String,
    #[schemars(extend("x-mcp-header" = "Urgent"))]
    urgent: Option<bool>,
    place: Option<Place>,
    text: String,
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "only described")]
struct Place {
    #[schemars(extend("x-mcp-header" = "Shelf_no"))]
    shelf: i64,
}

#[test]
fn headers_are_found_where_properties_lead() {
    let header = |name: &str, path: &[&str], integer| HeaderArgument {
        name: name.to_owned(),
        path: path.iter().map(|&name| name.to_owned()).collect(),
        integer,
    };
    assert_eq!(
        service::<Query>().arguments().headers(),
        [
            header("Region", &["region"], false),
            header("Urgent", &["urgent"], false),
            header("Shelf_no", &["place", "shelf"], true),
        ]
    );
    assert_eq!(mistakes::<Query>(), [""; 0]);
}

fn mistakes<T: DeserializeOwned + JsonSchema + Validate + Send + 'static>() -> Vec<String> {
    let found = service::<T>().mistakes(&StateMap::default());
    let messages = found.iter().map(|mistake| mistake.to_string().replacen("test: ", "", 1));
    messages.filter(|message| !message.contains("declares no permission") && !message.contains("204")).collect()
}

/// One struct for each table row: what a field says, and what is wrong with it.
macro_rules! refused {
    ($($what:ident: { $($attributes:tt)* } $ty:ty => $why:literal;)*) => {$(
        #[test]
        fn $what() {
            #[derive(Deserialize, JsonSchema, Validate)]
            #[expect(dead_code, reason = "only described")]
            struct Asked {
                $($attributes)*
                field: $ty,
                #[schemars(extend("x-mcp-header" = "taken"))]
                other: String,
            }
            let found = mistakes::<Asked>();
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].starts_with("`field") && found[0].contains($why), "{found:?}");
        }
    )*};
}

refused! {
    an_empty_name: { #[schemars(extend("x-mcp-header" = ""))] } String => "has the header name \"\"";
    a_name_with_a_space: { #[schemars(extend("x-mcp-header" = "a b"))] } String => "write letters, digits";
    a_name_with_a_line_end: { #[schemars(extend("x-mcp-header" = "a\r\nb"))] } String => "write letters, digits";
    a_name_that_is_not_ascii: { #[schemars(extend("x-mcp-header" = "Größe"))] } String => "write letters, digits";
    a_name_that_is_not_text: { #[schemars(extend("x-mcp-header" = 1))] } String => "has the header name 1";
    a_name_that_another_has: { #[schemars(extend("x-mcp-header" = "TAKEN"))] } String => "both repeated as the header";
    a_number: { #[schemars(extend("x-mcp-header" = "F"))] } f64 => "only a string, an integer or a boolean";
    a_list: { #[schemars(extend("x-mcp-header" = "F"))] } Vec<String> => "only a string, an integer or a boolean";
    anything: { #[schemars(extend("x-mcp-header" = "F"))] } serde_json::Value => "only a string, an integer or a boolean";
    a_secret: { #[schemars(extend("x-mcp-header" = "F", "format" = "password"))] } String => "is a secret";
    write_only: { #[schemars(extend("x-mcp-header" = "F", "writeOnly" = true))] } String => "is a secret";
    too_wide: { #[schemars(extend("x-mcp-header" = "F"), range(max = 9007199254740993_i64))] } i64 => "beyond 2^53";
    in_a_list: {} Vec<Place> => "only properties of structs";
    in_a_map: {} std::collections::BTreeMap<String, Place> => "only properties of structs";
    in_a_union: {} Either => "only properties of structs";
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only described")]
enum Either {
    Place(Place),
    Text(String),
}
