//! K0101: the document is OpenAPI 3.0.

use super::Findings;
use crate::Diagnostic;

/// Whether the other rules may look at the document.
pub(super) fn check(found: &mut Findings<'_>) -> bool {
    let start = found.root.span;
    if let Some(swagger) = found.root.entry("swagger") {
        found.push(
            Diagnostic::new("K0101", swagger.key_span, "Swagger 2.0 is not supported")
                .help("convert the document to OpenAPI 3.0.3"),
        );
        return false;
    }
    let Some(entry) = found.root.entry("openapi") else {
        found.push(
            Diagnostic::new(
                "K0101",
                start,
                "the document does not say which OpenAPI it is",
            )
            .help("write `openapi: 3.0.3` at its top"),
        );
        return false;
    };
    let version = entry.node.as_str().unwrap_or_default();
    // As in `3.0.3`, or `3.0.0-rc2`.
    let patch = version
        .strip_prefix("3.0.")
        .map(|patch| patch.split('-').next().unwrap_or(patch));
    if patch.is_some_and(|patch| !patch.is_empty() && patch.bytes().all(|b| b.is_ascii_digit())) {
        return true;
    }
    let message = if version.is_empty() {
        "the version of OpenAPI must be a string".to_owned()
    } else {
        format!("OpenAPI {version} is not supported")
    };
    let span = entry.node.span;
    let number = entry.node.as_number().and_then(serde_json::Number::as_f64);
    let help = match number {
        Some(3.1) => "write `openapi: 3.1.0`",
        _ => "write `openapi: 3.0.3`",
    };
    found.push(
        Diagnostic::new("K0101", span, message)
            .label("3.0.x and 3.1.x are")
            .help(help),
    );
    false
}
