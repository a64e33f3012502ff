//! Where in the file a setting is: key paths, as problems name them, become lines and columns.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A parsed file, for looking places up.
pub(super) struct Places<'a> {
    text: &'a str,
    root: Option<Spanned<DeTable<'a>>>,
}

impl<'a> Places<'a> {
    /// Of a text. One that is no TOML has no places.
    pub(super) fn of(text: &'a str) -> Self {
        let root = DeTable::parse(text).ok();
        Self { text, root }
    }

    /// `LINE:COLUMN:` and a blank for a problem that begins with a key path, such as `clusters[0].api_url: ...`; the blank
    /// alone where nothing of that path is written. For a setting that is absent it is the place of the table that lacks it.
    pub(super) fn before(&self, problem: &str) -> String {
        let end = problem
            .find(|c: char| c.is_whitespace() || c == ':')
            .unwrap_or(problem.len());
        match self.offset(&problem[..end]) {
            Some(offset) => format!("{}: ", line_and_column(self.text, offset)),
            None => " ".to_owned(),
        }
    }

    /// The offset of the longest beginning of a key path that is written.
    fn offset(&self, path: &str) -> Option<usize> {
        let mut table = self.root.as_ref()?.get_ref();
        let mut found = None;
        for segment in path.split('.') {
            let (name, indices) = match segment.split_once('[') {
                Some((name, indices)) => (name, indices),
                None => (segment, ""),
            };
            let Some((key, value)) = table.iter().find(|(key, _)| key.get_ref() == name) else {
                break;
            };
            found = Some(key.span().start);
            let mut value = value;
            for index in indices.split('[').filter(|index| !index.is_empty()) {
                let index: usize = index.trim_end_matches(']').parse().ok()?;
                let Some(element) = value.get_ref().as_array().and_then(|all| all.get(index))
                else {
                    return found;
                };
                found = Some(element.span().start);
                value = element;
            }
            match value.get_ref() {
                DeValue::Table(inner) => table = inner,
                _ => break,
            }
        }
        found
    }
}

/// `LINE:COLUMN` of an offset, both from 1, the column in characters.
pub(super) fn line_and_column(text: &str, offset: usize) -> String {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default();
    format!("{line}:{}", column.chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[server]\nlisten = \"x\"\ntls = { cert_file = \"é\", key_file = \"k\" }\n\n\
                        [[clusters]]\nid = \"a\"\n[clusters.roles.viewer]\nnamespaces = [\"a\",\n  \"b\"]\n\
                        [[clusters]]\nid = \"b\"\n";

    #[test]
    fn a_key_path_leads_to_the_key_or_to_the_table_that_lacks_it() {
        let places = Places::of(TEXT);
        for (problem, place) in [
            ("server.listen: is bad", "2:1: "),
            ("server.listen is bad", "2:1: "),
            ("server.grace: is bad", "1:2: "),
            ("server.tls.key_file: is bad", "3:26: "),
            ("clusters[0].id: is bad", "6:1: "),
            ("clusters[0].roles.viewer.namespaces[1]: is bad", "9:3: "),
            ("clusters[1]: is bad", "10:1: "),
            ("clusters[1].api_url: is bad", "10:1: "),
            ("clusters[7]: is bad", "5:3: "),
            ("issuers: there is none", " "),
            ("something else", " "),
            ("", " "),
        ] {
            assert_eq!(places.before(problem), place, "{problem}");
        }
        assert_eq!(Places::of("no = = toml").before("no: x"), " ");
    }
}
