//! How mistakes are told to programs.

use crate::{Read, output};
use openapi_document::{Diagnostic, Diagnostics, Pointers};
use serde_json::{Value, json};
use std::str::FromStr;

/// How mistakes are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageFormat {
    /// To people, with the lines that they are in.
    Human,
    /// One JSON object per line.
    Json,
    /// As workflow commands of GitHub Actions.
    Github,
}

impl FromStr for MessageFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "human" => Ok(MessageFormat::Human),
            "json" => Ok(MessageFormat::Json),
            "github" => Ok(MessageFormat::Github),
            _ => Err("one of human, json, github".to_owned()),
        }
    }
}

/// The mistakes in a format; people's ends with a count, and every line with a line feed.
///
/// ```
/// use openapi_to_dropshot::report::{MessageFormat, diagnostics};
///
/// let found = openapi_document::Document::read("a.yaml", "openapi: 4.0.0").unwrap_err();
/// let told = diagnostics(&found, MessageFormat::Github, false);
/// assert!(told.starts_with("::error file=a.yaml,line=1,col=10,title=K0101::"), "{told}");
/// ```
pub fn diagnostics(found: &Diagnostics, format: MessageFormat, colour: bool) -> String {
    if let MessageFormat::Human = format {
        return format!("{}\n", found.render(colour));
    }
    let mut pointers = found.pointers();
    let level = |d: &Diagnostic| match (d.warning, d.note) {
        (_, true) => "note",
        (true, false) => "warning",
        (false, false) => "error",
    };
    let one = |d: &Diagnostic| match format {
        MessageFormat::Github => command(found, d, if d.note { "notice" } else { level(d) }, ""),
        _ => format!("{}\n", object(found, &mut pointers, d, level(d))),
    };
    found.iter().map(one).collect()
}

/// What was left out of a document, and why. People are told in lines as Cargo has them; the JSON objects are those of mistakes,
/// of the level `skipped`, with the `operation` that is left out, or `spared`, of which only the part is.
pub fn left_out(read: &Read, format: MessageFormat) -> String {
    let found = read.document.diagnostics();
    let mut pointers = found.pointers();
    let place = |d: &Diagnostic| output::place(found.file_of(d.span), d);
    let mut told = String::new();
    for skipped in &read.skipped {
        let operation = format!("{} {}", skipped.method.to_uppercase(), skipped.path);
        if let MessageFormat::Human = format {
            told += &output::line("Skipping", &operation);
        }
        for d in &skipped.because {
            told += &match format {
                MessageFormat::Human => output::line("", &place(d)),
                MessageFormat::Github => {
                    command(&found, d, "notice", &format!("{operation} is left out: "))
                }
                MessageFormat::Json => {
                    let mut object = object(&found, &mut pointers, d, "skipped");
                    object["operation"] = operation.as_str().into();
                    format!("{object}\n")
                }
            };
        }
    }
    for d in &read.spared {
        told += &match format {
            MessageFormat::Human => output::line("Sparing", &place(d)),
            MessageFormat::Github => command(&found, d, "notice", "this part is left out: "),
            MessageFormat::Json => {
                format!("{}\n", object(&found, &mut pointers, d, "spared"))
            }
        };
    }
    told
}

/// A diagnosis as JSON.
fn object(found: &Diagnostics, pointers: &mut Pointers<'_>, d: &Diagnostic, level: &str) -> Value {
    let related = d.related.iter().map(|(span, label)| {
        let (file, line, column) = (found.file_of(*span), span.line, span.column);
        json!({ "file": file, "line": line, "column": column, "label": label })
    });
    let related: Vec<Value> = related.collect();
    json!({
        "code": d.code, "level": level, "message": d.message, "file": found.file_of(d.span), "line": d.span.line,
        "column": d.span.column, "pointer": pointers.of(d.span), "label": d.label, "help": d.help, "related": related,
    })
}

/// A diagnosis as a workflow command; its message begins with `before`.
fn command(found: &Diagnostics, d: &Diagnostic, word: &str, before: &str) -> String {
    let message = match &d.help {
        Some(help) => format!("{before}{}\nhelp: {help}", d.message),
        None => format!("{before}{}", d.message),
    };
    let place = (d.span.line, d.span.column);
    github(word, found.file_of(d.span), place, d.code, &message)
}

/// A workflow command of GitHub Actions; `word` is `error`, `warning` or `notice`.
pub fn github(word: &str, file: &str, place: (usize, usize), title: &str, message: &str) -> String {
    // Workflow commands end at a line feed, and unescape these; properties end at a comma or colon besides.
    let escaped = |text: &str| {
        text.replace('%', "%25")
            .replace('\r', "%0D")
            .replace('\n', "%0A")
    };
    let property = |text: &str| escaped(text).replace(':', "%3A").replace(',', "%2C");
    let (message, file, title) = (escaped(message), property(file), property(title));
    let (line, column) = place;
    format!("::{word} file={file},line={line},col={column},title={title}::{message}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_files_name_does_not_end_the_command_of_github() {
        let told = github(
            "error",
            "we,ird:na%me.yaml",
            (1, 2),
            "K0001",
            "100%\nso: a, b",
        );
        let expected =
            "::error file=we%2Cird%3Ana%25me.yaml,line=1,col=2,title=K0001::100%25%0Aso: a, b\n";
        assert_eq!(told, expected);
    }
}
