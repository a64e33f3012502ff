//! Templates of paths, such as `/things/{id}/parts` and `/things/{id}:cancel`.

/// A segment of a template.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// This text.
    Fixed(String),
    /// A variable, between fixed texts that may be empty.
    Variable {
        before: String,
        name: String,
        behind: String,
    },
}

impl Segment {
    /// The segment as a template writes it.
    pub(crate) fn of(text: &str) -> Segment {
        let parts = text.split_once('{').and_then(|(before, rest)| {
            let (name, behind) = rest.split_once('}')?;
            Some((before, name, behind))
        });
        match parts {
            None => Segment::Fixed(text.to_owned()),
            Some((before, name, behind)) => Segment::Variable {
                before: before.to_owned(),
                name: name.to_owned(),
                behind: behind.to_owned(),
            },
        }
    }

    /// The name of the variable that is all of the segment.
    pub(crate) fn variable(&self) -> Option<&str> {
        match self {
            Segment::Variable {
                before,
                name,
                behind,
            } if before.is_empty() && behind.is_empty() => Some(name),
            _ => None,
        }
    }

    /// The name and value of the variable in a segment of a request, decoded; the outer `None` when it is none of these. A
    /// variable between fixed texts is not empty: `:cancel` would be another segment.
    pub(crate) fn value<'a>(&'a self, given: &'a str) -> Option<Option<(&'a str, &'a str)>> {
        match self {
            Segment::Fixed(text) => (text == given).then_some(None),
            Segment::Variable {
                before,
                name,
                behind,
            } => {
                let value = given.strip_prefix(before.as_str())?;
                let value = value.strip_suffix(behind.as_str())?;
                let lacks = value.is_empty() && self.variable().is_none();
                (!lacks).then_some(Some((name, value)))
            }
        }
    }
}

/// The segments of a template.
pub(crate) fn segments(path: &str) -> Vec<Segment> {
    let each = path.split('/').filter(|segment| !segment.is_empty());
    each.map(Segment::of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_what_is_between_the_fixed_texts() {
        let value = |template: &str, given: &str| {
            let segment = Segment::of(template);
            let value = segment.value(given);
            value.map(|value| value.map(|(_, value)| value.to_owned()))
        };
        let some = |text: &str| Some(Some(text.to_owned()));
        assert_eq!(value("a", "a"), Some(None));
        assert_eq!(value("a", "b"), None);
        assert_eq!(value("{id}", "a:b"), some("a:b"));
        assert_eq!(value("{id}", ""), some(""));
        assert_eq!(value("v{id}:b", "v7:b"), some("7"));
        assert_eq!(value("v{id}:b", "v7:b:b"), some("7:b"));
        for given in ["v:b", "7:b", "v7", "v7:bc", "v7:B"] {
            assert_eq!(value("v{id}:b", given), None, "{given}");
        }
        // The fixed texts share no character.
        assert_eq!(value("aa{id}aa", "aaa"), None);
    }
}
