//! The `Authorization` header (RFC 6750, section 2.1).

use crate::error::Reason;
use crate::token::MAX_TOKEN;

/// The bearer token of a request, from the values of its `Authorization` headers: exactly one, the scheme in any case,
/// one or more spaces, and a `token68` (RFC 9110, section 11.2). Nothing of the token itself is judged.
///
/// # Errors
/// [`Reason::NoHeader`], [`Reason::ManyHeaders`], [`Reason::TooLarge`] or [`Reason::BadHeader`].
pub fn parse_authorization<'a>(
    values: impl IntoIterator<Item = &'a [u8]>,
) -> Result<&'a str, Reason> {
    const SCHEME: &[u8] = b"bearer";
    let mut values = values.into_iter();
    let value = values.next().ok_or(Reason::NoHeader)?;
    if values.next().is_some() {
        return Err(Reason::ManyHeaders);
    }
    let (scheme, rest) = value
        .split_at_checked(SCHEME.len())
        .ok_or(Reason::BadHeader)?;
    let spaces = rest.iter().take_while(|&&octet| octet == b' ').count();
    if !scheme.eq_ignore_ascii_case(SCHEME) || spaces == 0 {
        return Err(Reason::BadHeader);
    }
    let token = &rest[spaces..];
    if token.len() > MAX_TOKEN {
        return Err(Reason::TooLarge);
    }
    let body = token.iter().take_while(|&&octet| is_token68(octet)).count();
    if body == 0 || token[body..].iter().any(|&octet| octet != b'=') {
        return Err(Reason::BadHeader);
    }
    std::str::from_utf8(token).map_err(|_| Reason::BadHeader)
}

fn is_token68(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"-._~+/".contains(&octet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bearer_token_is_found_whatever_the_case_of_its_scheme() {
        for value in [
            "Bearer a.b.c",
            "bearer a.b.c",
            "BEARER a.b.c",
            "bEaReR    a.b.c",
        ] {
            assert_eq!(
                parse_authorization([value.as_bytes()]),
                Ok("a.b.c"),
                "{value}"
            );
        }
        assert_eq!(
            parse_authorization([b"Bearer -._~+/09azAZ==".as_slice()]),
            Ok("-._~+/09azAZ==")
        );
    }

    #[test]
    fn anything_else_is_refused() {
        let refused: [(&[u8], Reason); 16] = [
            (b"", Reason::BadHeader),
            (b"Bearer", Reason::BadHeader),
            (b"Bearer ", Reason::BadHeader),
            (b"Bearera.b.c", Reason::BadHeader),
            (b"Bearer\ta.b.c", Reason::BadHeader),
            (b" Bearer a.b.c", Reason::BadHeader),
            (b"Bearer a.b.c ", Reason::BadHeader),
            (b"Bearer a.b.c, Bearer d.e.f", Reason::BadHeader),
            (b"Bearer a b", Reason::BadHeader),
            (b"Bearer =a", Reason::BadHeader),
            (b"Bearer a=b", Reason::BadHeader),
            (b"Bearer {\"payload\":\"\"}", Reason::BadHeader),
            (b"Bearer a\0b", Reason::BadHeader),
            (b"Bearer caf\xc3\xa9", Reason::BadHeader),
            (b"Basic dXNlcjpwYXNz", Reason::BadHeader),
            (b"Token a.b.c", Reason::BadHeader),
        ];
        for (value, reason) in refused {
            assert_eq!(
                parse_authorization([value]),
                Err(reason),
                "{}",
                value.escape_ascii()
            );
        }
        let largest = format!("Bearer {}", "a".repeat(MAX_TOKEN));
        assert!(parse_authorization([largest.as_bytes()]).is_ok());
        let long = format!("Bearer {}", "a".repeat(MAX_TOKEN + 1));
        assert_eq!(
            parse_authorization([long.as_bytes()]),
            Err(Reason::TooLarge)
        );
        assert_eq!(parse_authorization([]), Err(Reason::NoHeader));
        assert_eq!(
            parse_authorization([b"Bearer a".as_slice(), b"Bearer a"]),
            Err(Reason::ManyHeaders)
        );
    }
}
