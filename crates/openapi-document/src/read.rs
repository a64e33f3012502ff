//! Text to nodes: JSON where a file is named so, else YAML 1.2 (and so JSON), with the restrictions that make a document
//! unambiguous.
//!
//! Refused by name: duplicate keys, anchors and aliases, tags, several documents, keys that are not scalars,
//! and nesting deeper than [`MAX_DEPTH`].

use crate::Diagnostic;
use crate::node::{Content, Entry, Node, Span};
use saphyr_parser::{Event, Marker, Parser, ScalarStyle};
use std::collections::HashMap;

/// The deepest nesting that is read. Far more than any document needs; far less than any stack holds.
pub const MAX_DEPTH: usize = 100;

/// What ends the reading early. Boxed, since it is rare and large.
type Step = Result<(), Box<Diagnostic>>;

const WRITE_OUT: &str = "write the value out, or use `$ref`";

fn stop(code: &'static str, span: Span, message: &str, help: &str) -> Step {
    let mut diagnostic = Diagnostic::new(code, span, message);
    diagnostic.help = (!help.is_empty()).then(|| help.to_owned());
    Err(Box::new(diagnostic))
}

/// K0002: the key at `again` is the one at `first`.
pub(crate) fn twice(key: &str, again: Span, first: Span) -> Diagnostic {
    Diagnostic::new("K0002", again, format!("the key `{key}` is written twice"))
        .label("again here")
        .related(first, "first here")
        .help("keep one of them")
}

/// K0004: what begins at `span` is one level too deep.
pub(crate) fn too_deep(span: Span) -> Diagnostic {
    let message = format!("nested deeper than {MAX_DEPTH} levels");
    Diagnostic::new("K0004", span, message)
        .help("put an inner schema into `components/schemas`, and refer to it")
}

/// A mapping or list that is not complete yet.
enum Open {
    List(Span, Vec<Node>),
    Map(Span, Members),
}

/// The members of a mapping so far.
#[derive(Default)]
struct Members {
    entries: Vec<Entry>,
    seen: HashMap<String, Span>,
    /// A key that waits for its value.
    key: Option<(String, Span)>,
}

struct Reader<'a> {
    text: &'a str,
    file: usize,
    /// Byte offset of each character; empty when the text is ASCII and they are the same.
    offsets: Vec<usize>,
    open: Vec<Open>,
    root: Option<Node>,
    diagnostics: Vec<Diagnostic>,
}

/// Reads the one document in `text`, which is file `file` of the document, and called `name`: one that ends in `.json` is JSON
/// and nothing else.
///
/// # Errors
/// Diagnoses `K0001` to `K0006`. Duplicate keys are all reported; other defects of YAML end the reading.
pub(crate) fn read(name: &str, text: &str, file: usize) -> Result<Node, Vec<Diagnostic>> {
    if crate::json::is_named(name) {
        return crate::json::strict(text, file);
    }
    crate::json::read(text, file).map_or_else(|| yaml(text, file), Ok)
}

/// As [`read`], without asking first whether it is JSON.
pub(crate) fn yaml(text: &str, file: usize) -> Result<Node, Vec<Diagnostic>> {
    // The parser takes it for the end of the text.
    if let Some(at) = text.find('\0') {
        return Err(vec![crate::slip::nul(text, at, file)]);
    }
    let Reader {
        root,
        mut diagnostics,
        ..
    } = Reader::run(text, file);
    let root = root.unwrap_or(Node {
        span: Span::default(),
        content: Content::Null,
    });
    if root.content == Content::Null && diagnostics.is_empty() {
        diagnostics.push(Diagnostic::new(
            "K0001",
            Span {
                line: 1,
                column: 1,
                file,
                ..Span::default()
            },
            "the document is empty",
        ));
    }
    if diagnostics.is_empty() {
        Ok(root)
    } else {
        Err(diagnostics)
    }
}

/// What can be read of a document, whatever is wrong with it: to tell where in it a place is. Keys may be twice in it.
pub(crate) fn partly(text: &str, file: usize) -> Node {
    if let Some(root) = crate::json::read(text, file) {
        return root;
    }
    let mut reader = Reader::run(text, file);
    while let Some(open) = reader.open.pop() {
        let node = match open {
            Open::List(span, items) => Node {
                span,
                content: Content::List(items),
            },
            Open::Map(span, mut members) => {
                let pending = members.key.take().map(|(key, key_span)| Entry {
                    key,
                    key_span,
                    node: Node {
                        span: key_span,
                        content: Content::Null,
                    },
                });
                members.entries.extend(pending);
                Node {
                    span,
                    content: Content::Map(members.entries.into()),
                }
            }
        };
        // What it is in waits for it.
        let _ = reader.close(node);
    }
    reader.root.unwrap_or(Node {
        span: Span::default(),
        content: Content::Null,
    })
}

impl<'a> Reader<'a> {
    /// Reads as far as can be read.
    fn run(text: &'a str, file: usize) -> Self {
        let mut reader = Reader {
            text,
            file,
            offsets: if text.is_ascii() {
                Vec::new()
            } else {
                text.char_indices().map(|(at, _)| at).collect()
            },
            open: Vec::new(),
            root: None,
            diagnostics: Vec::new(),
        };
        for event in Parser::new_from_str(text) {
            let outcome = match event {
                Ok((event, span)) => {
                    let span = reader.span(span.start, span.end);
                    reader.event(event, span)
                }
                Err(error) => {
                    let at = reader.span(*error.marker(), *error.marker());
                    Err(Box::new(crate::slip::explain(text, at, error.info())))
                }
            };
            if let Err(diagnostic) = outcome {
                reader.diagnostics.push(*diagnostic);
                break;
            }
        }
        reader
    }

    fn span(&self, start: Marker, end: Marker) -> Span {
        let offset = |marker: Marker| {
            let at = if self.offsets.is_empty() {
                marker.index()
            } else {
                self.offsets
                    .get(marker.index())
                    .copied()
                    .unwrap_or(self.text.len())
            };
            at.min(self.text.len())
        };
        let (first, last) = (offset(start), offset(end));
        Span {
            start: first,
            end: last.max(first),
            line: start.line(),
            column: start.col() + 1,
            file: self.file,
        }
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Step {
        match event {
            Event::Alias(_) => stop("K0003", span, "aliases are not supported", WRITE_OUT),
            Event::Scalar(text, style, anchor, tag) => {
                self.plain(anchor, tag.is_some(), span)?;
                self.scalar(&text, style, span)
            }
            Event::SequenceStart(anchor, tag) => {
                self.plain(anchor, tag.is_some(), span)?;
                self.open(Open::List(span, Vec::new()), span)
            }
            Event::MappingStart(anchor, tag) => {
                self.plain(anchor, tag.is_some(), span)?;
                self.open(Open::Map(span, Members::default()), span)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let (start, content) = match self.open.pop() {
                    Some(Open::List(start, items)) => (start, Content::List(items)),
                    Some(Open::Map(start, members)) => {
                        (start, Content::Map(members.entries.into()))
                    }
                    None => return stop("K0001", span, "not valid YAML: unbalanced end", ""),
                };
                let span = Span {
                    end: span.end.max(start.start),
                    ..start
                };
                self.close(Node { span, content })
            }
            Event::DocumentStart(_) if self.root.is_some() => {
                let message = "there is a second document in the file";
                stop("K0005", span, message, "keep one document per file")
            }
            _ => Ok(()),
        }
    }

    fn plain(&self, anchor: usize, tagged: bool, span: Span) -> Step {
        if anchor != 0 {
            return stop("K0003", span, "anchors are not supported", WRITE_OUT);
        }
        if tagged {
            let help = "remove the `!` tag; quote a value to make it a string";
            return stop("K0006", span, "YAML tags are not supported", help);
        }
        Ok(())
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, span: Span) -> Step {
        if let Some(Open::Map(
            _,
            Members {
                key: key @ None, ..
            },
        )) = self.open.last_mut()
        {
            *key = Some((text.to_owned(), span));
            return Ok(());
        }
        let content = if style == ScalarStyle::Plain {
            resolve(text)
        } else {
            Content::String(text.to_owned())
        };
        self.close(Node { span, content })
    }

    fn open(&mut self, open: Open, span: Span) -> Step {
        if self.open.len() >= MAX_DEPTH {
            return Err(Box::new(too_deep(span)));
        }
        if let Some(Open::Map(_, Members { key: None, .. })) = self.open.last() {
            return stop("K0001", span, "a key must be a string", "");
        }
        self.open.push(open);
        Ok(())
    }

    fn close(&mut self, node: Node) -> Step {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List(_, items)) => items.push(node),
            Some(Open::Map(_, Members { entries, seen, key })) => {
                let Some((key, key_span)) = key.take() else {
                    return stop("K0001", node.span, "a key must be a string", "");
                };
                if let Some(first) = seen.get(&key) {
                    self.diagnostics.push(twice(&key, key_span, *first));
                } else {
                    seen.insert(key.clone(), key_span);
                }
                entries.push(Entry {
                    key,
                    key_span,
                    node,
                });
            }
        }
        Ok(())
    }
}

/// A plain scalar by YAML's core schema, as JSON has it: hexadecimal, octal and infinite numbers are strings; so are
/// those with a zero before them, which are octal to YAML 1.1, and decimal to YAML 1.2.
pub(crate) fn resolve(text: &str) -> Content {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Content::Null,
        "true" | "True" | "TRUE" => return Content::Bool(true),
        "false" | "False" | "FALSE" => return Content::Bool(false),
        _ => {}
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.')) {
        return Content::String(text.to_owned());
    }
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    let digits = unsigned.strip_prefix('-').unwrap_or(unsigned);
    if digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit()) {
        return Content::String(text.to_owned());
    }
    let number = unsigned
        .parse::<i64>()
        .map(serde_json::Number::from)
        .or_else(|_| unsigned.parse::<u64>().map(serde_json::Number::from))
        .ok()
        .or_else(|| {
            let float = unsigned
                .parse::<f64>()
                .ok()
                .filter(|_| unsigned.contains(|c: char| c.is_ascii_digit()))?;
            serde_json::Number::from_f64(float)
        });
    number.map_or_else(|| Content::String(text.to_owned()), Content::Number)
}
