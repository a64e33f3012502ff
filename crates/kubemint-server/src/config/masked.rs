//! What is not shown of a configuration's text: a secret that someone wrote into it by mistake. What is told of a mistake goes
//! to a terminal, and to the log of whatever started the server.

/// Words of a key whose value may be a secret. Their files may be shown: they are settings here.
const SECRETS: [&str; 8] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "key",
    "credential",
    "authorization",
];

/// A line as it may be shown, as wide as it is: of its texts, all letters are hidden where any may be a secret.
pub(super) fn line(line: &str, message: &str) -> String {
    if hides(line, message) {
        let mut hidden = Hidden::default();
        line.chars().map(|c| hidden.shown(c)).collect()
    } else {
        line.to_owned()
    }
}

/// A message of the library as it may be shown: without a text that is not what it should be.
pub(super) fn message(message: &str) -> String {
    for (opened, closed) in [
        ("string \"", "\", expected"),
        ("unknown variant `", "`, expected"),
    ] {
        let Some((before, rest)) = message.split_once(opened) else {
            continue;
        };
        // Up to the last: the text may have such words in it.
        if let Some((text, after)) = rest.rsplit_once(closed)
            && !is_harmless(text)
        {
            let opened = opened.trim_end_matches(['"', '`', ' ']);
            return format!(
                "{before}{opened}{}",
                closed.replacen(['"', '`'], "", 1) + after
            );
        }
    }
    message.to_owned()
}

/// Whether the texts of a line may not be shown: they are not settings of this program, or of another type, or stand
/// behind a word that says so.
fn hides(line: &str, message: &str) -> bool {
    let misplaced = [
        "unknown field",
        "unknown variant",
        "invalid type",
        "invalid length",
        "duplicate key",
    ];
    let texts = texts(line);
    let shown = texts.iter().all(|text| is_harmless(text));
    (!shown && misplaced.iter().any(|start| message.starts_with(start)))
        || names_a_secret(line)
        || is_open(line)
        || has_userinfo(line)
}

/// A number, perhaps with a unit, or a word that is short: what is written where something else belongs.
fn is_harmless(text: &str) -> bool {
    let number = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let unit = number.len() <= 3 && number.chars().all(|c| c.is_ascii_lowercase());
    let word = text.len() <= 5 && text.chars().all(char::is_alphabetic);
    (text.len() <= 9 && unit) || word
}

/// Whether a key of the line is called like a secret, and no setting for a file.
fn names_a_secret(line: &str) -> bool {
    let keys = line.split('=').rev().skip(1);
    keys.map(|before| before.trim_end().trim_end_matches(['"', '\'']))
        .map(|before| {
            before
                .rsplit(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
                .next()
        })
        .map(|key| key.unwrap_or_default().to_lowercase())
        .any(|key| {
            let file = key.ends_with("file") || key.ends_with("files");
            !file && SECRETS.iter().any(|secret| key.contains(secret))
        })
}

/// Whether a URL in the line has a user, and so perhaps a password, which may have any sign in it.
fn has_userinfo(line: &str) -> bool {
    let rest = line.split_once("://").map(|(_, rest)| rest);
    rest.is_some_and(|rest| rest.contains('@'))
}

/// Whether a text goes on behind the line, or came from before it.
fn is_open(line: &str) -> bool {
    let mut hidden = Hidden::default();
    line.chars().for_each(|c| {
        hidden.is_text(c);
    });
    hidden.quote.is_some()
}

/// The texts in quotes.
fn texts(line: &str) -> Vec<String> {
    let mut hidden = Hidden::default();
    let (mut texts, mut text) = (Vec::new(), String::new());
    for c in line.chars() {
        if hidden.is_text(c) {
            text.push(c);
        } else if !text.is_empty() {
            texts.push(std::mem::take(&mut text));
        }
    }
    texts.extend(Some(text).filter(|text| !text.is_empty()));
    texts
}

/// What is between quotes of a line, and behind an equals sign without any.
#[derive(Default)]
struct Hidden {
    quote: Option<char>,
    escaped: bool,
    value: bool,
}

impl Hidden {
    fn shown(&mut self, c: char) -> char {
        let bare =
            self.quote.is_none() && self.value && (c.is_alphanumeric() || "-_+/.:@".contains(c));
        if self.is_text(c) || bare { '*' } else { c }
    }

    fn is_text(&mut self, c: char) -> bool {
        let Some(quote) = self.quote else {
            match c {
                '"' | '\'' => self.quote = Some(c),
                '=' => self.value = true,
                ',' | '{' | '[' => self.value = false,
                _ => {}
            }
            return false;
        };
        if std::mem::take(&mut self.escaped) {
            return true;
        }
        self.escaped = quote == '"' && c == '\\';
        if c == quote {
            self.quote = None;
        }
        c != quote
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &str = "CANARY-1fG_x/+=";

    #[test]
    fn a_secret_that_was_written_by_mistake_is_not_shown() {
        for (text, told) in [
            (
                format!("postgres = {{ host = \"db\", password = \"{CANARY}\" }}"),
                "unknown field `password`, expected x",
            ),
            (
                format!("introspection = {{ client_secret = '{CANARY}' }}"),
                "unknown field `client_secret`",
            ),
            (
                format!("credential = \"{CANARY}\""),
                "invalid type: string \"x\", expected a table",
            ),
            (
                format!("postgres = \"postgres://u:{CANARY}@localhost/d\""),
                "whatever",
            ),
            (
                format!("password = {CANARY}"),
                "string values must be quoted",
            ),
            (format!("a = [\"\\\"{CANARY}\""), "duplicate key"),
            (format!("token = \"{CANARY}"), "invalid basic string"),
            (format!("x = \"{CANARY}"), "invalid basic string"),
            (
                format!("credential = {CANARY}"),
                "string values must be quoted",
            ),
        ] {
            let shown = line(&text, told);
            assert!(
                !shown.contains("CANARY") && !shown.contains("1fG"),
                "{shown}"
            );
            assert_eq!(shown.chars().count(), text.chars().count());
            assert!(
                shown.starts_with(text.split('=').next().unwrap()),
                "{shown}"
            );
        }
        for told in [
            format!("invalid type: string \"{CANARY}\", expected u32"),
            format!("invalid type: string \"a\", expected\", expected {CANARY}\", expected u32"),
            format!("unknown variant `{CANARY}`, expected `error` or `warn`"),
        ] {
            let shown = message(&told);
            assert!(
                !shown.contains("CANARY") && shown.contains(", expected "),
                "{shown}"
            );
        }
    }

    #[test]
    fn what_helps_is_shown() {
        for (text, told) in [
            (
                "grace = \"5s\"",
                "invalid type: string \"5s\", expected u32",
            ),
            ("listen = localhost", "invalid value"),
            ("listen = \"127.0.0.1\"", "invalid socket address syntax"),
            (
                "key_file = /etc/kubemint/tls.key",
                "string values must be quoted",
            ),
            (
                "level = \"loud\"",
                "unknown variant `loud`, expected `error`",
            ),
        ] {
            assert_eq!(line(text, told), text);
            assert_eq!(message(told), told);
        }
    }
}
