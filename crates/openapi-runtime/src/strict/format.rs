//! The syntax of each format of strings.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::schema::Format;

/// Whether the text has the format.
pub(super) fn has(format: Format, text: &str) -> bool {
    match format {
        Format::Uuid => is_uuid(text),
        Format::DateTime => is_date_time(text),
        Format::Date => is_date(text),
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

/// The decimal number at this place of a text that is known to have digits there.
fn number(text: &str, from: usize, length: usize) -> u32 {
    text.bytes()
        .skip(from)
        .take(length)
        .fold(0, |n, digit| n * 10 + u32::from(digit - b'0'))
}

fn is_date(text: &str) -> bool {
    if !fits(text, "9999-99-99") {
        return false;
    }
    let year = number(text, 0, 4);
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match number(text, 5, 2) {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&number(text, 8, 2))
}

/// RFC 3339, section 5.6. The letters may be of either case, as it says.
fn is_date_time(text: &str) -> bool {
    let Some((date, time)) = text.split_once(['T', 't']) else {
        return false;
    };
    let Some(clock) = time.get(..8).filter(|clock| fits(clock, "99:99:99")) else {
        return false;
    };
    let mut rest = &time[8..];
    if let Some(fraction) = rest.strip_prefix('.') {
        let end = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
        if end.len() == fraction.len() {
            return false;
        }
        rest = end;
    }
    let offset = if matches!(rest, "Z" | "z") {
        0
    } else if fits(rest, "+99:99") || fits(rest, "-99:99") {
        let (hours, minutes) = (number(rest, 1, 2), number(rest, 4, 2));
        if hours > 23 || minutes > 59 {
            return false;
        }
        let minutes = hours * 60 + minutes;
        // Minutes that must be added to come to UTC, kept positive.
        if rest.starts_with('-') {
            minutes
        } else {
            24 * 60 - minutes
        }
    } else {
        return false;
    };
    let (hour, minute, second) = (
        number(clock, 0, 2),
        number(clock, 3, 2),
        number(clock, 6, 2),
    );
    let leap_second = (hour * 60 + minute + offset) % (24 * 60) == 24 * 60 - 1;
    is_date(date) && hour <= 23 && minute <= 59 && (second <= 59 || second == 60 && leap_second)
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
