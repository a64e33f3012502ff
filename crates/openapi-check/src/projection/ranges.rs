//! [`ERRORS`](super::ERRORS), as far as dropshot can tell errors: where the source has `4XX` too, the schema of their body is
//! compared, and that of `5XX` where it is the same.

use serde_json::{Value, json};

/// Where both have it: what is compared, beside the successes.
const COMPARED: &str = "errors";

/// Puts what both say of errors to where it is compared; what only one of them can say is left out later.
pub(crate) fn meet(source: &mut Value, emitted: &mut Value) {
    let shared = emitted["components"]["responses"].clone();
    let Some(Value::Object(paths)) = emitted.get_mut("paths") else {
        return;
    };
    for (path, item) in paths {
        for (method, operation) in item.as_object_mut().into_iter().flatten() {
            let Some(Value::Object(told)) = operation.get_mut("responses") else {
                continue;
            };
            let declared = source
                .get_mut("paths")
                .and_then(|paths| paths.get_mut(path));
            let declared = declared.and_then(|item| item.get_mut(method)?.get_mut("responses"));
            let Some(Value::Object(declared)) = declared else {
                continue;
            };
            let clients = declared.get("4XX").and_then(schema).cloned();
            let Some(clients) = clients.filter(|_| told.contains_key("4XX")) else {
                continue;
            };
            // dropshot has one schema for both ranges.
            let both = declared.get("5XX").and_then(schema) == Some(&clients);
            let ranges = if both { &["4XX", "5XX"][..] } else { &["4XX"] };
            let bodies = |of: &dyn Fn(&str) -> Value| -> Value {
                let each = ranges.iter().map(|range| ((*range).to_owned(), of(range)));
                json!({ "content": { "application/json": { "schema": { "properties": each.collect::<Value>() } } } })
            };
            let expected = bodies(&|_| clients.clone());
            let found = bodies(&|range| {
                let response = told.get(range).map(|response| resolved(&shared, response));
                response.and_then(schema).cloned().unwrap_or_default()
            });
            declared.insert(COMPARED.to_owned(), expected);
            told.insert(COMPARED.to_owned(), found);
        }
    }
}

/// The schema of the JSON body of a response.
fn schema(response: &Value) -> Option<&Value> {
    let mut content = response.get("content")?.as_object()?.iter();
    let json = |name: &str| {
        let essence = name.split(';').next().unwrap_or_default().trim();
        essence == "application/json" || essence.ends_with("+json")
    };
    content.find(|(name, _)| json(name))?.1.get("schema")
}

/// The response, or the shared one that it refers to.
fn resolved<'a>(shared: &'a Value, response: &'a Value) -> &'a Value {
    let name = response["$ref"].as_str();
    match name.and_then(|name| name.strip_prefix("#/components/responses/")) {
        Some(name) => &shared[name],
        None => response,
    }
}
