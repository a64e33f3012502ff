//! What a cluster says of a failure, made fit for the log: one line, bounded, and nothing in it that could be a secret.
//! Its cause is often said nowhere else: the name of an admission policy, of a right, of a namespace.

/// How many characters of it are told.
const LONGEST: usize = 300;

/// The longest unbroken word that is told: names of objects and of users are shorter, tokens and keys are not.
const LONGEST_WORD: usize = 63;

/// How a JWT begins, however short it is.
const JWT: &str = "eyJ";

/// What is shown in place of what is left out.
const LEFT_OUT: &str = "…";

/// A message as it may be logged; `own` is what the service authenticated with, which a message never repeats.
pub(crate) fn fit(message: &str, own: Option<&str>) -> String {
    let message = match own.filter(|own| !own.is_empty()) {
        Some(own) => message.replace(own, LEFT_OUT),
        None => message.to_owned(),
    };
    let mut text = String::new();
    let mut word = String::new();
    // Longer than what is told, since a word is judged whole.
    for char in message.chars().take(LONGEST * 8) {
        if is_of_a_word(char) {
            word.push(char);
            continue;
        }
        end_word(&mut text, &mut word);
        let shown =
            char.is_alphanumeric() || char.is_ascii_punctuation() || LEFT_OUT.contains(char);
        match shown {
            true => text.push(char),
            // Line ends, other control characters, and what turns the direction of writing.
            false if !text.ends_with(' ') => text.push(' '),
            false => {}
        }
    }
    end_word(&mut text, &mut word);
    let text = text.trim();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}{LEFT_OUT}", &text[..end]),
        None => text.to_owned(),
    }
}

/// Whether a character may be of a token, or of a key in base64.
fn is_of_a_word(char: char) -> bool {
    char.is_ascii_alphanumeric() || "-._~+/=".contains(char)
}

fn end_word(text: &mut String, word: &mut String) {
    let secret = word.len() > LONGEST_WORD || word.contains(JWT);
    text.push_str(if secret { LEFT_OUT } else { word });
    word.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubernetes_says_of_a_refusal_is_told_as_it_is() {
        for said in [
            "serviceaccounts is forbidden: User \"system:serviceaccount:kubemint-system:kubemint\" cannot create resource \
             \"serviceaccounts\" in API group \"\" in the namespace \"kubemint-viewer\"",
            "serviceaccounts \"kubeconfig-0123456789ab\" is forbidden: ValidatingAdmissionPolicy 'no-accounts' with binding 'all' \
             denied request: team security says: nö",
            "namespaces \"kubemint-viewer\" not found",
        ] {
            assert_eq!(fit(said, Some("a-token")), said);
        }
    }

    #[test]
    fn no_token_no_line_end_and_no_flood_gets_through() {
        let own = "short-and-opaque";
        assert_eq!(
            fit(&format!("no: Bearer {own}!"), Some(own)),
            "no: Bearer …!"
        );
        assert_eq!(fit("no: eyJhbGciOi.eyJpc3M.c2ln", None), "no: …");
        let key = "A".repeat(64);
        assert_eq!(fit(&format!("no: {key} x"), None), "no: … x");
        assert_eq!(fit("a\r\n\u{1b}[31mb\u{202e}c", None), "a [31mb c");
        let long = fit(&"word ".repeat(10_000), None);
        assert_eq!(long.chars().count(), LONGEST + 1, "{long}");
        // A word that is longer than what is looked at is left out like any other.
        assert_eq!(fit(&"x".repeat(100_000), None), LEFT_OUT);
    }
}
