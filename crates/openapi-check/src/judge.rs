//! K0104: whether a value is one of its schema, and what is told when it is not.

use crate::formats::validator;
use crate::mend::mend;
use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind;
use openapi_document::{Content, Diagnostic, Diagnostics, Document, Node, Span, closest, draft};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The schema as a validator is to have it: without what is no pattern, which is told, and would make it fail.
fn judged(schema: &Node) -> Value {
    fn sound(schema: &mut Value) {
        match schema {
            Value::Object(members) => {
                let pattern = members.get("pattern").and_then(Value::as_str);
                if pattern.is_some_and(|pattern| expression(pattern).is_err()) {
                    members.remove("pattern");
                }
                members.values_mut().for_each(sound);
            }
            Value::Array(items) => items.iter_mut().for_each(sound),
            _ => {}
        }
    }
    let mut judged = draft::judged(&schema.to_value());
    sound(&mut judged);
    judged
}

/// The pattern as ECMA 262 reads it.
pub(crate) fn expression(pattern: &str) -> Result<regress::Regex, regress::Error> {
    regress::Regex::with_flags(pattern, "u")
}

/// Judges the values of one document.
pub(crate) struct Judge<'a> {
    document: &'a Document,
    /// The components that values were judged by so far, as draft 7.
    components: BTreeMap<String, Value>,
    /// Examples that are relative where `format: uri` wants them absolute: the place of the format, and what is told of each.
    relative: Vec<(Span, Diagnostic)>,
    diagnostics: &'a mut Diagnostics,
}

impl<'a> Judge<'a> {
    pub(crate) fn of(document: &'a Document, diagnostics: &'a mut Diagnostics) -> Judge<'a> {
        Judge {
            document,
            components: BTreeMap::new(),
            relative: Vec::new(),
            diagnostics,
        }
    }

    /// Null as a default or example where values are listed and null is none of them: `nullable` does not add it.
    pub(crate) fn null(&mut self, key: &str, value: &Node, schema: &Node) {
        let null = |node: &Node| node.content == Content::Null;
        let Some(listed) = schema.get("enum").filter(|_| null(value)) else {
            return;
        };
        let nullable = schema.get("nullable").is_some_and(Node::is_true);
        if nullable && !listed.items().iter().any(null) {
            self.diagnostics.push(
                Diagnostic::new(
                    "K0104",
                    value.span,
                    format!("{key} does not match its schema"),
                )
                .label("null is none of the values that are listed")
                .related(listed.span, "required by this")
                .help("list `null` too: `nullable` beside an `enum` does not add it"),
            );
        }
    }

    /// Judges a value that the schema has as its `key`, such as `example`. Of a schema that has a mistake itself, nothing
    /// is asked.
    pub(crate) fn value(&mut self, key: &str, example: &Node, schema: &Node) {
        if self.document.is_doubtful(schema) {
            return;
        }
        let judged = judged(schema);
        let components = self.reached(&judged);
        let mut root = match judged {
            Value::Object(root) if !root.contains_key("$ref") => root,
            other => Map::from_iter([("allOf".to_owned(), json!([other]))]),
        };
        root.insert("components".to_owned(), json!({ "schemas": components }));
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

    /// The components that the schema refers to, and those that they do.
    fn reached(&mut self, schema: &Value) -> Map<String, Value> {
        let mut reached = Map::new();
        let mut queue = draft::references(schema);
        while let Some(name) = queue.pop() {
            if reached.contains_key(&name) {
                continue;
            }
            let known = self.components.entry(name.clone()).or_insert_with(|| {
                let schemas = self.document.root.at("/components/schemas");
                let written = schemas.and_then(|schemas| schemas.get(&name));
                written.map_or(Value::Bool(true), judged)
            });
            queue.extend(draft::references(known));
            reached.insert(name, known.clone());
        }
        reached
    }

    /// The values of an `enum` that do not have the `format` or `pattern` beside it. Another type or length is told before
    /// anything is read.
    pub(crate) fn listed(&mut self, schema: &Node) {
        let Some(values) = schema.get("enum") else {
            return;
        };
        for (key, what) in [
            ("format", "has not the format"),
            ("pattern", "does not match the pattern"),
        ] {
            let Some(rule) = schema.get(key) else {
                continue;
            };
            let Some(validator) = validator(&json!({ key: rule.to_value() })) else {
                continue;
            };
            for value in values.items() {
                let text = value.to_value();
                let Err(error) = validator.validate(&text) else {
                    continue;
                };
                let message = format!("the value is listed, and {what}");
                self.diagnostics.push(
                    Diagnostic::new("K0104", value.span, message)
                        .label(error.to_string())
                        .related(rule.span, "required by this")
                        .help(format!(
                            "write it so, or leave `{key}` out: `enum` alone says enough"
                        )),
                );
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
                if let Some(help) = mend(error) {
                    diagnostic = diagnostic.help(help);
                }
                let rule = self.rule(schema, &error.schema_path().to_string());
                let rule = rule.map(|rule| rule.span);
                if let Some(rule) = rule {
                    diagnostic = diagnostic.related(rule, "required by this");
                }
                match rule.filter(|_| is_relative(error)) {
                    Some(format) => self.relative.push((format, diagnostic)),
                    None => self.diagnostics.push(diagnostic),
                }
            }
        }
    }

    /// Tells of `format: uri` where several examples are relative: then the format is the mistake.
    pub(crate) fn finish(mut self) {
        let mut told: Vec<Span> = Vec::new();
        let relative = std::mem::take(&mut self.relative);
        for (format, diagnostic) in &relative {
            let several = relative.iter().filter(|(other, _)| other == format).count() > 1;
            if !several {
                self.diagnostics.push(diagnostic.clone());
            } else if !told.contains(format) {
                told.push(*format);
                let message = "examples are relative, and `uri` is not";
                self.diagnostics.push(
                    Diagnostic::new("K0104", *format, message)
                        .related(diagnostic.span, "such as this")
                        .help("did you mean `uri-reference`?"),
                );
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

/// Whether a text is no URI because it has no scheme.
fn is_relative(error: &ValidationError<'_>) -> bool {
    let uri = matches!(error.kind(), ValidationErrorKind::Format { format } if format == "uri");
    let text = error.instance().as_str();
    uri && text.is_some_and(|text| text.starts_with(['/', '.', '?', '#']))
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
