//! Which kind of component a `$ref` may lead to, by where it stands.

/// The place of the members of `paths`, where a `$ref` stands for a path's operations.
pub(crate) const PATHS: &str = "paths";

/// What the places of maps from names to things begin with; a key there is a name, whatever it looks like.
const MAP: &str = "map:";

/// Whether a `$ref` at `place` is a reference, rather than the name of something.
pub(crate) fn refers(place: &str) -> bool {
    !place.starts_with(MAP) && place != PATHS_MAP
}

/// The map of paths itself.
const PATHS_MAP: &str = "map:paths";

/// The place inside the member `key` of something at `place`; `None` when nothing in it is a reference. A place is the
/// kind of component that a `$ref` there leads to, or a map of such, or empty.
pub(crate) fn inside<'k>(place: &'k str, key: &'k str) -> Option<&'k str> {
    if let Some(kind) = place.strip_prefix(MAP) {
        return (kind != PATHS || !key.starts_with("x-")).then_some(kind);
    }
    Some(match key {
        "example" | "examples" | "default" | "enum" | "const" => return None,
        key if key.starts_with("x-") => return None,
        "schema" | "items" | "not" | "additionalProperties" | "allOf" | "anyOf" | "oneOf" => {
            "schemas"
        }
        // What OpenAPI 3.1 adds.
        "prefixItems"
        | "contains"
        | "propertyNames"
        | "unevaluatedProperties"
        | "unevaluatedItems"
        | "if"
        | "then"
        | "else"
        | "contentSchema" => "schemas",
        "$defs" | "patternProperties" | "dependentSchemas" if place == "schemas" => "map:schemas",
        "properties" if place == "schemas" => "map:schemas",
        "schemas" => "map:schemas",
        "headers" => "map:headers",
        "responses" => "map:responses",
        "requestBodies" => "map:requestBodies",
        "securitySchemes" => "map:securitySchemes",
        "links" => "map:links",
        "callbacks" => "map:callbacks",
        "parameters" => "parameters",
        "paths" | "pathItems" | "webhooks" if place.is_empty() => PATHS_MAP,
        "requestBody" => "requestBodies",
        "get" | "put" | "post" | "delete" | "options" | "head" | "patch" | "trace"
            if place == PATHS =>
        {
            ""
        }
        // Everything else of a schema is a value.
        _ if place == "schemas" => return None,
        _ => place,
    })
}

/// Whether the pointer is one to a component itself.
pub(crate) fn is_component(pointer: &str) -> bool {
    let inside = pointer.strip_prefix("/components/");
    inside.is_some_and(|inside| inside.bytes().filter(|byte| *byte == b'/').count() == 1)
}

/// The place at a pointer into a document; `None` inside examples and extensions, where may be anything.
pub(crate) fn at(pointer: &str) -> Option<String> {
    let mut found = String::new();
    for token in pointer.split('/').skip(1) {
        // The items of a list are what the list is of.
        if token.bytes().all(|b| b.is_ascii_digit()) && !found.starts_with(MAP) {
            continue;
        }
        let token = token.replace("~1", "/").replace("~0", "~");
        found = inside(&found, &token)?.to_owned();
    }
    Some(found)
}

/// What stands at a place, in words.
pub(crate) fn called(place: &str) -> &'static str {
    match place {
        "schemas" => "a schema",
        "parameters" => "a parameter",
        "responses" => "a response",
        "headers" => "a header",
        "requestBodies" => "a request body",
        "securitySchemes" => "a security scheme",
        PATHS => "a path",
        _ => "something else",
    }
}
