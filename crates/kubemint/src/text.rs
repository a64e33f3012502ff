//! Which names could deceive the one who reads them.

use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// What the name of a user may not begin with: Kubernetes' own names.
const RESERVED: &str = "system:";

/// Whether a character is not seen, or changes how others are seen: control characters, bidirectional controls, joiners,
/// fillers and other invisible characters, separators of lines, tags and noncharacters (Unicode TR 36, TR 39).
///
/// It is the complement of what the contract calls `x-printable`; a test of the conformance ring compares the two.
#[must_use]
pub fn hides(c: char) -> bool {
    let invisible = matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
        | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fdd0}'..='\u{fdef}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1343f}'
        | '\u{16fe4}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d159}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}');
    let noncharacter = u32::from(c) & 0xfffe == 0xfffe;
    c.is_control() || invisible || noncharacter
}

/// Why a text is no name, as what is said after the word for it (`must not ...`), with the code point and its place.
///
/// ```
/// let flaw = kubemint::text::hidden("a\u{202e}b").unwrap();
/// assert!(flaw.message.ends_with("invisible characters: U+202E is character 2"));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Flaw {
    /// A word for programs.
    pub reason: &'static str,
    /// What is wrong, and where.
    pub message: String,
}

impl Flaw {
    fn of(rule: &str, place: usize, c: char) -> Flaw {
        let (code, place) = (u32::from(c), place + 1);
        Flaw {
            reason: "forbidden_character",
            message: format!("{rule}: U+{code:04X} is character {place}"),
        }
    }
}

/// The first character of a text that [hides].
#[must_use]
pub fn hidden(text: &str) -> Option<Flaw> {
    let (place, c) = text.chars().enumerate().find(|(_, c)| hides(*c))?;
    let rule = "must not have control, bidirectional or invisible characters";
    Some(Flaw::of(rule, place, c))
}

/// Why nobody is a user by this name, whoever says so: a request, or an issuer of its subject.
///
/// Names are compared by their characters, and read by people. So two that differ may not look the same by what is not
/// seen: besides characters that [hide](hides) there are no variation selectors, no blank but U+0020, none at either end,
/// no mark that nothing is under, and no character that each font shows as it likes (what RFC 8264 and RFC 8266 leave of
/// names that are shown, without changing any). Letters of different scripts that look alike are not told apart.
#[must_use]
pub fn flaw_of_user(name: &str) -> Option<Flaw> {
    if name.starts_with(RESERVED) {
        return Some(Flaw {
            reason: "reserved_user",
            message: "must not begin with `system:`, which Kubernetes reserves".to_owned(),
        });
    }
    hidden(name).or_else(|| {
        let last = name.chars().count().saturating_sub(1);
        let flaw = |(place, c)| {
            let rule = deceives(c, place == 0, place == last)?;
            Some(Flaw::of(rule, place, c))
        };
        name.chars().enumerate().find_map(flaw)
    })
}

/// The rule that a character breaks where it stands in a name.
fn deceives(c: char, first: bool, last: bool) -> Option<&'static str> {
    if matches!(c, '\u{fe00}'..='\u{fe0f}') {
        return Some("must not have variation selectors");
    }
    if c == ' ' {
        return (first || last).then_some("must not begin or end with a space");
    }
    if c.is_whitespace() {
        return Some("must not have blanks other than U+0020");
    }
    if c.general_category() == GeneralCategory::PrivateUse {
        return Some("must not have characters of private use");
    }
    let mark = c.general_category_group() == GeneralCategoryGroup::Mark;
    (first && mark).then_some("must not begin with a combining mark")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_hides_nothing_and_what_is_not_does() {
        for seen in "aß漢ا🙂 -_.@/\u{fe0f}".chars() {
            assert!(!hides(seen), "{}", seen.escape_unicode());
        }
        for unseen in
            "\0\n\u{7f}\u{85}\u{ad}\u{180e}\u{200d}\u{202e}\u{2800}\u{3164}\u{feff}\u{ffff}\u{e0001}"
                .chars()
        {
            assert!(hides(unseen), "{}", unseen.escape_unicode());
        }
    }

    #[test]
    fn names_that_people_and_machines_have_are_names_of_users() {
        for name in [
            "alice",
            "alice@example.com",
            "auth0|5f7c8ec7c33c6c004bbafe82",
            "CN=Ada Lovelace, O=Analytical Engines",
            "https://idp.example.com/users/7",
            "José",
            "Jose\u{301}",
            "山田 太郎",
            "हिन्दी",
            "🙂",
            "-",
            "System:admin",
            "ecosystem:a",
        ] {
            assert_eq!(flaw_of_user(name), None, "{name:?}");
        }
    }

    #[test]
    fn a_name_that_looks_like_another_is_refused_by_its_code_point_and_place() {
        let blank = "must not have blanks other than U+0020: ";
        let edge = "must not begin or end with a space: U+0020 is character ";
        let selector = "must not have variation selectors: ";
        let mark = "must not begin with a combining mark: ";
        let unseen = "must not have control, bidirectional or invisible characters: ";
        for (name, rule, rest) in [
            (" alice", edge, "1"),
            ("alice ", edge, "6"),
            (" ", edge, "1"),
            ("al\u{a0}ice", blank, "U+00A0 is character 3"),
            ("\u{3000}alice", blank, "U+3000 is character 1"),
            ("alice\u{2003}", blank, "U+2003 is character 6"),
            ("a\u{1680}b", blank, "U+1680 is character 2"),
            ("alice\u{fe00}", selector, "U+FE00 is character 6"),
            ("alice\u{fe0f}", selector, "U+FE0F is character 6"),
            ("\u{301}", mark, "U+0301 is character 1"),
            ("\u{20dd}a", mark, "U+20DD is character 1"),
            ("\u{93f}a", mark, "U+093F is character 1"),
            (
                "a\u{f8ff}",
                "must not have characters of private use: ",
                "U+F8FF is character 2",
            ),
            ("ä\u{200b}", unseen, "U+200B is character 2"),
            ("a\u{e0041}", unseen, "U+E0041 is character 2"),
            ("\u{3164}", unseen, "U+3164 is character 1"),
            ("a\n", unseen, "U+000A is character 2"),
        ] {
            let flaw = flaw_of_user(name).unwrap_or_else(|| panic!("{name:?} is a name"));
            assert_eq!(flaw.reason, "forbidden_character", "{name:?}");
            assert_eq!(flaw.message, format!("{rule}{rest}"), "{name:?}");
        }
        for reserved in ["system:", "system:admin"] {
            let flaw = flaw_of_user(reserved).expect("it is reserved");
            assert_eq!(flaw.reason, "reserved_user");
        }
    }
}
