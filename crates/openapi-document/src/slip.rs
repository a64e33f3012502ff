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
    let before = here.and_then(|line| lines.before(line.number));
    let before_tab = before.as_ref().and_then(|line| line.tab(at.file));
    if let Some(tab) = before_tab {
        return told(tab, "indent with spaces: YAML allows no tabs there");
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
