//! How a mistake in the configuration's text is told: its place, what is wrong, what to write, and the line.

use toml::de::Error;

use super::masked;
use super::place::line_and_column;

/// The most edits by which a misspelt setting may differ from the one that is suggested.
const NEAR: usize = 2;

/// `LINE:COLUMN: MESSAGE`, a suggestion where there is one, and the line with a mark below. (Without a place, where the
/// library knows none.)
pub(super) fn told(text: &str, error: &Error) -> String {
    let message = error.message().trim_end();
    let shown = plain(&masked::message(message));
    let Some(span) = error.span() else {
        return format!(" {shown}");
    };
    let start = span.start.min(text.len());
    let begin = text[..start].rfind('\n').map_or(0, |before| before + 1);
    let line = text[begin..].lines().next().unwrap_or_default();
    let number = text[..start].matches('\n').count() + 1;
    let column = text[begin..start].chars().count();
    let marked = text[start..span.end.clamp(start, text.len())]
        .lines()
        .next();
    let width = marked.map_or(0, |marked| marked.chars().count()).max(1);
    let help = suggestion(message)
        .or_else(|| address(message))
        .or_else(|| quotes(message, &line[..start - begin], line));
    let help = help.map(|help| format!("; {help}")).unwrap_or_default();
    let margin = " ".repeat(number.to_string().len());
    format!(
        "{}: {shown}{help}\n{margin} |\n{number} | {}\n{margin} | {}{}",
        line_and_column(text, start),
        masked::line(line, message),
        " ".repeat(column),
        "^".repeat(width),
    )
}

/// The same with what was expected in words, where the library names a type of Rust.
fn plain(message: &str) -> String {
    const TABLE: &str = "a table: `{ KEY = VALUE, ... }`, or a `[...]` of its own";
    if message.starts_with("unknown field `$__toml_private") {
        return format!("invalid type: a date, expected {TABLE}");
    }
    let Some((found, expected)) = message.rsplit_once(", expected ") else {
        return message.to_owned();
    };
    let kind = expected.strip_prefix("a nonzero ").unwrap_or(expected);
    let words = match kind {
        "u8" | "u16" | "u32" | "u64" | "usize" | "any value" => "a whole number, without quotes",
        "socket address" => "a text IP:PORT, such as \"127.0.0.1:8443\"",
        "path string" => "a text in quotes: the path of a file",
        "a boolean" => "true or false, without quotes",
        "a sequence" => "a list, such as [\"a\", \"b\"]",
        "a map" => TABLE,
        kind if kind.starts_with("struct ") => TABLE,
        _ => return message.to_owned(),
    };
    format!("{found}, expected {words}")
}

/// For a setting that does not exist: the one that was meant, perhaps.
fn suggestion(message: &str) -> Option<String> {
    Some(format!("`{}`, perhaps?", nearest(message)?))
}

/// The setting that is nearly called as the one that does not exist.
pub(super) fn nearest(message: &str) -> Option<String> {
    let rest = message.strip_prefix("unknown field `")?;
    let (written, rest) = rest.split_once('`')?;
    let known = rest.split('`').skip(1).step_by(2);
    let nearest = known.min_by_key(|name| distance(written, name))?;
    (distance(written, nearest) <= NEAR).then(|| nearest.to_owned())
}

/// For an address with a name in it, or without a port.
fn address(message: &str) -> Option<String> {
    let help = "write IP:PORT, such as \"127.0.0.1:8443\" (or \"0.0.0.0:8443\" for all of this machine's); names are not looked up";
    (message == "invalid socket address syntax").then(|| help.to_owned())
}

/// For a bare word where a value is expected.
fn quotes(message: &str, before: &str, line: &str) -> Option<String> {
    let syntax = !message.starts_with("unknown") && !message.starts_with("missing");
    let (_, value) = line.split_once('=')?;
    let value = value.trim();
    let bare = before.contains('=') && !value.starts_with(['"', '\'', '[', '{']);
    (syntax && bare && !message.contains("type"))
        .then(|| "a text is written in quotes: \"...\"".to_owned())
}

/// How many letters are to be added, left out or changed to make one word of the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (n, a) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], n + 1);
        for (m, b) in other.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[m + 1];
            row[m + 1] = changed.min(diagonal + 1).min(row[m] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_expected_is_told_without_types_of_rust() {
        for (message, words) in [
            (
                "invalid type: string \"x\", expected struct RawTls",
                "x\", expected a table: `{ KEY",
            ),
            (
                "invalid length 1, expected struct RawTls with 2 elements",
                "1, expected a table: `{",
            ),
            (
                "unknown field `$__toml_private_datetime`, expected `cert_file`",
                "a date, expected a table",
            ),
            (
                "invalid type: string \"4096\", expected u32",
                "expected a whole number, without quotes",
            ),
            (
                "invalid value: integer `0`, expected a nonzero u32",
                "`0`, expected a whole number",
            ),
            (
                "invalid type: integer `8443`, expected socket address",
                "expected a text IP:PORT, such",
            ),
            (
                "invalid type: boolean `true`, expected a string",
                "`true`, expected a string",
            ),
        ] {
            let told = plain(message);
            assert!(told.contains(words) && !told.contains("u32"), "{told}");
        }
    }

    #[test]
    fn distances_are_counted_in_letters() {
        for (one, other, edits) in [
            ("", "abc", 3),
            ("abc", "abc", 0),
            ("lisen", "listen", 1),
            ("tsl", "tls", 2),
        ] {
            assert_eq!(distance(one, other), edits, "{one} {other}");
        }
    }
}
