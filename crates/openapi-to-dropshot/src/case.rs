//! Names in another case: as heck has it, which the other generators use, and in a tenth of the time where they are ASCII.

use heck::{ToSnakeCase, ToUpperCamelCase};

/// As heck's `UpperCamelCase`.
pub(crate) fn upper_camel(name: &str) -> String {
    if !name.is_ascii() {
        return name.to_upper_camel_case();
    }
    let mut camel = String::with_capacity(name.len());
    words(name, |word| {
        let begin = camel.len();
        camel.push_str(word);
        camel[begin..].make_ascii_lowercase();
        camel[begin..=begin].make_ascii_uppercase();
    });
    camel
}

/// As heck's `snake_case`.
pub(crate) fn snake(name: &str) -> String {
    if !name.is_ascii() {
        return name.to_snake_case();
    }
    let mut snake = String::with_capacity(name.len() + 4);
    words(name, |word| {
        if !snake.is_empty() {
            snake.push('_');
        }
        snake.push_str(word);
    });
    snake.make_ascii_lowercase();
    snake
}

/// Tells each word of a name in ASCII, none of them empty. A word ends before a capital behind a small letter, and before
/// the last of several capitals when a small letter is behind it; a digit is neither.
fn words(name: &str, mut tell: impl FnMut(&str)) {
    let bytes = name.as_bytes();
    let mut begin = 0;
    let mut before: Option<u8> = None;
    for (at, byte) in bytes.iter().enumerate() {
        let next = bytes.get(at + 1).copied().unwrap_or_default();
        if !byte.is_ascii_alphanumeric() {
            if begin < at {
                tell(&name[begin..at]);
            }
            (begin, before) = (at + 1, None);
            continue;
        }
        let own = if byte.is_ascii_alphabetic() {
            Some(*byte)
        } else {
            before
        };
        let small = own.is_some_and(|byte| byte.is_ascii_lowercase());
        let capitals = byte.is_ascii_uppercase() && before.is_some_and(|b| b.is_ascii_uppercase());
        if small && next.is_ascii_uppercase() {
            tell(&name[begin..=at]);
            (begin, before) = (at + 1, None);
        } else if capitals && next.is_ascii_lowercase() {
            tell(&name[begin..at]);
            (begin, before) = (at, None);
        } else {
            before = own;
        }
    }
    if begin < name.len() {
        tell(&name[begin..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cased_as_heck_cases_them() {
        // All names of up to seven of these: what matters of a character is which of them it is like.
        let signs = ['a', 'B', '1', '-'];
        let mut names = vec![String::new()];
        let mut longest = names.clone();
        for _ in 0..7 {
            longest = longest
                .iter()
                .flat_map(|name| signs.map(|sign| format!("{name}{sign}")))
                .collect();
            names.extend(longest.iter().cloned());
        }
        names.extend(["Äpfel-straße", "xΣ", "a.b/c d", "HTTPServer2XX"].map(str::to_owned));
        for name in names {
            assert_eq!(upper_camel(&name), name.to_upper_camel_case(), "{name}");
            assert_eq!(snake(&name), name.to_snake_case(), "{name}");
        }
    }
}
