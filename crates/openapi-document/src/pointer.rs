//! From places to JSON pointers (RFC 6901): where in the document, besides where in its text.

use crate::node::{Content, Node, Span, escape};
use crate::{Source, read};
use std::collections::BTreeMap;

/// The pointers of places in some files. Each file is read once, when it is first asked for, as far as it can be read.
pub struct Pointers<'a> {
    sources: &'a [Source],
    read: BTreeMap<usize, Node>,
}

impl<'a> Pointers<'a> {
    pub(crate) fn new(sources: &'a [Source]) -> Self {
        Pointers {
            sources,
            read: BTreeMap::new(),
        }
    }

    /// The pointer of what is written at a place, in the file that it is in; of a key, that of its member. Empty: the whole
    /// file. `None` when there is no such file.
    pub fn of(&mut self, span: Span) -> Option<String> {
        let source = self.sources.get(span.file)?;
        let root = self.read.entry(span.file);
        let root = root.or_insert_with(|| read::partly(&source.text, span.file));
        let mut pointer = String::new();
        let mut node = root as &Node;
        while let Some((token, inner)) = step(node, span) {
            pointer.push('/');
            pointer.push_str(&escape(&token));
            match inner {
                Some(inner) => node = inner,
                None => break,
            }
        }
        Some(pointer)
    }
}

/// The member or item of `node` that the place is in; with it its value, if the place may be inside that.
fn step(node: &Node, span: Span) -> Option<(String, Option<&Node>)> {
    match &node.content {
        Content::Map(entries) => {
            let at = entries.partition_point(|entry| entry.key_span.start <= span.start);
            let entry = entries.get(at.checked_sub(1)?)?;
            let (key, value) = (entry.key_span, &entry.node);
            if span.start == key.start {
                // A mapping begins where its first key does.
                let whole = at == 1 && span.start == node.span.start && span.end > key.end;
                return (!whole).then(|| (entry.key.clone(), None));
            }
            let inside = value.span.start > key.start && span.start >= value.span.start;
            Some((entry.key.clone(), inside.then_some(value)))
        }
        Content::List(items) => {
            let at = items.partition_point(|item| item.span.start <= span.start);
            let at = at.checked_sub(1)?;
            Some((at.to_string(), items.get(at)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pointer of the place from the first `from` to the end of the `to` after it.
    fn of(text: &str, from: &str, to: &str) -> String {
        let start = text.find(from).unwrap();
        let end = start + text[start..].find(to).unwrap() + to.len();
        let sources = [Source {
            name: "a.yaml".to_owned(),
            text: text.to_owned(),
        }];
        let span = Span {
            start,
            end,
            ..Span::default()
        };
        Pointers::new(&sources).of(span).unwrap()
    }

    #[test]
    fn keys_values_and_items_have_pointers() {
        let text = "a/b:\n  '~':\n  - name: x\n    in: query\n  - {name: y, in: path}\nc: d\n";
        for (from, to, pointer) in [
            ("a/b", "a/b", "/a~1b"),
            ("'~'", "'~'", "/a~1b/~0"),
            ("name: x", "name", "/a~1b/~0/0/name"),
            ("name: x", "query", "/a~1b/~0/0"),
            ("query", "query", "/a~1b/~0/0/in"),
            ("in: query", "query", "/a~1b/~0/0/in"),
            ("{name", "}", "/a~1b/~0/1"),
            ("path", "path", "/a~1b/~0/1/in"),
            ("c: d", "c", "/c"),
            ("d", "d", "/c"),
        ] {
            assert_eq!(of(text, from, to), pointer, "{from}");
        }
    }

    #[test]
    fn what_is_not_read_to_its_end_has_pointers_too() {
        assert_eq!(of("a:\n  b: 1\n  b: 2\nc: 3\n", "b: 2", "b"), "/a/b");
        let broken = "a:\n  b: [1, 2\nc: 3\n";
        assert_eq!(of(broken, "1", "1"), "/a/b/0");
        assert_eq!(of("- a\n- b: @c\n", "@c", "@"), "/1/b");
        // Of braces that do not end, nothing is read: the place is the whole file.
        assert_eq!(of("{\"a\": {\"b\": \"\n", "\"b\"", "\"b\""), "");
    }

    #[test]
    fn no_file_no_pointer() {
        let span = Span {
            file: 1,
            ..Span::default()
        };
        assert_eq!(Pointers::new(&[]).of(span), None);
    }
}
