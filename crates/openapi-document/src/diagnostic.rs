//! Diagnostics: what is wrong, where, and how to mend it, shown as rustc shows its own.

use crate::excerpt::{Place, are_near, excerpt, window};
use crate::{Pointers, Span};
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Element, Level, Renderer};
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
    /// Whether it is a warning: what is generated is sound in spite of it, and a generator goes on.
    pub warning: bool,
    /// Whether it only says how something was understood, and nothing is wrong. A note is a warning too, but
    /// [`Diagnostics::deny_warnings`] leaves it one.
    pub note: bool,
    /// The part of the document that is not understood because of this: what other rules find in it is not reported.
    pub covers: Option<Span>,
    /// Whether the part at `span` can be left out alone: a server without it offers less than the document, and nothing else.
    pub spare: bool,
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
            note: false,
            covers: None,
            spare: false,
        }
    }

    /// Says which part is not understood because of this.
    #[must_use]
    pub fn covers(mut self, span: Span) -> Self {
        self.covers = Some(span);
        self
    }

    /// Says that the part can be left out alone.
    #[must_use]
    pub fn spare(mut self) -> Self {
        self.spare = true;
        self
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

    /// Says that nothing is wrong.
    #[must_use]
    pub fn note(mut self) -> Self {
        self.warning = true;
        self.note = true;
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
    sources: Arc<Vec<Source>>,
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// An empty list about `sources`: the document's own file, then those that it refers to.
    pub fn new(sources: Arc<Vec<Source>>) -> Self {
        Diagnostics {
            sources,
            list: Vec::new(),
        }
    }

    /// An empty list about the same sources.
    pub(crate) fn same(&self) -> Self {
        Diagnostics::new(Arc::clone(&self.sources))
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

    /// Keeps those for which `keep` is true.
    pub fn retain(&mut self, keep: impl FnMut(&Diagnostic) -> bool) {
        self.list.retain(keep);
    }

    /// Whether nothing is wrong but what is a [warning](Diagnostic::warning).
    pub fn only_warnings(&self) -> bool {
        self.list.iter().all(|diagnostic| diagnostic.warning)
    }

    /// Adds another place to those that were pushed after the first `count`.
    pub fn relate(&mut self, count: usize, span: Span, label: &str) {
        let later = self.list.iter_mut().skip(count);
        later.for_each(|diagnostic| diagnostic.related.push((span, label.to_owned())));
    }

    /// Makes warnings of those that were pushed after the first `count`.
    pub(crate) fn soften(&mut self, count: usize) {
        let later = self.list.iter_mut().skip(count);
        later.for_each(|diagnostic| diagnostic.warning = true);
    }

    /// Makes errors of warnings, and leaves notes.
    #[must_use]
    pub fn deny_warnings(mut self) -> Self {
        self.list
            .iter_mut()
            .for_each(|diagnostic| diagnostic.warning = diagnostic.note);
        self
    }

    /// The [notes](Diagnostic::note) alone.
    #[must_use]
    pub fn notes(&self) -> Self {
        self.clone().parted().0
    }

    /// The [notes](Diagnostic::note), and all else.
    #[must_use]
    pub fn parted(mut self) -> (Self, Self) {
        let mut notes = self.same();
        (notes.list, self.list) = self.list.into_iter().partition(|d| d.note);
        (notes, self)
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
            .sort_by_key(|d| (d.span.file, d.span.start, d.code));
        self.list.dedup();
    }

    /// `file:line:column code` of each: what tests compare.
    pub fn places(&self) -> Vec<String> {
        self.list
            .iter()
            .map(|d| {
                format!(
                    "{}:{}:{} {}",
                    self.file_of(d.span),
                    d.span.line,
                    d.span.column,
                    d.code
                )
            })
            .collect()
    }

    /// The name of the document's own file, as it was given.
    pub fn file(&self) -> &str {
        self.file_of(Span::default())
    }

    /// The name of the file that a place is in.
    pub fn file_of(&self, span: Span) -> &str {
        self.sources.get(span.file).map_or("", |s| s.name.as_str())
    }

    /// The JSON pointers of places in the sources.
    pub fn pointers(&self) -> Pointers<'_> {
        Pointers::new(&self.sources)
    }

    /// The text for a terminal; `colour` adds escape sequences.
    pub fn render(&self, colour: bool) -> String {
        let renderer = renderer(colour);
        let mut pointers = self.pointers();
        let mut out = String::new();
        for diagnostic in &self.list {
            let pointer = pointers.of(diagnostic.span).filter(|p| !p.is_empty());
            let at = pointer.as_deref().map(|pointer| ("at", pointer));
            out.push_str(&self.render_one(&renderer, diagnostic, None, at.as_slice()));
            out.push_str("\n\n");
        }
        let count = |of: &dyn Fn(&Diagnostic) -> bool, word: &str| {
            let count = self.list.iter().filter(|d| of(d)).count();
            let end = if count == 1 { "" } else { "s" };
            (count > 0).then(|| format!("{count} {word}{end}"))
        };
        let counts = [
            count(&|d| !d.warning, "error"),
            count(&|d| d.warning && !d.note, "warning"),
            count(&|d| d.note, "note"),
        ];
        let level = match &counts {
            [Some(_), ..] => "error",
            [None, Some(_), _] => "warning",
            _ => "note",
        };
        let counts: Vec<String> = counts.into_iter().flatten().collect();
        out.push_str(&format!("{level}: {}", counts.join(", ")));
        out
    }

    /// One diagnosis about these sources, which need not be in the list, as [`render`](Self::render) has it; but it is
    /// called `word` instead of an error, and ends with `notes`, each called by a word of its own too.
    pub fn excerpt(
        &self,
        word: &str,
        diagnostic: &Diagnostic,
        notes: &[(&str, &str)],
        colour: bool,
    ) -> String {
        self.render_one(&renderer(colour), diagnostic, Some(word), notes)
    }

    fn render_one(
        &self,
        renderer: &Renderer,
        diagnostic: &Diagnostic,
        word: Option<&str>,
        notes: &[(&str, &str)],
    ) -> String {
        let source = |file: usize| {
            let source = self.sources.get(file);
            source.map_or(("", ""), |s| (s.name.as_str(), s.text.as_str()))
        };
        let place = |kind, span, label| Place {
            kind,
            span,
            label: some_text(label),
        };
        let mut shown = vec![place(
            AnnotationKind::Primary,
            diagnostic.span,
            &diagnostic.label,
        )];
        let mut elsewhere = Vec::new();
        for (span, label) in &diagnostic.related {
            let related = place(AnnotationKind::Context, *span, label);
            if are_near(source(diagnostic.span.file).1, diagnostic.span, *span) {
                shown.push(related);
            } else {
                let (name, text) = source(span.file);
                elsewhere.extend(elements(name, text, &[related]));
            }
        }
        let (name, text) = source(diagnostic.span.file);
        let level = if diagnostic.note {
            Level::NOTE
        } else if diagnostic.warning {
            Level::WARNING
        } else {
            Level::ERROR
        };
        let level = match word {
            Some(word) => level.with_name(word),
            None => level,
        };
        let mut group = level
            .primary_title(diagnostic.message.as_str())
            .id(diagnostic.code)
            .elements(elements(name, text, &shown))
            .elements(elsewhere);
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        for (word, text) in notes {
            group = group.element(Level::NOTE.with_name(*word).message(*text));
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

/// What is shown of the lines of the places.
fn elements<'a>(name: &'a str, text: &'a str, places: &[Place<'a>]) -> Vec<Element<'a>> {
    match places.first().and_then(|first| window(name, text, first)) {
        Some((origin, snippet)) => vec![origin.into(), snippet.into()],
        None => vec![excerpt(name, text, places).into()],
    }
}

fn renderer(colour: bool) -> Renderer {
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    renderer.decor_style(DecorStyle::Ascii)
}

fn some_text(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
