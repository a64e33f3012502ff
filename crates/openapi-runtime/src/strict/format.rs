//! The syntax of each format of strings.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::schema::Format;

mod moment;

/// Whether the text has the format.
pub(super) fn has(format: Format, text: &str) -> bool {
    match format {
        Format::Uuid => is_uuid(text),
        Format::DateTime => moment::is_date_time(text),
        Format::Date => moment::is_date(text),
        Format::Time => moment::is_time(text),
        Format::Duration => moment::is_duration(text),
        Format::Uri => is_uri_reference(text) && scheme_length(text).is_some(),
        Format::UriReference => is_uri_reference(text),
        Format::Email => is_email(text),
        Format::Hostname => is_hostname(text),
        Format::Ipv4 => text.parse::<Ipv4Addr>().is_ok(),
        Format::Ipv6 => text.parse::<Ipv6Addr>().is_ok(),
        Format::Ip => text.parse::<std::net::IpAddr>().is_ok(),
        Format::Byte => is_base64(text),
    }
}

/// Whether the text is as long as the mask, with a digit where the mask has `9`, a hexadecimal digit where it has `x`,
/// and the mask's own character elsewhere.
fn fits(text: &str, mask: &str) -> bool {
    text.len() == mask.len()
        && text.bytes().zip(mask.bytes()).all(|(c, m)| match m {
            b'9' => c.is_ascii_digit(),
            b'x' => c.is_ascii_hexdigit(),
            _ => c == m,
        })
}

fn is_uuid(text: &str) -> bool {
    fits(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")
}

/// The length of the scheme before its colon, if there is one.
fn scheme_length(text: &str) -> Option<usize> {
    let end = text.find([':', '/', '?', '#'])?;
    let scheme = &text[..end];
    let valid = text[end..].starts_with(':')
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    valid.then_some(end)
}

/// RFC 3986, section 4.1.
fn is_uri_reference(text: &str) -> bool {
    let after_scheme = match scheme_length(text) {
        Some(length) => &text[length + 1..],
        // A colon in the first segment would make it a scheme, and it is none.
        None if text
            .split(['/', '?', '#'])
            .next()
            .unwrap_or("")
            .contains(':') =>
        {
            return false;
        }
        None => text,
    };
    let (rest, fragment) = after_scheme.split_once('#').unwrap_or((after_scheme, ""));
    let (hierarchy, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = match hierarchy.strip_prefix("//") {
        Some(rest) => rest.split_at(rest.find('/').unwrap_or(rest.len())),
        None => ("", hierarchy),
    };
    is_authority(authority)
        && has_only(path, b":@/")
        && has_only(query, b":@/?")
        && has_only(fragment, b":@/?")
}

fn is_authority(authority: &str) -> bool {
    let (user, host_port) = authority.split_once('@').unwrap_or(("", authority));
    let host_end = match host_port.strip_prefix('[') {
        Some(literal) => literal.find(']').map_or(0, |end| end + 2),
        None => host_port.find(':').unwrap_or(host_port.len()),
    };
    let (host, port) = host_port.split_at(host_end);
    let host_valid = match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        Some(literal) => literal.parse::<Ipv6Addr>().is_ok(),
        None => has_only(host, b""),
    };
    let port_valid = match port.strip_prefix(':') {
        Some(port) => port.bytes().all(|b| b.is_ascii_digit()),
        None => port.is_empty(),
    };
    has_only(user, b":") && host_valid && port_valid
}

/// Whether the text has only unreserved characters, sub-delimiters, percent-encoded octets, and the `extra` ones.
fn has_only(text: &str, extra: &[u8]) -> bool {
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        let valid = match b {
            b'%' => [bytes.next(), bytes.next()]
                .iter()
                .all(|digit| digit.is_some_and(|d| d.is_ascii_hexdigit())),
            b'-' | b'.' | b'_' | b'~' => true,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' => true,
            _ => b.is_ascii_alphanumeric() || extra.contains(&b),
        };
        if !valid {
            return false;
        }
    }
    true
}

fn is_hostname(text: &str) -> bool {
    text.len() <= 253
        && text.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
}

fn is_email(text: &str) -> bool {
    let Some((local, host)) = text.split_once('@') else {
        return false;
    };
    (1..=64).contains(&local.len())
        && local
            .chars()
            .all(|c| super::is_printable(c) && !c.is_whitespace() && !"\"(),:;<>[\\]".contains(c))
        && is_hostname(host)
}

fn is_base64(text: &str) -> bool {
    let data = text.trim_end_matches('=');
    text.len().is_multiple_of(4)
        && text.len() - data.len() <= 2
        && data
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
}
