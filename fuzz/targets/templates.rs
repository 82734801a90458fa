//! URI templates and what they match: the first line is the template, the second a URI.
#![no_main]

use diptych_spec::Template;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let (template, uri) = text.split_once('\n').unwrap_or((text, ""));
    let _ = Template::parse(template).map(|path| path.matches(uri).is_some());
    let Ok(template) = Template::uri(template) else { return };
    let Some(variables) = template.matches(uri) else { return };
    // What was read is written so that it is read the same.
    let first = |name: &str| variables.iter().find(|(own, _)| *own == name).map(|(_, value)| value.clone());
    let once = variables.iter().all(|(name, _)| variables.iter().filter(|(other, _)| other == name).count() == 1);
    if let Some(written) = template.expand(first)
        && once
    {
        // A query may be in another order.
        let sorted = |mut variables: Vec<(&str, String)>| {
            variables.sort();
            variables.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
        };
        assert_eq!(template.matches(&written).map(sorted), Some(sorted(variables)), "{uri} {written}");
    }
});
