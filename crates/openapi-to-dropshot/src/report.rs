//! How mistakes are told to programs.

use openapi_document::{Diagnostic, Diagnostics};
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
    let mut pointers = found.pointers();
    let mut one = |d: &Diagnostic| {
        let (file, line, column) = (found.file_of(d.span), d.span.line, d.span.column);
        let level = match (d.warning, d.note) {
            (_, true) => "note",
            (true, false) => "warning",
            (false, false) => "error",
        };
        if let MessageFormat::Github = format {
            let word = if d.note { "notice" } else { level };
            let message = match &d.help {
                Some(help) => format!("{}\nhelp: {help}", d.message),
                None => d.message.clone(),
            };
            return github(word, file, (line, column), d.code, &message);
        }
        let related: Vec<serde_json::Value> = d
            .related
            .iter()
            .map(|(span, label)| {
                let (file, line, column) = (found.file_of(*span), span.line, span.column);
                serde_json::json!({ "file": file, "line": line, "column": column, "label": label })
            })
            .collect();
        let object = serde_json::json!({
            "code": d.code, "level": level, "message": d.message, "file": file, "line": line, "column": column,
            "pointer": pointers.of(d.span), "label": d.label, "help": d.help, "related": related,
        });
        format!("{object}\n")
    };
    match format {
        MessageFormat::Human => format!("{}\n", found.render(colour)),
        _ => found.iter().map(&mut one).collect(),
    }
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
