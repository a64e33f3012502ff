//! Formats that draft 7 does not know, as the server reads them.

use jsonschema::{ValidationOptions, Validator};
use serde_json::{Value, json};
use std::net::IpAddr;
use std::sync::LazyLock;

/// A validator of the schema, a JSON Schema of draft 7, that checks formats; `None` when it is no schema.
pub(crate) fn validator(schema: &Value) -> Option<Validator> {
    known(jsonschema::draft7::options()).build(schema).ok()
}

fn known(options: ValidationOptions) -> ValidationOptions {
    options
        .should_validate_formats(true)
        .with_format("duration", is_duration)
        .with_format("uuid", is_uuid)
        .with_format("ip", |text: &str| text.parse::<IpAddr>().is_ok())
        .with_format("byte", is_base64)
        // Of these the server judges the form alone, and no name of the Internet's registries.
        .with_format("hostname", is_hostname)
        .with_format("email", is_email)
        // Draft 7 has them, and the server leaves them to whoever reads them.
        .with_format("regex", |_: &str| true)
        .with_format("json-pointer", |_: &str| true)
        .with_format("relative-json-pointer", |_: &str| true)
        .with_format("uri-template", |_: &str| true)
        .with_format("iri", |_: &str| true)
        .with_format("iri-reference", |_: &str| true)
        .with_format("idn-email", |_: &str| true)
        .with_format("idn-hostname", |_: &str| true)
}

fn is_duration(text: &str) -> bool {
    static DURATION: LazyLock<Option<Validator>> = LazyLock::new(|| {
        let options = jsonschema::draft201909::options().should_validate_formats(true);
        options.build(&json!({ "format": "duration" })).ok()
    });
    let judge = DURATION.as_ref();
    judge.is_none_or(|judge| judge.is_valid(&Value::from(text)))
}

/// RFC 9562: hexadecimal digits in five groups.
fn is_uuid(text: &str) -> bool {
    let groups = text.split('-').map(|group| {
        let digits = group.bytes().all(|b| b.is_ascii_hexdigit());
        digits.then_some(group.len())
    });
    groups.eq([8, 4, 4, 4, 12].map(Some))
}

/// RFC 4648: base64 with its padding.
fn is_base64(text: &str) -> bool {
    let data = text.trim_end_matches('=');
    let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/');
    text.len().is_multiple_of(4) && text.len() - data.len() <= 2 && data.bytes().all(known)
}

/// RFC 1123, of at most 253 characters.
fn is_hostname(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    text.len() <= 253
        && text.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(fits)
        })
}

/// One `@` with something before it, without quotes, and a host name behind it.
fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.split_once('@') else {
        return false;
    };
    let fits = |c: char| !c.is_control() && !c.is_whitespace() && !"\"(),:;<>[\\]".contains(c);
    (1..=64).contains(&local.len()) && local.chars().all(fits) && is_hostname(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_knows_its_texts_from_others() {
        for (format, right, wrong) in [
            ("uuid", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6f2b1c1e"),
            ("ip", "2001:db8::1", "10.0.0"),
            ("byte", "YQ==", "a b"),
            ("duration", "P1D", "1 day"),
            ("hostname", "xn--ab.example", "a_b.example"),
            ("email", "a.@b.example", "\"a b\"@b.example"),
        ] {
            let validator = validator(&json!({ "format": format })).unwrap();
            assert!(validator.is_valid(&json!(right)), "{format}");
            assert!(!validator.is_valid(&json!(wrong)), "{format}");
        }
        for (format, any) in [("regex", "("), ("json-pointer", "a"), ("iri", "ü")] {
            let validator = validator(&json!({ "format": format })).unwrap();
            assert!(validator.is_valid(&json!(any)), "{format} is not judged");
        }
    }
}
