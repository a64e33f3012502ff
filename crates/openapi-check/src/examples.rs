//! K0104 and K0114: examples and defaults match their schemas, and patterns are regular expressions.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use openapi_document::{Diagnostic, Diagnostics, Document, Node, closest, draft, each_schema};
use serde_json::{Map, Value, json};

/// K0114.
pub(crate) fn patterns(document: &Document, diagnostics: &mut Diagnostics) {
    each_schema(&document.root, &mut |schema| {
        let Some(node) = schema.get("pattern") else {
            return;
        };
        let Some(pattern) = node.as_str() else { return };
        if let Err(error) = regress::Regex::with_flags(pattern, "u") {
            diagnostics.push(
                Diagnostic::new(
                    "K0114",
                    node.span,
                    format!("not a regular expression: {error}"),
                )
                .help("patterns are those of ECMA 262, with the `u` flag"),
            );
        }
    });
}

/// K0104. Of a schema that has a mistake itself, nothing is asked.
pub(crate) fn examples(document: &Document, diagnostics: &mut Diagnostics) {
    let mut judge = Judge {
        document,
        components: components(document),
        diagnostics,
    };
    each_schema(&document.root, &mut |schema| {
        for key in ["example", "default"] {
            if let Some(example) = schema.get(key) {
                judge.value(key, example, schema);
            }
        }
    });
    holders(&document.root, &mut |holder| {
        let Some(schema) = holder.get("schema") else {
            return;
        };
        if let Some(example) = holder.get("example") {
            judge.value("example", example, schema);
        }
        for named in holder.get("examples").map_or(&[][..], Node::entries) {
            if let Some(value) = named.node.get("value") {
                judge.value("example", value, schema);
            }
        }
    });
}

/// All named schemas, as draft 7.
fn components(document: &Document) -> Value {
    let schemas = document
        .root
        .at("/components/schemas")
        .map_or(&[][..], Node::entries);
    let schemas: Map<String, Value> = schemas
        .iter()
        .map(|entry| (entry.key.clone(), draft::judged(&entry.node.to_value())))
        .collect();
    json!({ "schemas": schemas })
}

/// Calls `visit` with every parameter, header and media type.
fn holders<'a>(node: &'a Node, visit: &mut dyn FnMut(&'a Node)) {
    if node.get("schema").is_some() {
        visit(node);
    }
    for entry in node.entries() {
        match entry.key.as_str() {
            "schema" | "schemas" | "example" | "examples" => {}
            key if key.starts_with("x-") => {}
            _ => holders(&entry.node, visit),
        }
    }
    node.items().iter().for_each(|item| holders(item, visit));
}

struct Judge<'a> {
    document: &'a Document,
    components: Value,
    diagnostics: &'a mut Diagnostics,
}

impl Judge<'_> {
    fn value(&mut self, key: &str, example: &Node, schema: &Node) {
        if self.document.is_doubtful(schema) {
            return;
        }
        let mut root = match draft::judged(&schema.to_value()) {
            Value::Object(root) => root,
            other => Map::from_iter([("allOf".to_owned(), json!([other]))]),
        };
        if root.contains_key("$ref") {
            root = Map::from_iter([("allOf".to_owned(), json!([root]))]);
        }
        root.insert("components".to_owned(), self.components.clone());
        let Some(validator) = validator(&Value::Object(root)) else {
            return;
        };
        let value = example.to_value();
        let errors: Vec<ValidationError<'_>> = validator.iter_errors(&value).collect();
        for error in &errors {
            // Of a value of another type, nothing else is said.
            let other_type = |other: &ValidationError<'_>| {
                matches!(other.kind(), ValidationErrorKind::Type { .. })
                    && other.instance_path() == error.instance_path()
            };
            if matches!(error.kind(), ValidationErrorKind::Type { .. })
                || !errors.iter().any(other_type)
            {
                self.tell(key, example, schema, error);
            }
        }
    }

    fn tell(&mut self, key: &str, example: &Node, schema: &Node, error: &ValidationError<'_>) {
        let pointer = error.instance_path().to_string();
        let message = format!("{key} does not match its schema");
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                let holder = example.at(&pointer);
                for name in unexpected {
                    let written = holder.and_then(|node| node.entry(name));
                    let span = written.map_or(example.span, |entry| entry.key_span);
                    let mut diagnostic = Diagnostic::new("K0104", span, message.as_str())
                        .label(format!("`{name}` is no property of it"));
                    if let Some(near) = self.near(name, holder, schema, error) {
                        diagnostic = diagnostic.help(format!("did you mean `{near}`?"));
                    }
                    self.diagnostics.push(diagnostic);
                }
            }
            ValidationErrorKind::OneOfNotValid { context }
            | ValidationErrorKind::AnyOf { context } => {
                if let Some(errors) = only_close(context, &pointer) {
                    for inner in errors {
                        self.tell(key, example, schema, inner);
                    }
                    return;
                }
                let span = example.span_at(&pointer).unwrap_or(example.span);
                self.diagnostics
                    .push(
                        Diagnostic::new("K0104", span, message).label(match context.len() {
                            1 => "not what the one alternative is".to_owned(),
                            count => format!("none of the {count} alternatives is like it"),
                        }),
                    );
            }
            _ => {
                let span = example.span_at(&pointer).unwrap_or(example.span);
                let mut diagnostic =
                    Diagnostic::new("K0104", span, message).label(error.to_string());
                if let Some(rule) = self.rule(schema, &error.schema_path().to_string()) {
                    diagnostic = diagnostic.related(rule.span, "required by this");
                }
                self.diagnostics.push(diagnostic);
            }
        }
    }

    /// The keyword that refused the value.
    fn rule<'n>(&'n self, schema: &'n Node, pointer: &str) -> Option<&'n Node> {
        if pointer.starts_with("/components/schemas/") {
            return self.document.root.at(pointer);
        }
        schema.at(pointer)
    }

    /// The property that an unexpected one stands for, among those that the value has not.
    fn near<'n>(
        &'n self,
        name: &str,
        holder: Option<&Node>,
        schema: &'n Node,
        error: &ValidationError<'_>,
    ) -> Option<&'n str> {
        let pointer = error.schema_path().to_string();
        let parent = pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
        let properties = self.rule(schema, parent)?.get("properties")?.entries();
        let missing = properties
            .iter()
            .map(|entry| entry.key.as_str())
            .filter(|key| holder.is_none_or(|holder| holder.get(key).is_none()));
        closest(name, missing)
    }
}

/// The mistakes in the only alternative that the value was meant for: it differs inside, where the others have another
/// type or other members.
fn only_close<'e>(
    context: &'e [Vec<ValidationError<'static>>],
    pointer: &str,
) -> Option<&'e Vec<ValidationError<'static>>> {
    let inside = |errors: &&Vec<ValidationError<'static>>| {
        !errors.is_empty()
            && errors
                .iter()
                .all(|error| error.instance_path().to_string().len() > pointer.len())
    };
    let mut close = context.iter().filter(inside);
    close.next().filter(|_| close.next().is_none())
}

fn validator(schema: &Value) -> Option<Validator> {
    jsonschema::draft7::options()
        .should_validate_formats(true)
        .build(schema)
        .ok()
}
