//! K0001 of a file that is JSON by its name: what is no JSON in it, and what to write instead.

use crate::Diagnostic;
use crate::node::Span;

/// Words of other languages that stand for a value of JSON.
const WORDS: [(&str, &str); 12] = [
    ("True", "true"),
    ("TRUE", "true"),
    ("yes", "true"),
    ("on", "true"),
    ("False", "false"),
    ("FALSE", "false"),
    ("no", "false"),
    ("off", "false"),
    ("None", "null"),
    ("Null", "null"),
    ("nil", "null"),
    ("undefined", "null"),
];

/// What is no JSON.
#[derive(Clone, Copy)]
pub(super) enum Slip<'a> {
    /// Nothing at all.
    Empty,
    /// A text that does not begin as JSON does.
    Foreign,
    /// Something after the value of the document.
    More,
    /// `// ...`, `/* ... */` or `# ...`.
    Comment,
    /// A comma before what closes.
    LastComma(char),
    /// A comma after a comma.
    SecondComma,
    /// No comma before the next member or item, which is there.
    NoComma(Span),
    /// No colon between a key and its value.
    NoColon,
    /// A key without quotes.
    BareKey(&'a str),
    /// A character where a key begins.
    NoKey(char),
    /// A text in single quotes.
    SingleQuotes,
    /// A value that is no word of JSON.
    Word(&'a str),
    /// A number that JSON writes otherwise.
    Number(&'a str),
    /// A number beyond all doubles.
    TooLarge,
    /// A character where a value begins.
    NoValue(char),
    /// A text that goes on in the next line.
    OpenText,
    /// A control character in a text.
    Control(u8),
    /// A backslash before a character that has no meaning after it.
    Escape(char),
    /// One half of a pair of `\u`.
    HalfPair,
    /// A bracket that closes another one.
    Crossed(Span, char),
    /// A bracket that nothing closes, or that something else closes by its indentation.
    Unclosed(Span, char),
}

impl Slip<'_> {
    /// The diagnosis of the slip at `span`.
    pub(super) fn told(self, span: Span) -> Diagnostic {
        let told = |what: &str| Diagnostic::new("K0001", span, format!("not valid JSON: {what}"));
        match self {
            Slip::Empty => Diagnostic::new("K0001", span, "the document is empty"),
            Slip::Foreign => told("a document begins with `{`")
                .help("the file is read as JSON for its name; call it `.yaml` if it is YAML"),
            Slip::More => told("something comes after the end of the document")
                .help("remove it, or the bracket that closes too much before it"),
            Slip::Comment => told("there are no comments").help(
                "write it into a `description`, remove it, or keep the document as YAML, where `#` begins one",
            ),
            Slip::LastComma(closing) => {
                told(&format!("no `,` stands before `{closing}`")).help("remove the `,`")
            }
            Slip::SecondComma => told("nothing stands between two `,`").help("remove one of them"),
            Slip::NoComma(next) => told("a `,` is missing")
                .label("write `,` here")
                .related(next, "before this"),
            Slip::NoColon => told("a `:` is missing between a key and its value")
                .help("write `\"key\": value`"),
            Slip::BareKey(key) => {
                told("a key is in double quotes").help(format!("write `\"{key}\"`"))
            }
            Slip::NoKey(sign) => {
                told(&format!("a key cannot begin with `{sign}`")).help("write `\"key\": value`")
            }
            Slip::SingleQuotes => told("a text is in double quotes")
                .help("write `\"` for both of its quotes, and `\\\"` for one inside"),
            Slip::Word(word) => {
                let meant = WORDS.iter().find(|(other, _)| *other == word);
                let help = match meant {
                    Some((_, meant)) => format!("write `{meant}`, or `\"{word}\"` for a text"),
                    None => format!("write `\"{word}\"`: a text is in double quotes"),
                };
                told(&format!("`{word}` is no value")).help(help)
            }
            Slip::Number(word) => {
                told(&format!("`{word}` is no number")).help(match mended(word) {
                    Some(number) => format!("write `{number}`, or `\"{word}\"` for a text"),
                    None => format!("write digits alone, as in `12` or `-1.5e3`, or `\"{word}\"` for a text"),
                })
            }
            Slip::TooLarge => told("the number is larger than any that programs hold")
                .help("the greatest is about 1.8e308"),
            Slip::NoValue(sign) => told(&format!("a value cannot begin with `{sign}`"))
                .help("write a value, such as `null`, a number, or a text in double quotes"),
            Slip::OpenText => told("the text is not closed on its line")
                .help("close it with `\"`; a line feed inside a text is `\\n`"),
            Slip::Control(byte) => {
                let (name, written) = match byte {
                    b'\t' => ("a tab".to_owned(), "\\t".to_owned()),
                    _ => (format!("the character {byte:#04x}"), format!("\\u{byte:04x}")),
                };
                told(&format!("{name} stands in a text as it is")).help(format!("write `{written}`"))
            }
            Slip::Escape(sign) => told(&format!("`\\{sign}` has no meaning")).help(format!(
                "write `\\\\{sign}` for a backslash before `{sign}`, as in patterns"
            )),
            Slip::HalfPair => told("one half of a character of two `\\u`")
                .help("write both halves, such as `\\ud83d\\ude00`, or the character itself"),
            Slip::Crossed(open, sign) => told(&format!("this closes a `{sign}`"))
                .related(open, "opened here")
                .help(format!("close it with `{}` first", closing(sign))),
            Slip::Unclosed(end, sign) => told(&format!("this `{sign}` is not closed"))
                .related(end, "here the text stops to make sense")
                .help(format!("close it with `{}`", closing(sign))),
        }
    }
}

fn closing(sign: char) -> char {
    if sign == '{' { '}' } else { ']' }
}

/// The number as JSON writes it.
fn mended(word: &str) -> Option<String> {
    let (sign, digits) = match word.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", word.strip_prefix('+').unwrap_or(word)),
    };
    if let Some(hexadecimal) = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
    {
        let number = u64::from_str_radix(hexadecimal, 16).ok()?;
        return Some(format!("{sign}{number}"));
    }
    let (whole, rest) = digits.split_at(digits.find(['.', 'e', 'E']).unwrap_or(digits.len()));
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let rest = rest.strip_suffix('.').unwrap_or(rest);
    let number = format!("{sign}{whole}{rest}");
    super::is_number(&number).then_some(number)
}
