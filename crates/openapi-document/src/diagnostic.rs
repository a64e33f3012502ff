//! Diagnoses: what is wrong, where, and how to mend it, rendered as rustc renders its own.

use crate::Span;
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::fmt;
use std::sync::Arc;

/// The text that the places of diagnoses refer to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// How the reader knows the file: usually its path relative to where the tool runs.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// One thing that is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// A stable code such as `K0104`; [`crate::explain`] tells what it means.
    pub code: &'static str,
    /// What is wrong, in one line.
    pub message: String,
    /// The place to underline.
    pub span: Span,
    /// What to write beside the caret; may be empty.
    pub label: String,
    /// Other places that have to do with it, each with its label.
    pub related: Vec<(Span, String)>,
    /// How to mend it.
    pub help: Option<String>,
    /// Whether what is generated is sound all the same. An author wants to know; a generator goes on.
    pub warning: bool,
}

impl Diagnostic {
    /// A diagnosis at `span` without label or help.
    pub fn new(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Diagnostic {
            code,
            message: message.into(),
            span,
            label: String::new(),
            related: Vec::new(),
            help: None,
            warning: false,
        }
    }

    /// Says beside the caret what is there.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Lets generators go on in spite of it.
    #[must_use]
    pub fn warning(mut self) -> Self {
        self.warning = true;
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }

    /// Says how to mend it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// All that is wrong with one document, in the order of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostics {
    source: Arc<Source>,
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// An empty list about `source`.
    pub fn new(source: Arc<Source>) -> Self {
        Diagnostics {
            source,
            list: Vec::new(),
        }
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }

    /// Adds those of another list about the same source.
    pub fn append(&mut self, other: Diagnostics) {
        self.list.extend(other.list);
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// The diagnoses, in the order of the document.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// Whether nothing is wrong but what is a [warning](Diagnostic::warning).
    pub fn only_warnings(&self) -> bool {
        self.list.iter().all(|diagnostic| diagnostic.warning)
    }

    /// Makes errors of warnings.
    #[must_use]
    pub fn deny_warnings(mut self) -> Self {
        self.list
            .iter_mut()
            .for_each(|diagnostic| diagnostic.warning = false);
        self
    }

    /// `Ok` with `value` when nothing is wrong, or warnings only; otherwise itself, sorted by place.
    ///
    /// # Errors
    /// When it holds a diagnosis that is no warning.
    pub fn into_result<T>(mut self, value: T) -> Result<T, Diagnostics> {
        if self.only_warnings() {
            return Ok(value);
        }
        self.sort();
        Err(self)
    }

    /// Sorts by place, and drops what was found twice.
    pub fn sort(&mut self) {
        self.list
            .sort_by(|a, b| (a.span.start, a.code).cmp(&(b.span.start, b.code)));
        self.list.dedup();
    }

    /// `file:line:column code` of each: what tests compare.
    pub fn places(&self) -> Vec<String> {
        self.list
            .iter()
            .map(|d| {
                format!(
                    "{}:{}:{} {}",
                    self.source.name, d.span.line, d.span.column, d.code
                )
            })
            .collect()
    }

    /// The name of the source, as it was given.
    pub fn file(&self) -> &str {
        &self.source.name
    }

    /// The text for a terminal; `colour` adds escape sequences.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let renderer = renderer.decor_style(DecorStyle::Ascii);
        let mut out = String::new();
        for diagnostic in &self.list {
            out.push_str(&self.render_one(&renderer, diagnostic));
            out.push_str("\n\n");
        }
        let count = self.list.len();
        out.push_str(&format!(
            "error: {count} error{}",
            if count == 1 { "" } else { "s" }
        ));
        out
    }

    fn render_one(&self, renderer: &Renderer, diagnostic: &Diagnostic) -> String {
        let text = self.source.text.as_str();
        let mut snippet = Snippet::source(text)
            .path(self.source.name.as_str())
            .annotation(
                AnnotationKind::Primary
                    .span(within(text, diagnostic.span))
                    .label(some_text(&diagnostic.label)),
            );
        for (span, label) in &diagnostic.related {
            snippet = snippet.annotation(
                AnnotationKind::Context
                    .span(within(text, *span))
                    .label(some_text(label)),
            );
        }
        let level = if diagnostic.warning {
            Level::WARNING
        } else {
            Level::ERROR
        };
        let mut group = level
            .primary_title(diagnostic.message.as_str())
            .id(diagnostic.code)
            .element(snippet);
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        renderer.render(&[group])
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

fn some_text(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// The byte range of `span`, cut to its first line, so that a caret never runs over a whole block.
fn within(text: &str, span: Span) -> std::ops::Range<usize> {
    let start = span.start.min(text.len());
    let end = span.end.clamp(start, text.len());
    let end = text[start..end].find('\n').map_or(end, |line| start + line);
    start..end
}
