//! What is told of a file that is not TOML, or has a setting that does not exist or a value of a wrong type.

use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer, Error};

use super::place::line_and_column;

/// The most mistakes that are told in one run.
const MOST: usize = 20;
/// The most edits by which a misspelt setting may differ from the one that is suggested.
const NEAR: usize = 2;

/// Reads a text. Of what is wrong, all is found that can be: after a mistake it goes on as if that setting were not there.
///
/// # Errors
/// What is wrong, in the order in which it was found, each as [`told`]; never empty.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, Vec<String>> {
    let mut told = Vec::new();
    let mut gone: Vec<Range<usize>> = Vec::new();
    loop {
        let read = DeTable::parse(text).and_then(|mut root| {
            for span in &gone {
                remove(root.get_mut(), span);
            }
            T::deserialize(Deserializer::from(root))
        });
        let error = match read {
            Ok(read) if told.is_empty() => return Ok(read),
            Ok(_) => return Err(told),
            Err(error) => error,
        };
        let span = error.span();
        // What is missing now may be what was taken away.
        let follows = !told.is_empty() && error.message().starts_with("missing field");
        if !follows {
            told.push(self::told(text, &error));
        }
        match span {
            Some(span)
                if !follows && told.len() < MOST && has(text, &span) && !gone.contains(&span) =>
            {
                gone.push(span);
            }
            _ => return Err(told),
        }
    }
}

/// Whether a place of a parsed text is that of one setting.
fn has(text: &str, span: &Range<usize>) -> bool {
    DeTable::parse(text).is_ok_and(|mut root| remove(root.get_mut(), span))
}

/// Takes the setting away whose key or value is at a place; whether there is one.
fn remove(table: &mut DeTable<'_>, span: &Range<usize>) -> bool {
    let is_it = |span_of: Range<usize>| span_of == *span;
    let found = table
        .iter()
        .find(|(key, value)| is_it(key.span()) || is_it(value.span()))
        .map(|(key, _)| key.get_ref().to_string());
    match found {
        Some(key) => table.remove(key.as_str()).is_some(),
        None => table.iter_mut().any(|(_, value)| within(value, span)),
    }
}

fn within(value: &mut Spanned<DeValue<'_>>, span: &Range<usize>) -> bool {
    match value.get_mut() {
        DeValue::Table(table) => remove(table, span),
        DeValue::Array(array) => array.iter_mut().any(|value| within(value, span)),
        _ => false,
    }
}

/// `LINE:COLUMN: MESSAGE`, a suggestion where there is one, and the line with a mark below. (Without a place, where the
/// library knows none.)
fn told(text: &str, error: &Error) -> String {
    let message = error.message().trim_end();
    let Some(span) = error.span() else {
        return format!(" {message}");
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
    let help = suggestion(message).or_else(|| quotes(message, &line[..start - begin], line));
    let help = help.map(|help| format!("; {help}")).unwrap_or_default();
    let margin = " ".repeat(number.to_string().len());
    format!(
        "{}: {message}{help}\n{margin} |\n{number} | {line}\n{margin} | {}{}",
        line_and_column(text, start),
        " ".repeat(column),
        "^".repeat(width),
    )
}

/// For a setting that does not exist: the one that was meant, perhaps.
fn suggestion(message: &str) -> Option<String> {
    let rest = message.strip_prefix("unknown field `")?;
    let (written, rest) = rest.split_once('`')?;
    let known = rest.split('`').skip(1).step_by(2);
    let nearest = known.min_by_key(|name| distance(written, name))?;
    (distance(written, nearest) <= NEAR).then(|| format!("`{nearest}`, perhaps?"))
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
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct File {
        listen: Option<String>,
        grace: Option<u32>,
    }

    fn told_of(text: &str) -> String {
        let told = read::<File>(text).unwrap_err();
        assert_eq!(told.len(), 1, "{told:?}");
        told.concat()
    }

    #[test]
    fn one_mistake_hides_no_other() {
        let text = "lisen = 1\ngrace = \"x\"\nlisten = 3\n[[other]]\na = 1\n";
        let told = read::<File>(text).unwrap_err();
        let places: Vec<_> = told
            .iter()
            .map(|told| told.split(": ").next().unwrap())
            .collect();
        assert_eq!(places.len(), 4, "{told:?}");
        for place in ["1:1", "2:9", "3:10", "4:3"] {
            assert!(places.contains(&place), "{place}: {told:?}");
        }
        assert!(read::<File>("listen = \"x\"\n").is_ok());
    }

    #[test]
    fn a_misspelt_setting_is_told_with_the_one_that_was_meant() {
        assert_eq!(
            told_of("grace = 1\nlisen = \"é\"\n"),
            "2:1: unknown field `lisen`, expected `listen` or `grace`; `listen`, perhaps?\n  |\n2 | lisen = \"é\"\n  | ^^^^^"
        );
        assert!(!told_of("timeout = 5\n").contains("perhaps"));
    }

    #[test]
    fn a_bare_word_is_told_to_want_quotes() {
        assert!(told_of("listen = localhost\n").contains("; a text is written in quotes"));
        assert!(told_of("listen = 127.0.0.1\n").contains("; a text is written in quotes"));
        assert!(!told_of("grace = \"x\n").contains("quotes: "));
    }

    #[test]
    fn the_end_of_a_file_is_a_place_too() {
        for text in ["listen", "listen =", "[", "x = \"", "é = [1,", ""] {
            if let Err(told) = read::<File>(text) {
                assert!(told[0].starts_with("1:"), "{text:?}: {told:?}");
            }
        }
    }

    #[test]
    fn a_value_of_a_wrong_type_is_told_with_its_place() {
        let told = told_of("\n\n  grace = \"5s\"\n");
        assert!(
            told.starts_with("3:11: invalid type: string \"5s\", expected u32\n"),
            "{told}"
        );
        assert!(told.ends_with("  |           ^^^^"), "{told}");
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
