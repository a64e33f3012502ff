//! The objects of OpenAPI 3.0: which members each has, what they hold, and which it must have.

use Kind::{Any, Count, Flag, List, Map, MapOrFlag, Maps, Named, Number, Text, Texts};

/// What a member holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Whatever its author likes, or what another rule judges.
    Any,
    /// A string.
    Text,
    /// `true` or `false`.
    Flag,
    /// A number.
    Number,
    /// A whole number that is not negative.
    Count,
    /// A list of strings.
    Texts,
    /// A list of mappings.
    Maps,
    /// A list.
    List,
    /// A mapping.
    Map,
    /// A mapping from names to mappings.
    Named,
    /// A mapping, or `true` or `false`.
    MapOrFlag,
}

/// One kind of object.
pub(super) struct Shape {
    /// How a diagnosis calls it.
    pub(super) what: &'static str,
    /// Its members.
    pub(super) keys: &'static [(&'static str, Kind)],
    /// Those that it must have.
    pub(super) needs: &'static [&'static str],
}

const fn shape(
    what: &'static str,
    keys: &'static [(&'static str, Kind)],
    needs: &'static [&'static str],
) -> Shape {
    Shape { what, keys, needs }
}

pub(super) const ROOT: Shape = shape(
    "the document",
    &[
        ("openapi", Text),
        ("info", Map),
        ("servers", Maps),
        ("paths", Map),
        ("components", Map),
        ("security", Maps),
        ("tags", Maps),
        ("externalDocs", Map),
    ],
    &["info", "paths"],
);

pub(super) const INFO: Shape = shape(
    "`info`",
    &[
        ("title", Text),
        ("description", Text),
        ("termsOfService", Text),
        ("contact", Map),
        ("license", Map),
        ("version", Text),
    ],
    &["title", "version"],
);

pub(super) const CONTACT: Shape = shape(
    "`contact`",
    &[("name", Text), ("url", Text), ("email", Text)],
    &[],
);

pub(super) const LICENSE: Shape = shape("`license`", &[("name", Text), ("url", Text)], &["name"]);

pub(super) const DOCS: Shape = shape(
    "`externalDocs`",
    &[("description", Text), ("url", Text)],
    &["url"],
);

pub(super) const TAG: Shape = shape(
    "a tag",
    &[("name", Text), ("description", Text), ("externalDocs", Map)],
    &["name"],
);

pub(super) const SERVER: Shape = shape(
    "a server",
    &[("url", Text), ("description", Text), ("variables", Named)],
    &["url"],
);

pub(super) const VARIABLE: Shape = shape(
    "a variable of a server",
    &[("enum", Texts), ("default", Text), ("description", Text)],
    &["default"],
);

pub(super) const COMPONENTS: Shape = shape(
    "`components`",
    &[
        ("schemas", Named),
        ("responses", Named),
        ("parameters", Named),
        ("examples", Named),
        ("requestBodies", Named),
        ("headers", Named),
        ("securitySchemes", Named),
        ("links", Named),
        ("callbacks", Map),
    ],
    &[],
);

pub(super) const PATH_ITEM: Shape = shape(
    "a path",
    &[
        ("summary", Text),
        ("description", Text),
        ("parameters", Maps),
        ("servers", Maps),
        ("get", Map),
        ("put", Map),
        ("post", Map),
        ("delete", Map),
        ("options", Map),
        ("head", Map),
        ("patch", Map),
        ("trace", Map),
    ],
    &[],
);

pub(super) const OPERATION: Shape = shape(
    "an operation",
    &[
        ("tags", Texts),
        ("summary", Text),
        ("description", Text),
        ("externalDocs", Map),
        ("operationId", Text),
        ("parameters", Maps),
        ("requestBody", Map),
        ("responses", Map),
        ("callbacks", Map),
        ("deprecated", Flag),
        ("security", Maps),
        ("servers", Maps),
    ],
    &["responses"],
);

pub(super) const PARAMETER: Shape = shape(
    "a parameter",
    &[
        ("name", Text),
        ("in", Text),
        ("description", Text),
        ("required", Flag),
        ("deprecated", Flag),
        ("allowEmptyValue", Flag),
        ("style", Text),
        ("explode", Flag),
        ("allowReserved", Flag),
        ("schema", Map),
        ("example", Any),
        ("examples", Named),
        ("content", Named),
    ],
    &["name", "in"],
);

pub(super) const HEADER: Shape = shape(
    "a header",
    &[
        ("description", Text),
        ("required", Flag),
        ("deprecated", Flag),
        ("style", Text),
        ("explode", Flag),
        ("schema", Map),
        ("example", Any),
        ("examples", Named),
        ("content", Named),
    ],
    &[],
);

pub(super) const BODY: Shape = shape(
    "a request body",
    &[
        ("description", Text),
        ("content", Named),
        ("required", Flag),
    ],
    &["content"],
);

pub(super) const RESPONSE: Shape = shape(
    "a response",
    &[
        ("description", Text),
        ("headers", Named),
        ("content", Named),
        ("links", Named),
    ],
    &["description"],
);

pub(super) const MEDIA: Shape = shape(
    "a media type",
    &[
        ("schema", Map),
        ("example", Any),
        ("examples", Named),
        ("encoding", Named),
    ],
    &[],
);

pub(super) const EXAMPLE: Shape = shape(
    "an example",
    &[
        ("summary", Text),
        ("description", Text),
        ("value", Any),
        ("externalValue", Text),
    ],
    &[],
);

pub(super) const SECURITY_SCHEME: Shape = shape(
    "a security scheme",
    &[
        ("type", Text),
        ("description", Text),
        ("name", Text),
        ("in", Text),
        ("scheme", Text),
        ("bearerFormat", Text),
        ("flows", Map),
        ("openIdConnectUrl", Text),
    ],
    &["type"],
);

pub(super) const SCHEMA: Shape = shape(
    "a schema",
    &[
        ("title", Text),
        ("multipleOf", Number),
        ("maximum", Number),
        ("exclusiveMaximum", Flag),
        ("minimum", Number),
        ("exclusiveMinimum", Flag),
        ("maxLength", Count),
        ("minLength", Count),
        ("pattern", Text),
        ("maxItems", Count),
        ("minItems", Count),
        ("uniqueItems", Flag),
        ("maxProperties", Count),
        ("minProperties", Count),
        ("required", Texts),
        ("enum", List),
        ("type", Text),
        ("allOf", Maps),
        ("oneOf", Maps),
        ("anyOf", Maps),
        ("not", Map),
        ("items", Map),
        ("properties", Named),
        ("additionalProperties", MapOrFlag),
        ("description", Text),
        ("format", Text),
        ("default", Any),
        ("nullable", Flag),
        ("discriminator", Map),
        ("readOnly", Flag),
        ("writeOnly", Flag),
        ("xml", Map),
        ("externalDocs", Map),
        ("example", Any),
        ("deprecated", Flag),
    ],
    &[],
);
