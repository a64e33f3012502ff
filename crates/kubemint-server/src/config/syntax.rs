//! What is told of a file that is not TOML, or has a setting that does not exist or a value of a wrong type.

use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue, Deserializer, Error};

use super::told::{nearest, told};

/// The most mistakes that are told in one run.
const MOST: usize = 20;

/// What was read of a text.
pub(super) struct Read<T> {
    /// As if what is wrong were not there; `None` if nothing is left then.
    pub(super) value: Option<T>,
    /// What is wrong, in the order of the text, each as [`told`].
    pub(super) told: Vec<String>,
    gone: Vec<Gone>,
}

/// A setting, or an element of a list, that is left out since it is wrong.
struct Gone {
    /// Where its key or its value is.
    span: Range<usize>,
    /// Where the table is that it is in; `None` for the whole text.
    owner: Option<Range<usize>>,
    /// Its key; `None` for an element.
    key: Option<String>,
    /// Its table's key path, with a dot at the end unless it is the whole text.
    prefix: String,
    /// The key that was meant instead, perhaps.
    meant: Option<String>,
    /// Whether there is no such setting.
    unknown: bool,
}

/// Reads a text. Of what is wrong, all is found that can be: after a mistake it goes on as if that setting were not there.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Read<T> {
    let (root, broken) = DeTable::parse_recoverable(text);
    let whole = root.span();
    let mut wrong: Vec<Error> = Vec::new();
    let mut gone: Vec<Gone> = Vec::new();
    let value = loop {
        let mut root = DeTable::parse_recoverable(text).0;
        for gone in &gone {
            remove(root.get_mut(), &gone.span);
        }
        let error = match T::deserialize(Deserializer::from(root)) {
            Ok(value) => break Some(value),
            Err(error) => error,
        };
        let span = error.span().filter(|span| *span != whole);
        let found = span
            .clone()
            .and_then(|span| Gone::find(text, &span, &error));
        if !follows(&error, span.as_ref(), &gone) && is_sure(found.as_ref(), &broken) {
            wrong.push(error);
        }
        match found {
            Some(found)
                if wrong.len() < MOST && gone.iter().all(|gone| gone.span != found.span) =>
            {
                gone.push(found);
            }
            _ => break None,
        }
    };
    // Of what is no TOML, nothing follows for the values.
    let value = value.filter(|_| broken.is_empty());
    let broken = broken.into_iter().filter(|error| !is_meant(error, &gone));
    let mut all: Vec<Error> = one_a_line(text, broken).chain(wrong).collect();
    all.sort_by_key(|error| error.span().map(|span| span.start));
    Read {
        value,
        told: all.iter().map(|error| told(text, error)).collect(),
        gone,
    }
}

/// Whether a setting is missing since it was taken away, or may be the one that is misspelt.
fn follows(error: &Error, owner: Option<&Range<usize>>, gone: &[Gone]) -> bool {
    let rest = error.message().strip_prefix("missing field `");
    let Some((name, _)) = rest.and_then(|rest| rest.split_once('`')) else {
        return false;
    };
    let beside = gone.iter().filter(|gone| gone.owner.as_ref() == owner);
    beside
        .into_iter()
        .any(|gone| gone.unknown || gone.key.as_deref() == Some(name))
}

/// Whether a mistake is one, whatever it means that the text is no TOML: a table of its own that does not exist, and nearly
/// has the name of one that does.
fn is_sure(found: Option<&Gone>, broken: &[Error]) -> bool {
    let named = |gone: &Gone| gone.owner.is_none() && gone.meant.is_some();
    broken.is_empty() || found.is_some_and(named)
}

/// Whether a key may be there twice only because a list before it is misspelt: `[[cluster]]`, and `[clusters.roles.x]` of it.
fn is_meant(error: &Error, gone: &[Gone]) -> bool {
    let misspelt = |gone: &Gone| gone.owner.is_none() && gone.meant.is_some();
    error.message().starts_with("duplicate key") && gone.iter().any(misspelt)
}

/// The first mistake of each line: those after it come from it.
fn one_a_line(text: &str, errors: impl Iterator<Item = Error>) -> impl Iterator<Item = Error> {
    let mut last = None;
    let first = errors.filter(move |error| {
        let line = error.span().map(|span| line_of(text, span.start));
        let is_first = line.is_none() || line != last;
        last = line;
        is_first
    });
    first.take(MOST)
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes()
        .take(offset)
        .filter(|byte| *byte == b'\n')
        .count()
}

impl<T> Read<T> {
    /// Whether a problem of the value is one of the text too: no element is missing before the one that it names, and it
    /// names nothing that is left out or misspelt.
    pub(super) fn stands(&self, problem: &str) -> bool {
        self.gone.iter().all(|gone| {
            let names = |key: &str| problem.contains(&format!("{}{key}", gone.prefix));
            match &gone.key {
                Some(key) => !names(key) && !gone.meant.as_deref().is_some_and(names),
                None => !names(""),
            }
        })
    }
}

impl Gone {
    /// The setting or element whose key or value is at a place.
    fn find(text: &str, span: &Range<usize>, error: &Error) -> Option<Self> {
        let root = DeTable::parse_recoverable(text).0;
        let mut found = locate(root.get_ref(), None, "", span)?;
        found.unknown = error.message().starts_with("unknown field");
        found.meant = nearest(error.message());
        Some(found)
    }

    fn new(span: &Range<usize>, owner: Option<Range<usize>>, prefix: String) -> Self {
        Self {
            span: span.clone(),
            owner,
            key: None,
            prefix,
            meant: None,
            unknown: false,
        }
    }
}

fn locate(
    table: &DeTable<'_>,
    owner: Option<Range<usize>>,
    prefix: &str,
    span: &Range<usize>,
) -> Option<Gone> {
    for (key, value) in table.iter() {
        if is_at(key, value, span) {
            let key = Some(key.get_ref().to_string());
            let gone = Gone::new(span, owner, prefix.to_owned());
            return Some(Gone { key, ..gone });
        }
        let path = format!("{prefix}{}", key.get_ref());
        if let Some(found) = locate_in(value, &path, span) {
            return Some(found);
        }
    }
    None
}

fn locate_in(value: &Spanned<DeValue<'_>>, path: &str, span: &Range<usize>) -> Option<Gone> {
    match value.get_ref() {
        DeValue::Table(table) => locate(table, Some(value.span()), &format!("{path}."), span),
        DeValue::Array(array) => array.iter().enumerate().find_map(|(index, element)| {
            if element.span() == *span {
                // Those after it move up, so that no place in the list is what it was.
                return Some(Gone::new(span, Some(value.span()), format!("{path}[")));
            }
            locate_in(element, &format!("{path}[{index}]"), span)
        }),
        _ => None,
    }
}

/// Whether it is this setting whose key or value is at a place. A list of tables is where its first is, which is meant then.
fn is_at(key: &Spanned<DeString<'_>>, value: &Spanned<DeValue<'_>>, span: &Range<usize>) -> bool {
    let first = value.get_ref().as_array().and_then(|array| array.first());
    let is_first = first.is_some_and(|first| first.span() == *span);
    key.span() == *span || (value.span() == *span && !is_first)
}

/// Takes the setting or element away whose key or value is at a place; whether there is one.
fn remove(table: &mut DeTable<'_>, span: &Range<usize>) -> bool {
    let found = table
        .iter()
        .find(|(key, value)| is_at(key, value, span))
        .map(|(key, _)| key.get_ref().to_string());
    match found {
        Some(key) => table.remove(key.as_str()).is_some(),
        None => table.iter_mut().any(|(_, value)| within(value, span)),
    }
}

fn within(value: &mut Spanned<DeValue<'_>>, span: &Range<usize>) -> bool {
    match value.get_mut() {
        DeValue::Table(table) => remove(table, span),
        DeValue::Array(array) => {
            if array.iter().any(|element| element.span() == *span) {
                let others = array.iter().filter(|element| element.span() != *span);
                *array = others.cloned().collect();
                return true;
            }
            array.iter_mut().any(|value| within(value, span))
        }
        _ => false,
    }
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
        let told = read::<File>(text).told;
        assert_eq!(told.len(), 1, "{told:?}");
        told.concat()
    }

    #[test]
    fn one_mistake_hides_no_other() {
        let text = "lisen = 1\ngrace = \"x\"\nlisten = 3\n[[other]]\na = 1\n";
        let told = read::<File>(text).told;
        let places: Vec<_> = told
            .iter()
            .map(|told| told.split(": ").next().unwrap())
            .collect();
        assert_eq!(places.len(), 4, "{told:?}");
        for place in ["1:1", "2:9", "3:10", "4:3"] {
            assert!(places.contains(&place), "{place}: {told:?}");
        }
        assert!(read::<File>("listen = \"x\"\n").told.is_empty());
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Fleet {
        #[serde(default)]
        server: Server,
        #[serde(default)]
        clusters: Vec<One>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Server {
        listen: Option<std::net::SocketAddr>,
        grace: Option<u32>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct One {
        id: String,
        url: String,
        roles: Option<std::collections::BTreeMap<String, Server>>,
    }

    /// Where mistakes are, and the first words of each.
    fn places(text: &str) -> Vec<String> {
        let read = read::<Fleet>(text);
        let first = |told: &String| told.lines().next().unwrap().to_owned();
        read.told.iter().map(first).collect()
    }

    #[test]
    fn what_an_element_lacks_hides_nothing_after_it() {
        let text = "[server]\ngrce = 1\n[[clusters]]\nidd = \"a\"\nurl = 5\n[[clusters]]\nid = \"b\"\n\
                    [[clusters]]\nid = 1\nurl = \"c\"\n[log]\n";
        let told = places(text);
        let expected = [
            "2:1: unknown field `grce`",
            "4:1: unknown field `idd`",
            "5:7: invalid type: integer",
            "6:1: missing field `url`",
            "9:6: invalid type: integer",
            "11:2: unknown field `log`",
        ];
        assert_eq!(told.len(), expected.len(), "{told:?}");
        for (told, expected) in told.iter().zip(expected) {
            assert!(told.starts_with(expected), "{told:?}");
        }
    }

    #[test]
    fn a_misspelt_list_is_told_as_that_although_its_own_tables_make_another() {
        let text = "[[cluster]]\nid = \"a\"\n[clusters.roles.x]\n[[clusters]]\nid = \"b\"\nurl = \"c\"\n[clusters.roles.x]\n";
        let told = places(text);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].starts_with("1:3: unknown field `cluster`"),
            "{told:?}"
        );
        assert!(told[0].ends_with("; `clusters`, perhaps?"), "{told:?}");
        let twice = places("[server]\ngrace = 1\ngrace = 2\n");
        assert!(twice[0].starts_with("3:1: duplicate key"), "{twice:?}");
    }

    #[test]
    fn a_name_where_an_address_belongs_is_told_what_to_write() {
        for text in ["localhost:8443", "127.0.0.1", "8443"] {
            let told = places(&format!("[server]\nlisten = \"{text}\"\n"));
            assert!(
                told[0].starts_with("2:10: invalid socket address syntax; write IP:PORT"),
                "{told:?}"
            );
        }
    }

    #[test]
    fn problems_of_what_is_left_out_are_none() {
        let read = read::<Fleet>("[server]\ngrce = 1\nlisten = \"x\"\n[[clusters]]\nid = \"a\"\n");
        assert!(read.value.is_some());
        for (problem, stands) in [
            ("server.listen: is missing", false),
            ("internal.listen: 1 is server.listen too", false),
            ("server.grace: is too long", false),
            ("server.drain: is too long", true),
            ("clusters[0].url: is none", false),
        ] {
            assert_eq!(read.stands(problem), stands, "{problem}");
        }
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
            for told in read::<File>(text).told {
                assert!(told.starts_with("1:"), "{text:?}: {told:?}");
            }
        }
    }

    #[test]
    fn a_value_of_a_wrong_type_is_told_with_its_place() {
        let told = told_of("\n\n  grace = \"5s\"\n");
        assert!(
            told.starts_with(
                "3:11: invalid type: string \"5s\", expected a whole number, without quotes\n"
            ),
            "{told}"
        );
        assert!(told.ends_with("  |           ^^^^"), "{told}");
    }
}
