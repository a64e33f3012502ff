//! The documents that are generated from: our own, and two of a service that grows.

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

use crate::tidy::root;

/// A document on disk.
pub(super) struct Document {
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// The same as JSON, for tools that read nothing else.
    pub(super) json: PathBuf,
    pub(super) operations: usize,
}

/// Writes the documents below `folder`.
pub(super) fn write(folder: &Path) -> Result<Vec<Document>> {
    let ours = root().join("crates/kubeconfig-api/src/openapi.json");
    let text = std::fs::read_to_string(&ours)?;
    let operations = text.matches("\"operationId\"").count();
    let mut documents = vec![Document {
        name: "ours".to_owned(),
        path: root().join(crate::spec::SPEC),
        json: ours,
        operations,
    }];
    for operations in [193, 767] {
        let name = format!("{operations} operations");
        let path = folder.join(format!("{operations}.json"));
        std::fs::write(&path, serde_json::to_string_pretty(&service(operations))?)
            .with_context(|| format!("cannot write {}", path.display()))?;
        documents.push(Document {
            name: name.replace(' ', "-"),
            json: path.clone(),
            path,
            operations,
        });
    }
    Ok(documents)
}

/// A service of that many operations: resources with five each, as a service of a company has them.
fn service(operations: usize) -> Value {
    let mut paths = Map::new();
    let mut schemas = shared();
    for number in 0..operations {
        let (resource, kind) = (number / 5, number % 5);
        let name = format!("Resource{resource}");
        if kind == 0 {
            resource_schemas(&name, resource, &mut schemas);
        }
        // Nothing refers to it where the last resource has fewer operations.
        if kind == 0 && number + 3 >= operations {
            schemas.remove(&format!("{name}Update"));
        }
        let (path, method, operation) = operation(&name, resource, kind);
        let item = paths.entry(path).or_insert_with(|| json!({}));
        item[method] = operation;
    }
    json!({
        "openapi": "3.0.3",
        "info": {"title": "A service that grows", "version": "1.0.0"},
        "paths": paths,
        "components": {"schemas": schemas, "responses": {"Failed": {
            "description": "It failed",
            "content": {"application/json": {"schema": reference("Error")}}
        }}}
    })
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn shared() -> Map<String, Value> {
    let schemas = json!({
        "Name": {"type": "string", "pattern": "^[a-z]([-a-z0-9]*[a-z0-9])?$", "minLength": 1, "maxLength": 63},
        "PageSize": {"type": "integer", "format": "int32", "minimum": 1, "maximum": 500},
        "Error": {"type": "object", "required": ["error"], "properties": {"error": reference("ErrorBody")}},
        "ErrorBody": {"type": "object", "required": ["code", "message", "details"], "properties": {
            "code": {"type": "integer", "format": "int32"}, "message": {"type": "string"},
            "details": {"type": "array", "items": reference("ErrorDetail")}}},
        "ErrorDetail": {"type": "object", "required": ["reason"], "properties": {
            "reason": {"type": "string"}, "field": {"type": "string"}, "limit": {"type": "integer", "format": "int64"}}}
    });
    match schemas {
        Value::Object(schemas) => schemas,
        _ => Map::new(),
    }
}

/// What a resource is, what makes one, what changes one, and a page of them.
fn resource_schemas(name: &str, number: usize, schemas: &mut Map<String, Value>) {
    let text = |words: &str, longest: u32| json!({"description": words, "type": "string", "maxLength": longest});
    let members = json!({
        "displayName": text("What people call it, in their own words.", 256),
        "description": text("What it is for, and whom to ask about it.", 1024),
        "size": {"description": "How large it is, in units of its kind.", "type": "integer", "format": "int32", "minimum": 1, "maximum": 1000 + number},
        "ratio": {"description": "How much of it is in use.", "type": "number", "format": "double"},
        "enabled": {"description": "Whether it takes part at all.", "type": "boolean"},
        "labels": {"description": "What it is found by.", "type": "object", "additionalProperties": {"type": "string"}},
        "zones": {"description": "Where it may be.", "type": "array", "items": reference("Name")},
        "state": reference(&format!("{name}State"))
    });
    let with = |required: Value, more: Value| {
        let mut properties = members.as_object().cloned().unwrap_or_default();
        properties.extend(more.as_object().cloned().unwrap_or_default());
        json!({"type": "object", "description": format!("A resource of kind {number}."), "required": required, "properties": properties})
    };
    let own = json!({
        "id": {"type": "string", "format": "uuid"}, "name": reference("Name"),
        "createdAt": {"type": "string", "format": "date-time"}, "updatedAt": {"type": "string", "format": "date-time"}
    });
    let states = json!({"type": "string", "enum": ["pending", "ready", "failed", "gone"]});
    schemas.insert(format!("{name}State"), states);
    schemas.insert(
        name.to_owned(),
        with(json!(["id", "name", "createdAt", "state"]), own),
    );
    schemas.insert(
        format!("{name}Create"),
        with(json!(["name"]), json!({"name": reference("Name")})),
    );
    schemas.insert(format!("{name}Update"), with(json!([]), json!({})));
    schemas.insert(
        format!("{name}Page"),
        json!({"type": "object", "required": ["items"], "properties": {
            "items": {"type": "array", "items": reference(name)}, "nextPage": {"type": "string", "maxLength": 1024}}}),
    );
}

fn operation(name: &str, number: usize, kind: usize) -> (String, &'static str, Value) {
    let all = format!("/v1/projects/{{project}}/resources{number}");
    let one = format!("{all}/{{name}}");
    let (path, method, verb, status, answer, body) = match kind {
        0 => (all, "get", "list", "200", Some(format!("{name}Page")), None),
        1 => (
            all,
            "post",
            "create",
            "201",
            Some(name.to_owned()),
            Some("Create"),
        ),
        2 => (one, "get", "read", "200", Some(name.to_owned()), None),
        3 => (
            one,
            "put",
            "update",
            "200",
            Some(name.to_owned()),
            Some("Update"),
        ),
        _ => (one, "delete", "delete", "204", None, None),
    };
    let mut parameters = vec![
        json!({"name": "project", "in": "path", "required": true, "description": "Whose it is.", "schema": reference("Name")}),
    ];
    if kind >= 2 {
        parameters.push(json!({"name": "name", "in": "path", "required": true, "description": "Which one.", "schema": reference("Name")}));
    }
    if kind == 0 {
        parameters.push(json!({"name": "pageSize", "in": "query", "description": "The most items of a page.", "schema": reference("PageSize")}));
        parameters.push(json!({"name": "page", "in": "query", "description": "Where the page before ended.", "schema": {"type": "string"}}));
    }
    let mut success = json!({"description": "Done"});
    if let Some(answer) = answer {
        success["content"] = json!({"application/json": {"schema": reference(&answer)}});
    }
    let mut responses = Map::from_iter([(status.to_owned(), success)]);
    for status in [
        "400", "404", "408", "409", "413", "415", "429", "500", "503",
    ] {
        let failed = json!({"$ref": "#/components/responses/Failed"});
        responses.insert(status.to_owned(), failed);
    }
    let mut operation = json!({
        "operationId": format!("{verb}{name}"), "summary": format!("{verb} a resource of kind {number}"),
        "description": format!("What `{verb}` does to a resource of kind {number} is said here at some length, as people do."),
        "tags": ["resources"], "parameters": parameters, "responses": responses
    });
    if let Some(body) = body {
        operation["requestBody"] = json!({"required": true, "content": {"application/json": {"schema": reference(&format!("{name}{body}"))}}});
    }
    (path, method, operation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_as_many_operations_as_asked_for_and_is_generated_from() {
        let text = service(13).to_string();
        let (document, skipped) = openapi_to_dropshot::read("s.json", &text, false).unwrap();
        assert_eq!(document.operations().count(), 13);
        assert!(skipped.is_empty());
    }
}
