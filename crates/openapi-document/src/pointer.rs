//! From places to JSON pointers (RFC 6901): where in the document, besides where in its text.

use crate::node::{Content, Node, Span, escape};
use crate::{Source, read};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The pointer that the fragment of a reference stands for (RFC 6901, section 6): its characters may be percent-encoded (RFC 3986).
///
/// # Errors
/// What is wrong with it, and how it is written.
pub(crate) fn of_fragment(fragment: &str) -> Result<Cow<'_, str>, (String, &'static str)> {
    let pointer = match fragment.contains('%') {
        true => Cow::Owned(percent_decoded(fragment)?),
        false => Cow::Borrowed(fragment),
    };
    let mut tildes = pointer.split('~').skip(1);
    match tildes.find(|after| !after.starts_with(['0', '1'])) {
        Some(after) => {
            let next = after.chars().next().map(String::from).unwrap_or_default();
            let help = "in a pointer, `~0` stands for `~`, and `~1` for `/`";
            Err((format!("`~{next}` stands for no character"), help))
        }
        None => Ok(pointer),
    }
}

/// Text whose characters are percent-encoded (RFC 3986), as it is meant.
///
/// # Errors
/// What is wrong with it, and how it is written.
pub(crate) fn percent_decoded(text: &str) -> Result<String, (String, &'static str)> {
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let digits = part
            .get(..2)
            .filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(code) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) else {
            let shown: String = part.chars().take(2).collect();
            let help = "`%` is followed by two hexadecimal digits; `%25` stands for `%` itself";
            return Err((format!("`%{shown}` stands for no character"), help));
        };
        bytes.push(code);
        bytes.extend(part.bytes().skip(2));
    }
    String::from_utf8(bytes).map_err(|_| {
        let help = "percent-encode the bytes of each character in UTF-8, such as `%C3%A9` for `é`";
        (format!("`{text}` is not UTF-8"), help)
    })
}

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
    fn a_fragment_is_percent_decoded_before_it_is_a_pointer() {
        for (fragment, pointer) in [
            ("", ""),
            ("/a~1b/~0", "/a~1b/~0"),
            ("/A%20b", "/A b"),
            ("/~1things~1%7Bid%7D/%C3%A9", "/~1things~1{id}/é"),
            ("/a%2fb", "/a/b"),
            ("/100%25%7e1", "/100%~1"),
        ] {
            assert_eq!(of_fragment(fragment).unwrap(), pointer, "{fragment}");
        }
        for (fragment, wrong) in [
            ("/a%", "`%` stands for no character"),
            ("/a%2", "`%2` stands for no character"),
            ("/a%+1", "`%+1` stands for no character"),
            ("/%zé", "`%zé` stands for no character"),
            ("/%E9", "`/%E9` is not UTF-8"),
            ("/a~b", "`~b` stands for no character"),
            ("/a~", "`~` stands for no character"),
            ("/a%7E2", "`~2` stands for no character"),
        ] {
            assert_eq!(of_fragment(fragment).unwrap_err().0, wrong, "{fragment}");
        }
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
