//! K0104 and K0114: examples and defaults match their schemas, and patterns are regular expressions.

use crate::mend::mend;
use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use openapi_document::{
    Diagnostic, Diagnostics, Document, Node, Span, closest, draft, each_schema,
};
use serde_json::{Map, Value, json};
use std::sync::LazyLock;

/// K0114.
pub(crate) fn patterns(document: &Document, diagnostics: &mut Diagnostics) {
    each_schema(&document.root, &mut |schema| {
        let Some(node) = schema.get("pattern") else {
            return;
        };
        let Some(pattern) = node.as_str() else { return };
        if let Err(error) = expression(pattern) {
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
        relative: Vec::new(),
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
    judge.relative();
}

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
fn expression(pattern: &str) -> Result<regress::Regex, regress::Error> {
    regress::Regex::with_flags(pattern, "u")
}

/// All named schemas, as draft 7.
fn components(document: &Document) -> Value {
    let schemas = document
        .root
        .at("/components/schemas")
        .map_or(&[][..], Node::entries);
    let schemas: Map<String, Value> = schemas
        .iter()
        .map(|entry| (entry.key.clone(), judged(&entry.node)))
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
    /// Examples that are relative where `format: uri` wants them absolute: the place of the format, and what is told of each.
    relative: Vec<(Span, Diagnostic)>,
    diagnostics: &'a mut Diagnostics,
}

impl Judge<'_> {
    fn value(&mut self, key: &str, example: &Node, schema: &Node) {
        if self.document.is_doubtful(schema) {
            return;
        }
        let mut root = match judged(schema) {
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
    fn relative(&mut self) {
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

fn validator(schema: &Value) -> Option<Validator> {
    jsonschema::draft7::options()
        .should_validate_formats(true)
        .with_format("duration", is_duration)
        .build(schema)
        .ok()
}

/// Whether the text is a duration, which draft 7 does not know.
fn is_duration(text: &str) -> bool {
    static DURATION: LazyLock<Option<Validator>> = LazyLock::new(|| {
        let options = jsonschema::draft201909::options().should_validate_formats(true);
        options.build(&json!({ "format": "duration" })).ok()
    });
    let judge = DURATION.as_ref();
    judge.is_none_or(|judge| judge.is_valid(&Value::from(text)))
}
