//! Which characters of a name could deceive the one who reads it.

/// Whether a character is not seen, or changes how others are seen: control characters, bidirectional controls, joiners,
/// fillers and other invisible characters, separators of lines, tags and noncharacters (Unicode TR 36, TR 39).
///
/// It is the complement of what the contract calls `x-printable`; a test of the conformance ring compares the two. So a
/// subject that a token may have is a `user` that a request may name.
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
}
