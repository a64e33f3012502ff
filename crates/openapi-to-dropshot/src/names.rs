//! From the document's names to Rust's.

use crate::case;
use heck::ToShoutySnakeCase;
use proc_macro2::{Ident, Span};

/// `pageSize` to `page_size`, `type` to `type_`.
pub(crate) fn snake(name: &str) -> Ident {
    ident(&case::snake(name))
}

/// `issueKubeconfig` to `IssueKubeconfig`, `3DModel` to `X3dModel`: as typify has it.
pub(crate) fn camel(name: &str) -> String {
    let camel = case::upper_camel(name);
    if camel.starts_with(char::is_alphabetic) {
        safe(&camel)
    } else {
        format!("X{camel}")
    }
}

/// The names that generated code gives to values of the prelude, or calls types and traits by without their path.
const RESERVED: [&str; 6] = ["Default", "Err", "None", "Ok", "Some", "String"];

/// The Rust type of a schema: as [`camel`], and `String_` for what would be `String`.
pub(crate) fn type_name(name: &str) -> String {
    unreserved(camel(name))
}

/// The names that types are not called by, each with the one that they have instead.
pub(crate) fn reserved() -> impl Iterator<Item = (&'static str, String)> {
    RESERVED.into_iter().map(|name| (name, format!("{name}_")))
}

fn unreserved(name: String) -> String {
    if RESERVED.contains(&name.as_str()) {
        format!("{name}_")
    } else {
        name
    }
}

/// The field of an answer that holds the header `name`; `body` is the body.
pub(crate) fn header(name: &str) -> Ident {
    match case::snake(name).as_str() {
        "body" => ident("body_header"),
        name => ident(name),
    }
}

/// `KubeconfigId` to `KUBECONFIG_ID`.
pub(crate) fn shouty(name: &str) -> Ident {
    ident(&name.to_shouty_snake_case())
}

/// An identifier; words of the language get an underscore.
pub(crate) fn ident(name: &str) -> Ident {
    Ident::new(&safe(name), Span::call_site())
}

fn safe(name: &str) -> String {
    let begins_well = name.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let name = if begins_well {
        name.to_owned()
    } else {
        format!("_{name}")
    };
    // `_` alone and keywords are not identifiers.
    let plain = name.is_ascii() && !name.contains(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let fits = if plain {
        !KEYWORDS.contains(&name.as_str())
    } else {
        syn::parse_str::<Ident>(&name).is_ok()
    };
    if fits { name } else { format!("{name}_") }
}

/// The words of the language, reserved ones and those of the edition of 2024 included.
const KEYWORDS: [&str; 53] = [
    "_", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue",
    "crate", "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if",
    "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub",
    "ref", "return", "self", "Self", "static", "struct", "super", "trait", "true", "try", "type",
    "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// The variant for a status: its name in RFC 9110, or `Status418`.
pub(crate) fn status(code: u16) -> Ident {
    let name = match code {
        400 => "BadRequest",
        401 => "Unauthorized",
        402 => "PaymentRequired",
        403 => "Forbidden",
        404 => "NotFound",
        405 => "MethodNotAllowed",
        406 => "NotAcceptable",
        407 => "ProxyAuthenticationRequired",
        408 => "RequestTimeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "LengthRequired",
        412 => "PreconditionFailed",
        413 => "PayloadTooLarge",
        414 => "UriTooLong",
        415 => "UnsupportedMediaType",
        416 => "RangeNotSatisfiable",
        417 => "ExpectationFailed",
        421 => "MisdirectedRequest",
        422 => "UnprocessableEntity",
        423 => "Locked",
        424 => "FailedDependency",
        425 => "TooEarly",
        426 => "UpgradeRequired",
        428 => "PreconditionRequired",
        429 => "TooManyRequests",
        431 => "RequestHeaderFieldsTooLarge",
        451 => "UnavailableForLegalReasons",
        500 => "InternalServerError",
        501 => "NotImplemented",
        502 => "BadGateway",
        503 => "ServiceUnavailable",
        504 => "GatewayTimeout",
        507 => "InsufficientStorage",
        code => return ident(&format!("Status{code}")),
    };
    ident(name)
}
