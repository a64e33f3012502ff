//! Reading and every rule: no panic, no hang, and every diagnosis can be printed.

#![no_main]

use openapi_document::{Document, Files};

/// What parts one file of the input from the next; the first is the document, the others are `1.yaml` or `1.json`, ...
const NEXT: &str = "\n%%%\n";

struct Parts<'a>(Vec<&'a str>);

impl Files for Parts<'_> {
    fn text(&self, path: &str) -> Result<String, String> {
        let number = path
            .strip_suffix(".yaml")
            .or(path.strip_suffix(".json"))
            .and_then(|number| number.parse::<usize>().ok());
        let part = number.and_then(|number| self.0.get(number));
        part.map(|text| (*text).to_owned())
            .ok_or_else(|| "there is no such file".to_owned())
    }
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let parts = Parts(text.split(NEXT).collect());
    let name = if parts.0[0].starts_with('{') {
        "0.json"
    } else {
        "0.yaml"
    };
    let (document, mut found) = Document::examine_with(name, parts.0[0], &parts);
    if let Some(document) = document {
        if let Err(more) = openapi_check::lint(&document) {
            found.append(more);
        }
        found.append(openapi_to_dropshot::examine(&document));
        assert!(!document.source_json().is_empty());
    }
    assert_eq!(found.places().len(), found.len());
    assert!(!found.to_string().is_empty());
});
