//! K0001: what a parser's complaint most likely means. Parsers notice a slip where the text stops to make sense, which
//! is often the line after the one that is wrong.

use crate::Diagnostic;
use crate::node::Span;

/// The diagnosis for the parser's complaint `info` at `at`.
pub(crate) fn explain(text: &str, at: Span, info: &str) -> Diagnostic {
    let lines = Lines { text };
    let told = |span: Span, help: &str| {
        Diagnostic::new("K0001", span, format!("not valid YAML: {info}")).help(help)
    };
    let here = lines.get(at.line);
    if let Some(tab) = here.and_then(|line| line.tab(at.file)) {
        return told(tab, "indent with spaces: YAML allows no tabs there");
    }
    // A text that goes on in the next line, and a tab there.
    let after = here
        .filter(|_| info.contains("tab"))
        .and_then(|line| lines.get(line.number + 1));
    if let Some(tab) = after.and_then(|line| line.tab(at.file)) {
        return told(tab, "indent with spaces: YAML allows no tabs there");
    }
    let before = here.and_then(|line| lines.before(line.number));
    let before_tab = before.as_ref().and_then(|line| line.tab(at.file));
    if let Some(tab) = before_tab {
        return told(tab, "indent with spaces: YAML allows no tabs there");
    }
    if let Some(value) = here.and_then(|line| line.reserved(at.file)) {
        let sign = &text[value.start..(value.start + 1).min(text.len())];
        let message = format!("not valid YAML: a value cannot begin with `{sign}`");
        return Diagnostic::new("K0001", value, message).help("put it in quotes");
    }
    if info.contains("trailing content") && here.is_some_and(|line| line.value().starts_with('\''))
    {
        return Diagnostic::new(
            "K0001",
            at,
            "not valid YAML: the quote is closed before this",
        )
        .help("write `''` for an apostrophe in single quotes, or put the text in double quotes");
    }
    if ["flow", "unexpected end", "expected node"]
        .iter()
        .any(|word| info.contains(word))
        && let Some(open) = unclosed(text, at)
    {
        let sign = &text[open.start..open.end];
        return Diagnostic::new(
            "K0001",
            open,
            format!("not valid YAML: this `{sign}` is not closed"),
        )
        .related(at, "here the text stops to make sense")
        .help(format!(
            "close it with `{}`, and put `,` between what it holds",
            closing(sign)
        ));
    }
    if let Some(joined) = before.filter(|line| line.is_joined() && info.contains("mapping values"))
    {
        return Diagnostic::new(
            "K0001",
            joined.span(at.file),
            "not valid YAML: a blank is missing after `:`",
        )
        .related(at, "here the text stops to make sense")
        .help("write a blank after the `:` that ends a key");
    }
    if info.contains("quoted scalar") {
        return told(at, "close the quote, on the line where it was opened");
    }
    let text = here.map_or("", |line| line.trimmed());
    if text.matches(": ").count() > 1 && !text.contains(['{', '"', '\'']) {
        return told(at, "put a text that holds `: ` in quotes");
    }
    if let (Some(here), Some(before)) = (here, before) {
        let word = before.trimmed();
        if before.is_bare() && !here.is_bare() {
            return told(before.span(at.file), "the line has no `:`")
                .label(format!("`{word}` is neither a key nor an item"))
                .related(at, "here the text stops to make sense");
        }
        if here.indent() != before.indent() && before.number + 1 == here.number && !here.is_bare() {
            let label = "is this line indented as it should be?";
            return told(at, "members of one mapping begin in the same column")
                .related(before.span(at.file), label);
        }
    }
    told(
        at,
        "quotes, brackets and braces must be closed, and members of one mapping begin in the same column",
    )
}

/// The diagnosis of the character NUL, which is at the byte `at`.
pub(crate) fn nul(text: &str, at: usize, file: usize) -> Diagnostic {
    let before = text.get(..at).unwrap_or_default();
    let line = before.rsplit('\n').next().unwrap_or_default();
    let span = Span {
        start: at,
        end: at + 1,
        line: before.matches('\n').count() + 1,
        column: line.chars().count() + 1,
        file,
    };
    Diagnostic::new("K0001", span, "not valid YAML: the character NUL")
        .help("remove it; in a text in double quotes, it is written `\\0`")
}

fn closing(sign: &str) -> &'static str {
    if sign == "{" { "}" } else { "]" }
}

/// The last bracket before `at` that begins a value and is not closed.
fn unclosed(text: &str, at: Span) -> Option<Span> {
    let mut open: Vec<Span> = Vec::new();
    for line in (Lines { text }).all().take(at.line) {
        let mut quote = None;
        let mut before = ' ';
        for (offset, (index, sign)) in line.text.char_indices().enumerate() {
            let start = line.start + index;
            if start >= at.start {
                return open.pop();
            }
            // What begins a value: other signs belong to a text.
            let begins = matches!(before, ' ' | ':' | ',' | '[' | '{' | '-');
            match (quote, sign) {
                (Some(own), sign) if own == sign => quote = None,
                (Some(_), _) => {}
                (None, '#') if before == ' ' => break,
                (None, '"' | '\'') if begins => quote = Some(sign),
                (None, '{' | '[') if begins => open.push(Span {
                    start,
                    end: start + 1,
                    line: line.number,
                    column: offset + 1,
                    file: at.file,
                }),
                (None, '}' | ']') => drop(open.pop()),
                _ => {}
            }
            if sign != ' ' || index == 0 || quote.is_none() {
                before = sign;
            }
        }
    }
    open.pop()
}

struct Lines<'a> {
    text: &'a str,
}

#[derive(Clone, Copy)]
struct Line<'a> {
    number: usize,
    start: usize,
    text: &'a str,
}

impl<'a> Lines<'a> {
    fn all(&self) -> impl Iterator<Item = Line<'a>> {
        let mut start = 0;
        self.text.split('\n').enumerate().map(move |(at, text)| {
            let line = Line {
                number: at + 1,
                start,
                text,
            };
            start += text.len() + 1;
            line
        })
    }

    fn get(&self, number: usize) -> Option<Line<'a>> {
        self.all().nth(number.checked_sub(1)?)
    }

    /// The nearest line before that says something.
    fn before(&self, number: usize) -> Option<Line<'a>> {
        let said = |line: &Line<'_>| !line.trimmed().is_empty() && !line.trimmed().starts_with('#');
        self.all()
            .take(number.saturating_sub(1))
            .filter(said)
            .last()
    }
}

impl<'a> Line<'a> {
    fn trimmed(&self) -> &'a str {
        self.text.trim()
    }

    fn indent(&self) -> usize {
        self.text.len() - self.text.trim_start().len()
    }

    /// Whether it is a word or several, where a member or an item should be.
    fn is_bare(&self) -> bool {
        let text = self.trimmed();
        !text.contains(':') && text.starts_with(|c: char| c.is_alphabetic())
    }

    /// What stands behind the key, or behind the dash.
    fn value(&self) -> &'a str {
        let text = self.trimmed();
        let text = text.strip_prefix("- ").unwrap_or(text);
        text.split_once(": ")
            .map_or(text, |(_, value)| value)
            .trim()
    }

    /// The value, when it begins with a sign that YAML keeps for itself.
    fn reserved(&self, file: usize) -> Option<Span> {
        let value = self.value();
        let keyed = value.len() < self.trimmed().len();
        let alone = value.starts_with('*') && value.len() > 1;
        if !keyed || !(value.starts_with(['@', '`', '%']) || alone) {
            return None;
        }
        let index = self.text.find(value)?;
        Some(Span {
            start: self.start + index,
            end: self.start + index + value.len(),
            line: self.number,
            column: self.text[..index].chars().count() + 1,
            file,
        })
    }

    /// Whether it looks like a key and its value without the blank between them.
    fn is_joined(&self) -> bool {
        let text = self.trimmed();
        let Some((key, value)) = text.split_once(':') else {
            return false;
        };
        let is_key = !key.is_empty()
            && key
                .chars()
                .all(|c| c.is_alphanumeric() || "_-$".contains(c));
        is_key && !value.is_empty() && !value.starts_with([' ', '/']) && !text.contains(": ")
    }

    /// The first tab of the indentation.
    fn tab(&self, file: usize) -> Option<Span> {
        let at = self.text[..self.indent()].find('\t')?;
        Some(Span {
            start: self.start + at,
            end: self.start + at + 1,
            line: self.number,
            column: self.text[..at].chars().count() + 1,
            file,
        })
    }

    fn span(&self, file: usize) -> Span {
        let start = self.start + self.indent();
        Span {
            start,
            end: start + self.trimmed().len(),
            line: self.number,
            column: self.text[..self.indent()].chars().count() + 1,
            file,
        }
    }
}
