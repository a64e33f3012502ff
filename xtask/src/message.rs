//! How findings are told: to people, to programs, or to GitHub Actions.

use openapi_check::{Change, Changes, Level};
use openapi_document::Diagnostics;
pub(crate) use openapi_to_dropshot::report::MessageFormat;
use openapi_to_dropshot::{output, report};
use std::io::IsTerminal;

/// Tells what is wrong with a document: people on standard error, with `ending` after it; programs on standard output.
pub(crate) fn tell(diagnostics: &Diagnostics, format: MessageFormat, ending: &str) {
    if let MessageFormat::Human = format {
        let colour = std::io::stderr().is_terminal();
        let told = report::diagnostics(diagnostics, format, colour);
        output::aside(&format!("{}{ending}", told.trim_end()));
    } else {
        output::print(&report::diagnostics(diagnostics, format, false));
    }
}

/// A change in one line: `minor: adds optional request property ... (spec/openapi.yaml:131:9)`.
pub(crate) fn short(change: &Change) -> String {
    let file = &change.file;
    let (line, column) = (change.span.line, change.span.column);
    let (level, message) = (change.level.as_str(), &change.message);
    format!("{level}: {message} ({file}:{line}:{column})")
}

/// One of the changes, in one of the formats, ending with a line feed; people get an empty line after it.
pub(crate) fn change(changes: &Changes, change: &Change, format: MessageFormat) -> String {
    let file = &change.file;
    let (line, column) = (change.span.line, change.span.column);
    let level = change.level.as_str();
    match format {
        MessageFormat::Human => {
            let colour = std::io::stdout().is_terminal();
            format!("{}\n\n", changes.render(change, colour))
        }
        MessageFormat::Json => {
            let object = serde_json::json!({
                "code": change.code, "level": level, "message": change.message, "file": file, "line": line,
                "column": column, "pointer": change.pointer, "consequence": change.consequence,
                "operations": change.operations,
            });
            format!("{object}\n")
        }
        MessageFormat::Github => {
            let word = match change.level {
                Level::Major => "error",
                Level::Minor | Level::Patch => "notice",
            };
            let message = match &change.consequence {
                Some(consequence) => format!("{}: {}\nRust: {consequence}", level, change.message),
                None => format!("{}: {}", level, change.message),
            };
            report::github(word, file, (line, column), change.code, &message)
        }
    }
}
