//! What changed between two documents, and what it means for callers.
//!
//! ```text
//! old ─┐
//!      ├─ operations ─ parameters, bodies, answers, security ─ schemas ─ bounds ──> Changes ──> the version step
//! new ─┘                 (each with a direction: what callers send, or what they are sent)
//! ```
//!
//! The *level* of a change is what it does to callers that were made for the old document and stay as they are:
//! [`Level::Major`] breaks some of them, [`Level::Minor`] none, [`Level::Patch`] is words. It follows the wire, with
//! the direction of the values: a bound may be loosened for what is sent, and tightened for what is answered. Three
//! changes are breaking although the bytes are not, since generated callers cannot take them: another `operationId`
//! (the name of a method), a new value of an answer's `enum` (a generated type has no place for it), and a new success
//! status (a generated caller takes it for an error). What else Rust code has to be edited for is told beside each
//! change, and changes no level.

mod answers;
mod at;
mod bounds;
mod choices;
mod codes;
mod held;
mod interval;
mod members;
mod names;
mod operations;
mod parameters;
mod schema;
mod security;
mod version;
mod view;
mod words;

pub use codes::CHANGES;
pub use version::Step;

use at::At;
use openapi_document::{Diagnostic, Diagnostics, Document, Span};
use std::collections::{BTreeMap, HashSet};

/// What a change does to callers of the old document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Words only: descriptions, examples, extensions.
    Patch,
    /// Every caller goes on.
    Minor,
    /// Some caller breaks.
    Major,
}

impl Level {
    /// The word for it in version numbers.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Patch => "patch",
            Level::Minor => "minor",
            Level::Major => "major",
        }
    }
}

/// Which of the two documents a place is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Edition {
    /// The one that callers were made for: for what was removed.
    Old,
    /// The one that it becomes.
    New,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// A stable code such as `K0351`; [`CHANGES`] tells what it means.
    pub code: &'static str,
    /// What it does to callers.
    pub level: Level,
    /// What changed, in one line.
    pub message: String,
    /// The document that the place is in.
    pub edition: Edition,
    /// The name of the file that the place is in.
    pub file: String,
    /// The JSON pointer of the place.
    pub pointer: String,
    /// The place.
    pub span: Span,
    /// What Rust code that uses the generated types, trait or client sees of it.
    pub consequence: Option<String>,
    /// The operations that it is about, by `operationId`, sorted. Empty when it is about none.
    pub operations: Vec<String>,
}

/// Everything that changed, the most severe first.
#[derive(Debug, Clone)]
pub struct Changes {
    list: Vec<Change>,
    old: Side,
    new: Side,
}

/// One of the two documents: its `info.version`, and the text that places are in.
#[derive(Debug, Clone)]
struct Side {
    version: String,
    text: Diagnostics,
}

impl Side {
    fn of(document: &Document) -> Side {
        let version = document.root.at("/info/version");
        let version = version.map_or_else(String::new, |node| match node.as_str() {
            Some(text) => text.to_owned(),
            None => node.to_value().to_string(),
        });
        Side {
            version,
            text: document.diagnostics(),
        }
    }
}

impl Changes {
    /// The changes: the most severe first, those of a level in the order of the documents.
    pub fn iter(&self) -> impl Iterator<Item = &Change> {
        self.list.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// The highest level; `None` when nothing changed.
    pub fn level(&self) -> Option<Level> {
        self.list.iter().map(|change| change.level).max()
    }

    /// What `info.version` must become, and whether it is enough.
    pub fn step(&self) -> Step {
        version::step(&self.old.version, &self.new.version, self.level())
    }

    /// One of the changes for a terminal: the line that it is in, with a caret, what Rust code sees of it, and the
    /// operations; `colour` adds escape sequences.
    pub fn render(&self, change: &Change, colour: bool) -> String {
        let side = match change.edition {
            Edition::Old => &self.old,
            Edition::New => &self.new,
        };
        let diagnostic = Diagnostic::new(change.code, change.span, change.message.as_str());
        let diagnostic = match change.level {
            Level::Major => diagnostic,
            Level::Minor => diagnostic.warning(),
            Level::Patch => diagnostic.note(),
        };
        let operations = change.operations.join(", ");
        let mut notes = Vec::new();
        notes.extend(change.consequence.as_deref().map(|rust| ("Rust", rust)));
        notes.extend((!operations.is_empty()).then_some(("in", operations.as_str())));
        let word = change.level.as_str();
        side.text.excerpt(word, &diagnostic, &notes, colour)
    }
}

/// Compares two documents: what changes for callers that were made for `old` when the server becomes `new`.
pub fn changes(old: &Document, new: &Document) -> Changes {
    let mut walk = Walk {
        old: At::root(&old.root),
        new: At::root(&new.root),
        operation: String::new(),
        seen: HashSet::new(),
        found: BTreeMap::new(),
        order: 0,
    };
    operations::compare(&mut walk);
    words::compare(&mut walk);
    if walk.found.is_empty() {
        words::meaningless(&mut walk);
    }
    let mut list: Vec<(usize, Change)> = walk.found.into_values().collect();
    for (_, change) in &mut list {
        let document = match change.edition {
            Edition::Old => old,
            Edition::New => new,
        };
        change.span = document.span(&change.pointer);
        change.file = document.diagnostics().file_of(change.span).to_owned();
        change.operations.sort();
        change.operations.dedup();
    }
    list.sort_by_key(|(order, change)| (std::cmp::Reverse(change.level), *order));
    Changes {
        list: list.into_iter().map(|(_, change)| change).collect(),
        old: Side::of(old),
        new: Side::of(new),
    }
}

/// Which way a value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Direction {
    /// Callers send it.
    Request,
    /// Callers are sent it.
    Response,
}

impl Direction {
    /// The level of a change after which fewer values are valid.
    fn tightened(self) -> Level {
        match self {
            Direction::Request => Level::Major,
            Direction::Response => Level::Minor,
        }
    }

    /// The level of a change after which more values are valid.
    fn loosened(self) -> Level {
        match self {
            Direction::Request => Level::Minor,
            Direction::Response => Level::Major,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Direction::Request => "request",
            Direction::Response => "response",
        }
    }
}

/// The state of a comparison.
struct Walk<'a> {
    old: At<'a>,
    new: At<'a>,
    /// The operation that is looked at; empty between operations.
    operation: String,
    /// Pairs of schemas that were compared for this operation. Schemas may be recursive.
    seen: HashSet<(String, String, Direction)>,
    /// By code, edition and pointer: what is reached twice is told once, at its highest level.
    found: BTreeMap<(&'static str, Edition, String), (usize, Change)>,
    order: usize,
}

/// A change before its place is known.
struct Found {
    code: &'static str,
    level: Level,
    message: String,
    consequence: Option<String>,
}

impl Found {
    fn new(code: &'static str, level: Level, message: impl Into<String>) -> Self {
        Found {
            code,
            level,
            message: message.into(),
            consequence: None,
        }
    }

    fn rust(mut self, consequence: impl Into<String>) -> Self {
        self.consequence = Some(consequence.into());
        self
    }
}

impl Walk<'_> {
    /// Something at a place of the new document.
    fn at_new(&mut self, pointer: &str, found: Found) {
        self.push(Edition::New, pointer, found);
    }

    /// Something that was at a place of the old document.
    fn at_old(&mut self, pointer: &str, found: Found) {
        self.push(Edition::Old, pointer, found);
    }

    /// Something at the new place, when there is one, or else at the old one.
    fn at_either(&mut self, old: Option<&At<'_>>, new: Option<&At<'_>>, found: Found) {
        match (old, new) {
            (_, Some(new)) => self.push(Edition::New, &new.pointer, found),
            (Some(old), None) => self.push(Edition::Old, &old.pointer, found),
            (None, None) => self.push(Edition::New, "", found),
        }
    }

    fn push(&mut self, edition: Edition, pointer: &str, found: Found) {
        let operations = match self.operation.as_str() {
            "" => Vec::new(),
            operation => vec![operation.to_owned()],
        };
        let change = Change {
            code: found.code,
            level: found.level,
            message: found.message,
            edition,
            file: String::new(),
            pointer: pointer.to_owned(),
            span: Span::default(),
            consequence: found.consequence,
            operations,
        };
        let key = (found.code, edition, pointer.to_owned());
        self.order += 1;
        match self.found.get_mut(&key) {
            None => {
                self.found.insert(key, (self.order, change));
            }
            Some((_, known)) => {
                let mut operations = std::mem::take(&mut known.operations);
                operations.extend(change.operations.iter().cloned());
                if change.level > known.level {
                    *known = change;
                }
                known.operations = operations;
            }
        }
    }
}
