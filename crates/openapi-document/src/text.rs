//! K0001: bytes to text. A document is UTF-8, and no larger than any that is referred to.

use crate::{Diagnostic, Diagnostics, MAX_FILE, Source, Span};
use std::sync::Arc;

/// The text in `bytes`, which are those of the file `name`.
///
/// # Errors
/// A diagnosis of the first byte that is not UTF-8, or of more than [`MAX_FILE`] bytes.
pub fn decoded(name: &str, bytes: Vec<u8>) -> Result<String, Diagnostics> {
    if bytes.len() as u64 > MAX_FILE {
        return Err(too_large(name, &bytes));
    }
    let error = match String::from_utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(error) => error,
    };
    let valid = error.utf8_error().valid_up_to();
    let bytes = error.as_bytes();
    // What is excerpted has a sign for each byte that is no text; before the first, the text is as it is.
    let text = String::from_utf8_lossy(bytes).into_owned();
    let before = text.get(..valid).unwrap_or_default();
    let span = Span {
        start: valid,
        end: valid + char::REPLACEMENT_CHARACTER.len_utf8(),
        line: before.matches('\n').count() + 1,
        column: before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1,
        file: 0,
    };
    let wide = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    let diagnostic = if wide {
        Diagnostic::new("K0001", span, "the file is UTF-16").help("save it as UTF-8")
    } else {
        let byte = bytes.get(valid).copied().unwrap_or_default();
        let help = match char::from(byte) {
            letter if letter.is_alphabetic() => {
                format!("save the file as UTF-8; in Latin-1, this byte is `{letter}`")
            }
            _ => "save the file as UTF-8".to_owned(),
        };
        Diagnostic::new("K0001", span, "the file is not UTF-8")
            .label(format!("the byte 0x{byte:02X}"))
            .help(help)
    };
    let name = name.to_owned();
    let mut found = Diagnostics::new(Arc::new(vec![Source { name, text }]));
    found.push(diagnostic);
    Err(found)
}

fn too_large(name: &str, bytes: &[u8]) -> Diagnostics {
    let first = bytes
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let shown = first.get(..80).unwrap_or(first);
    let (name, text) = (name.to_owned(), String::from_utf8_lossy(shown).into_owned());
    let span = Span {
        line: 1,
        column: 1,
        ..Span::default()
    };
    let message = format!("the file is larger than {} MiB", MAX_FILE >> 20);
    let diagnostic = Diagnostic::new("K0001", span, message)
        .label(format!("{} bytes", bytes.len()))
        .help("move parts of it to files beside it, and refer to them");
    let mut found = Diagnostics::new(Arc::new(vec![Source { name, text }]));
    found.push(diagnostic);
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail")]

    use super::decoded;

    #[test]
    fn the_first_byte_that_is_no_text_is_told_where_it_is() {
        let latin = b"openapi: 3.0.3\ninfo:\n  title: \xe4hm\n".to_vec();
        let found = decoded("a.yaml", latin).unwrap_err();
        assert_eq!(found.places(), ["a.yaml:3:10 K0001"]);
        assert!(found.render(false).contains("in Latin-1, this byte is `ä`"));
    }

    #[test]
    fn a_file_that_is_too_large_is_not_read() {
        let size = usize::try_from(super::MAX_FILE).unwrap() + 1;
        let found = decoded("a.yaml", vec![b' '; size]).unwrap_err();
        assert_eq!(found.places(), ["a.yaml:1:1 K0001"]);
        assert!(found.render(false).contains("larger than 64 MiB"));
    }

    #[test]
    fn sixteen_bits_are_told_as_such_and_utf_8_is_read() {
        let wide = decoded("a.yaml", vec![0xff, 0xfe, b'o', 0]).unwrap_err();
        assert!(wide.render(false).contains("the file is UTF-16"));
        assert_eq!(decoded("a.yaml", "ä".into()).unwrap(), "ä");
    }
}
