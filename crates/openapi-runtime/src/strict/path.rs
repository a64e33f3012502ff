//! Where in the input something is. A path lives on the stack and becomes text only when there is something to report.

/// The longest name of a member that is quoted, in characters.
const NAME_LENGTH: usize = 64;

pub(super) enum Path<'a> {
    /// The body as a whole.
    Body,
    /// A parameter, by our own name of it.
    Parameter(&'a str),
    /// A member, by the name that the client wrote.
    Member(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl Path<'_> {
    /// The JSON pointer, with the names made printable.
    pub(super) fn pointer(&self) -> String {
        match self {
            Path::Body | Path::Parameter(_) => String::new(),
            Path::Member(parent, name) => {
                let name = printable_name(name).replace('~', "~0").replace('/', "~1");
                format!("{}/{name}", parent.pointer())
            }
            Path::Item(parent, index) => format!("{}/{index}", parent.pointer()),
        }
    }

    /// The name for people.
    pub(super) fn field(&self) -> String {
        match self {
            Path::Body => "body".to_owned(),
            Path::Parameter(name) => (*name).to_owned(),
            Path::Member(Path::Body, name) => named(name),
            Path::Member(parent, name) => format!("{}.{}", parent.field(), named(name)),
            Path::Item(parent, index) => format!("{}[{index}]", parent.field()),
        }
    }
}

/// A member's name for people; one that is empty would not be seen.
fn named(name: &str) -> String {
    if name.is_empty() {
        "\"\"".to_owned()
    } else {
        printable_name(name)
    }
}

/// A name that a client sent, fit to be shown: characters that are not printable are escaped (`\u{202e}`), and what is
/// longer than 64 characters is cut, with an ellipsis.
#[must_use]
pub fn printable_name(name: &str) -> String {
    let mut shown = String::new();
    let mut length = 0;
    let mut kept = 0; // Bytes of `shown` that leave room for the ellipsis.
    for c in name.chars() {
        let before = shown.len();
        if is_printable(c) {
            shown.push(c);
            length += 1;
        } else {
            shown.extend(c.escape_unicode());
            length += shown.len() - before;
        }
        if length < NAME_LENGTH {
            kept = shown.len();
        } else if length > NAME_LENGTH {
            shown.truncate(kept);
            shown.push('…');
            break;
        }
    }
    shown
}

/// Whether the character is visible text or a space: no control character, no bidirectional control, and no other
/// invisible character (joiners and fillers included), separator of lines, tag or noncharacter. The selectors U+FE00 to
/// U+FE0F are let through: they say whether a sign is an emoji.
#[must_use]
pub fn is_printable(c: char) -> bool {
    let invisible = matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
        | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fdd0}'..='\u{fdef}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}'
        | '\u{16fe4}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d159}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}');
    let noncharacter = u32::from(c) & 0xfffe == 0xfffe;
    !c.is_control() && !invisible && !noncharacter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_name_is_seen() {
        let outer = Path::Member(&Path::Body, "");
        assert_eq!(
            (outer.field(), outer.pointer()),
            ("\"\"".into(), "/".into())
        );
        let inner = Path::Member(&outer, "a");
        assert_eq!(
            (inner.field(), inner.pointer()),
            ("\"\".a".into(), "//a".into())
        );
    }

    #[test]
    fn a_name_is_shown_whole_up_to_its_length() {
        let long = "a".repeat(NAME_LENGTH);
        assert_eq!(printable_name(&long), long);
        let cut = format!("{}…", &long[1..]);
        assert_eq!(printable_name(&format!("{long}a")), cut);
    }

    #[test]
    fn what_is_blank_is_not_printable_and_a_space_is() {
        for blank in ['\u{2800}', '\u{16fe4}', '\u{1d159}', '\u{3164}'] {
            assert!(!is_printable(blank), "{}", blank.escape_unicode());
        }
        assert!(is_printable(' ') && is_printable('\u{2801}') && is_printable('é'));
    }

    #[test]
    fn what_is_not_printable_is_what_unicode_calls_unseen_and_three_blanks() {
        let unseen = r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]";
        let unseen = regress::Regex::with_flags(unseen, "u").expect("a pattern");
        let mut octets = [0; 4];
        for c in '\0'..=char::MAX {
            let unseen = unseen.find(c.encode_utf8(&mut octets)).is_some();
            let expected = match c {
                '\u{fe00}'..='\u{fe0f}' => false,
                '\u{2800}' | '\u{16fe4}' | '\u{1d159}' => true,
                _ => unseen,
            };
            assert_eq!(!is_printable(c), expected, "{}", c.escape_unicode());
        }
    }
}
