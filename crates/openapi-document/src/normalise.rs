//! One document for all readers: references of parameters, bodies, responses and headers resolved, parameters of
//! paths pushed down to their operations, security made explicit, constrained inline schemas given a name.
//!
//! What the document means is unchanged; only schemas are still referred to by `$ref`. Named schemas whose names differ
//! only in case or punctuation get different ones, since most languages keep neither.

use crate::listed;
use crate::rules::METHODS;
use heck::ToUpperCamelCase;
use indexmap::IndexMap;
use openapiv3::{
    Components, Header, MediaType, OpenAPI, Operation, Parameter, ParameterSchemaOrContent,
    ReferenceOr, RequestBody, Response, Schema, SchemaKind, StringFormat, Type,
    VariantOrUnknownOrEmpty,
};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A normalised document.
pub(crate) struct Normal {
    pub(crate) openapi: OpenAPI,
    /// For each named schema that was renamed, its new name and the one in the document.
    pub(crate) renamed: BTreeMap<String, String>,
    /// For each schema that was given a name: the JSON pointer of the first place where it is written.
    pub(crate) origins: BTreeMap<String, String>,
}

/// Normalises `openapi`, whose references have been checked.
pub(crate) fn normalise(openapi: OpenAPI) -> Normal {
    let (openapi, origins) = resolve(openapi);
    let (openapi, renamed) = distinct(openapi);
    Normal {
        openapi,
        renamed,
        origins,
    }
}

/// The document whose named schemas differ in more than case and punctuation.
fn distinct(openapi: OpenAPI) -> (OpenAPI, BTreeMap<String, String>) {
    let mut taken = BTreeSet::new();
    let mut renamed = BTreeMap::new();
    let schemas = openapi.components.iter().flat_map(|c| c.schemas.keys());
    for name in schemas {
        let camel = name.to_upper_camel_case();
        if taken.insert(camel.clone()) || camel.is_empty() {
            continue;
        }
        let mut numbered = (2..).map(|n| format!("{camel}{n}"));
        if let Some(new) = numbered.find(|new| taken.insert(new.to_upper_camel_case())) {
            renamed.insert(new, name.clone());
        }
    }
    if renamed.is_empty() {
        return (openapi, renamed);
    }
    let forth: BTreeMap<&str, &str> = renamed
        .iter()
        .map(|(new, old)| (old.as_str(), new.as_str()))
        .collect();
    let changed = serde_json::to_value(&openapi)
        .and_then(|value| serde_json::from_value(rename(&value, &forth)));
    match changed {
        Ok(changed) => (changed, renamed),
        Err(_) => (openapi, BTreeMap::new()),
    }
}

/// The document with named schemas, and the references to them, renamed.
pub(crate) fn rename(document: &Value, names: &BTreeMap<&str, &str>) -> Value {
    let mut document = references(document, names);
    if let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") {
        *schemas = std::mem::take(schemas)
            .into_iter()
            .map(|(name, schema)| match names.get(name.as_str()) {
                Some(new) => ((*new).to_owned(), schema),
                None => (name, schema),
            })
            .collect();
    }
    document
}

/// A part of a document with the references to named schemas renamed.
pub(crate) fn references(value: &Value, names: &BTreeMap<&str, &str>) -> Value {
    const PREFIX: &str = "#/components/schemas/";
    match value {
        Value::Object(object) => Value::Object(
            object
                .iter()
                .map(|(key, value)| {
                    let target = (key == "$ref")
                        .then(|| crate::draft::reference(&serde_json::json!({ "$ref": value })))
                        .flatten();
                    let new = target.and_then(|name| names.get(name.as_str()).copied());
                    let value = match new {
                        Some(new) => format!("{PREFIX}{}", crate::escape(new)).into(),
                        None if key == "discriminator" => mapping(value, names),
                        None => references(value, names),
                    };
                    (key.clone(), value)
                })
                .collect(),
        ),
        Value::Array(items) => items.iter().map(|item| references(item, names)).collect(),
        other => other.clone(),
    }
}

/// A `discriminator` whose `mapping` leads to the renamed schemas, by references or by names.
fn mapping(discriminator: &Value, names: &BTreeMap<&str, &str>) -> Value {
    let mut discriminator = discriminator.clone();
    if let Some(Value::Object(mapping)) = discriminator.get_mut("mapping") {
        for target in mapping.values_mut() {
            let text = target.as_str().unwrap_or_default();
            let new = names
                .iter()
                .find(|(old, _)| crate::discriminator::leads(text, old));
            if let Some((_, new)) = new {
                *target = (*new).into();
            }
        }
    }
    discriminator
}

fn resolve(mut openapi: OpenAPI) -> (OpenAPI, BTreeMap<String, String>) {
    let mut components = openapi.components.take().unwrap_or_default();
    let mut names = Names {
        schemas: std::mem::take(&mut components.schemas),
        origins: BTreeMap::new(),
    };
    let default_security = openapi.security.clone();
    for (path, item) in &mut openapi.paths.paths {
        let ReferenceOr::Item(item) = item else {
            continue;
        };
        let common = std::mem::take(&mut item.parameters);
        let operations = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.delete,
            &mut item.options,
            &mut item.head,
            &mut item.patch,
            &mut item.trace,
        ];
        let operations = METHODS.into_iter().zip(operations);
        for (method, operation) in operations {
            let Some(operation) = operation else { continue };
            let path = format!("/paths/{}", crate::escape(path));
            let place = format!("{path}/{method}");
            if operation.security.is_none() {
                operation.security = Some(default_security.clone().unwrap_or_default());
            }
            parameters(operation, [&path, &place], &common, &components, &mut names);
            bodies(operation, &place, &components, &mut names);
        }
    }
    openapi.security = None;
    openapi.components = Some(Components {
        schemas: names.schemas,
        security_schemes: components.security_schemes,
        ..Components::default()
    });
    (openapi, names.origins)
}

/// `places` are those of the path and of the operation.
fn parameters(
    operation: &mut Operation,
    places: [&str; 2],
    common: &[ReferenceOr<Parameter>],
    components: &Components,
    names: &mut Names,
) {
    let own = std::mem::take(&mut operation.parameters);
    let mut merged: Vec<(Parameter, String)> = Vec::new();
    let at = |place: &str, index: usize| format!("{place}/parameters/{index}");
    let of_path = common
        .iter()
        .enumerate()
        .map(|(n, p)| (p, at(places[0], n)));
    let of_operation = own.iter().enumerate().map(|(n, p)| (p, at(places[1], n)));
    for (parameter, place_of) in of_path.chain(of_operation) {
        let origin = origin(parameter, "parameters", &place_of);
        let Some(parameter) = look_up(parameter, &components.parameters, "parameters") else {
            continue;
        };
        // An operation's parameter replaces the path's one of the same place and name.
        merged.retain(|(p, _)| {
            place(p) != place(&parameter)
                || p.parameter_data_ref().name != parameter.parameter_data_ref().name
        });
        merged.push((parameter, origin));
    }
    let id = operation.operation_id.clone().unwrap_or_default();
    for (parameter, origin) in &mut merged {
        let data = match parameter {
            Parameter::Query { parameter_data, .. }
            | Parameter::Header { parameter_data, .. }
            | Parameter::Path { parameter_data, .. }
            | Parameter::Cookie { parameter_data, .. } => parameter_data,
        };
        let name = data.name.clone();
        if let ParameterSchemaOrContent::Schema(schema) = &mut data.format {
            if let Some(list) = listed::list(schema, &names.schemas) {
                *schema = list;
            }
            names.hoist(schema, &name, &id, &format!("{origin}/schema"), false);
        }
    }
    let merged = merged.into_iter().map(|(parameter, _)| parameter);
    operation.parameters = merged.map(ReferenceOr::Item).collect();
}

fn place(parameter: &Parameter) -> u8 {
    match parameter {
        Parameter::Path { .. } => 0,
        Parameter::Query { .. } => 1,
        Parameter::Header { .. } => 2,
        Parameter::Cookie { .. } => 3,
    }
}

fn bodies(operation: &mut Operation, place: &str, components: &Components, names: &mut Names) {
    let id = operation.operation_id.clone().unwrap_or_default();
    if let Some(body) = &operation.request_body {
        let owner = component(body).unwrap_or_else(|| id.clone());
        let origin = origin(body, "requestBodies", &format!("{place}/requestBody"));
        operation.request_body = look_up(body, &components.request_bodies, "requestBodies").map(
            |mut body: RequestBody| {
                contents(&mut body.content, "Body", &owner, &origin, names);
                ReferenceOr::Item(body)
            },
        );
    }
    let exact = operation
        .responses
        .responses
        .iter_mut()
        .map(|(status, response)| (status.to_string(), format!("Response{status}"), response));
    let default = operation
        .responses
        .default
        .iter_mut()
        .map(|response| ("default".to_owned(), "ResponseDefault".to_owned(), response));
    for (status, name, response) in exact.chain(default) {
        let Some(mut resolved) = look_up(response, &components.responses, "responses") else {
            continue;
        };
        let written = format!("{place}/responses/{status}");
        let origin = origin(response, "responses", &written);
        headers(&mut resolved, components, &id, &origin, names);
        // What operations share has one name in all of them.
        let (owner, name) = match component(response) {
            Some(owner) => (owner, "Response".to_owned()),
            None => (id.clone(), name),
        };
        // Any body at all is no JSON value, so it has no type either.
        if !resolved.content.contains_key("*/*") {
            contents(&mut resolved.content, &name, &owner, &origin, names);
        }
        *response = ReferenceOr::Item(resolved);
    }
}

/// The name of the component that is referred to.
fn component<T>(item: &ReferenceOr<T>) -> Option<String> {
    let ReferenceOr::Reference { reference } = item else {
        return None;
    };
    let name = reference.rsplit('/').next()?;
    Some(name.replace("~1", "/").replace("~0", "~"))
}

/// The place of a part of an operation, or of the component that it refers to.
fn origin<T>(item: &ReferenceOr<T>, kind: &str, place: &str) -> String {
    match component(item) {
        Some(name) => format!("/components/{kind}/{}", crate::escape(&name)),
        None => place.to_owned(),
    }
}

fn headers(
    response: &mut Response,
    components: &Components,
    id: &str,
    place: &str,
    names: &mut Names,
) {
    // OpenAPI wants it ignored: the media type says it.
    response
        .headers
        .retain(|name, _| !name.eq_ignore_ascii_case("content-type"));
    for (name, header) in &mut response.headers {
        let place = format!("{place}/headers/{}", crate::escape(name));
        let origin = origin(header, "headers", &place);
        let Some(mut resolved) = look_up::<Header>(header, &components.headers, "headers") else {
            continue;
        };
        if let ParameterSchemaOrContent::Schema(schema) = &mut resolved.format {
            names.hoist(schema, name, id, &format!("{origin}/schema"), false);
        }
        *header = ReferenceOr::Item(resolved);
    }
}

fn contents(
    content: &mut IndexMap<String, MediaType>,
    name: &str,
    id: &str,
    place: &str,
    names: &mut Names,
) {
    // The name of a media type is the same in either case (RFC 9110); what its parameters say may not be.
    if content
        .keys()
        .any(|key| essence(key).bytes().any(|b| b.is_ascii_uppercase()))
    {
        let written = std::mem::take(content).into_iter();
        content.extend(written.map(|(key, media)| {
            let lower = essence(&key).to_ascii_lowercase();
            (format!("{lower}{}", &key[lower.len()..]), media)
        }));
    }
    for (key, media) in content.iter_mut() {
        if let Some(schema) = &mut media.schema {
            let origin = format!("{place}/content/{}/schema", crate::escape(key));
            let always = !is_binary(schema);
            names.hoist(schema, &format!("{id}-{name}"), id, &origin, always);
        }
    }
}

/// The media type before its parameters.
fn essence(media_type: &str) -> &str {
    media_type.split(';').next().unwrap_or_default()
}

fn look_up<T: Clone>(
    item: &ReferenceOr<T>,
    components: &IndexMap<String, ReferenceOr<T>>,
    kind: &str,
) -> Option<T> {
    let mut item = item;
    for _ in 0..16 {
        match item {
            ReferenceOr::Item(item) => return Some(item.clone()),
            ReferenceOr::Reference { reference } => {
                let name = reference
                    .strip_prefix("#/components/")?
                    .strip_prefix(kind)?
                    .strip_prefix('/')?;
                item = components.get(&name.replace("~1", "/").replace("~0", "~"))?;
            }
        }
    }
    None
}

/// The named schemas, to which inline ones are added.
struct Names {
    schemas: IndexMap<String, ReferenceOr<Schema>>,
    /// Where those that were added are written.
    origins: BTreeMap<String, String>,
}

impl Names {
    /// Replaces an inline schema that constrains its values by a reference to a named one, so that it becomes one
    /// type wherever it is used. Equal schemas share a name; a taken name is prefixed by the operation's.
    /// A body always gets a name (`always`): frameworks make one up otherwise.
    fn hoist(
        &mut self,
        schema: &mut ReferenceOr<Schema>,
        name: &str,
        operation: &str,
        origin: &str,
        always: bool,
    ) {
        let ReferenceOr::Item(item) = schema else {
            return;
        };
        if !always && plain(item) {
            return;
        }
        let short = name.to_upper_camel_case();
        let long = format!("{operation}-{name}").to_upper_camel_case();
        let free = |candidate: &String| match self.schemas.get(candidate) {
            None => true,
            Some(ReferenceOr::Item(existing)) => existing == item,
            Some(_) => false,
        };
        let numbered = (2..).map(|n| format!("{long}{n}"));
        let Some(chosen) = [short, long.clone()]
            .into_iter()
            .chain(numbered)
            .find(|name| free(name))
        else {
            return;
        };
        let added = self
            .schemas
            .insert(chosen.clone(), ReferenceOr::Item(item.clone()));
        if added.is_none() {
            self.origins.insert(chosen.clone(), origin.to_owned());
        }
        *schema = ReferenceOr::Reference {
            reference: format!("#/components/schemas/{chosen}"),
        };
    }
}

/// Whether the schema is that of bytes, which have no type of their own.
fn is_binary(schema: &ReferenceOr<Schema>) -> bool {
    let ReferenceOr::Item(schema) = schema else {
        return false;
    };
    let SchemaKind::Type(Type::String(string)) = &schema.schema_kind else {
        return false;
    };
    string.format == VariantOrUnknownOrEmpty::Item(StringFormat::Binary)
}

/// Whether every value of the Rust type that stands for the schema is valid, so that it needs no name.
fn plain(schema: &Schema) -> bool {
    match &schema.schema_kind {
        SchemaKind::Type(Type::String(string)) => {
            string.pattern.is_none()
                && string.enumeration.is_empty()
                && string.min_length.is_none()
                && string.max_length.is_none()
        }
        SchemaKind::Type(Type::Integer(integer)) => {
            let unsigned = matches!(&integer.format, VariantOrUnknownOrEmpty::Unknown(format)
                if ["uint", "uint8", "uint16", "uint32", "uint64"].contains(&format.as_str()));
            (integer.minimum.is_none() || (unsigned && integer.minimum == Some(0)))
                && integer.maximum.is_none()
                && integer.multiple_of.is_none()
                && integer.enumeration.is_empty()
                && (unsigned || !matches!(integer.format, VariantOrUnknownOrEmpty::Unknown(_)))
        }
        SchemaKind::Type(Type::Number(number)) => {
            number.minimum.is_none()
                && number.maximum.is_none()
                && number.multiple_of.is_none()
                && number.enumeration.is_empty()
        }
        SchemaKind::Type(Type::Boolean(boolean)) => boolean.enumeration.is_empty(),
        _ => false,
    }
}
