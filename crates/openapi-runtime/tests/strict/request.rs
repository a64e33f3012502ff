//! Every class of hostile request shape, against the request of a documented operation.

use openapi_runtime::schema::Schema;
use openapi_runtime::strict::{Limits, decode, reason};
use serde_json::json;

use super::{REQUEST, refusals};

#[test]
fn well_formed_requests_are_decoded_to_what_they_say() {
    for (body, value) in [
        (r#"{}"#, json!({})),
        (
            r#"{"user": "<string>", "role": "<string>", "ttl": 123}"#,
            json!({"user": "<string>", "role": "<string>", "ttl": 123}),
        ),
        (
            " \r\n\t{\"id\" : \"a-1\" ,\n\"user\":\"\\u00e9\\uD83D\\uDE00 \\\"\\/\\\\\"} \n",
            json!({"id": "a-1", "user": "é😀 \"/\\"}),
        ),
        (
            r#"{"ttl":9223372036854775807,"\u0075ser":"ann"}"#,
            json!({"ttl": i64::MAX, "user": "ann"}),
        ),
    ] {
        assert_eq!(
            decode(body.as_bytes(), &REQUEST, Limits::DEFAULT),
            Ok(value)
        );
    }
}

#[test]
fn each_class_of_hostile_shape_is_refused_at_its_place_for_its_reason() {
    let long = |n: usize| "x".repeat(n);
    let table: &[(String, &str, &str)] = &[
        // No document, or more than one.
        (String::new(), "", reason::EMPTY_BODY),
        (" \r\n\t".into(), "", reason::EMPTY_BODY),
        (r#"{} {}"#.into(), "", reason::TRAILING_DATA),
        (r#"{}x"#.into(), "", reason::TRAILING_DATA),
        (r#"{},"#.into(), "", reason::TRAILING_DATA),
        ("{}\0".into(), "", reason::TRAILING_DATA),
        ("{}\u{a0}".into(), "", reason::TRAILING_DATA),
        ("\u{feff}{}".into(), "", reason::BYTE_ORDER_MARK),
        ("{}\u{feff}".into(), "", reason::TRAILING_DATA),
        // Not JSON.
        ("ttl=60".into(), "", reason::NOT_JSON),
        ("---\nttl: 60\n".into(), "", reason::NOT_JSON),
        (r#"{"ttl":60"#.into(), "", reason::NOT_JSON),
        (r#"{"ttl":60,}"#.into(), "", reason::NOT_JSON),
        (r#"{"ttl" 60}"#.into(), "/ttl", reason::NOT_JSON),
        (r#"{ttl:60}"#.into(), "", reason::NOT_JSON),
        (r#"{'ttl':60}"#.into(), "", reason::NOT_JSON),
        (r#"{"ttl":60/**/}"#.into(), "", reason::NOT_JSON),
        (r#"{"ttl":NaN}"#.into(), "/ttl", reason::NOT_JSON),
        (r#"{"ttl":Infinity}"#.into(), "/ttl", reason::NOT_JSON),
        (r#"{"ttl":+60}"#.into(), "/ttl", reason::NOT_JSON),
        (r#"{"ttl":060}"#.into(), "/ttl", reason::NOT_JSON),
        (r#"{"ttl":0x3c}"#.into(), "", reason::NOT_JSON),
        (r#"{"ttl":60.}"#.into(), "/ttl", reason::NOT_JSON),
        (r#"{"ttl":.5}"#.into(), "/ttl", reason::NOT_JSON),
        (r#"{"ttl":1e}"#.into(), "/ttl", reason::NOT_JSON),
        (r#"{"ttl":-}"#.into(), "/ttl", reason::NOT_JSON),
        (r#"{"ttl":TRUE}"#.into(), "/ttl", reason::NOT_JSON),
        (r#"{"user":"a}"#.into(), "/user", reason::NOT_JSON),
        (r#"{"user":"\x41"}"#.into(), "/user", reason::NOT_JSON),
        (r#"{"user":"\u00g0"}"#.into(), "/user", reason::NOT_JSON),
        ("{\"user\":\"a\nb\"}".into(), "/user", reason::NOT_JSON),
        ("{\"user\":\"a\0b\"}".into(), "/user", reason::NOT_JSON),
        (
            r#"{"user":"\ud800"}"#.into(),
            "/user",
            reason::LONE_SURROGATE,
        ),
        (
            r#"{"user":"\ud800\u0041"}"#.into(),
            "/user",
            reason::LONE_SURROGATE,
        ),
        (
            r#"{"user":"\udc00\ud800"}"#.into(),
            "/user",
            reason::LONE_SURROGATE,
        ),
        (r#"{"\ud800":1}"#.into(), "", reason::LONE_SURROGATE),
        // Not an object.
        ("[]".into(), "", reason::WRONG_TYPE),
        (r#"["ann","viewer",60]"#.into(), "", reason::WRONG_TYPE),
        (r#""{}""#.into(), "", reason::WRONG_TYPE),
        ("60".into(), "", reason::WRONG_TYPE),
        ("true".into(), "", reason::WRONG_TYPE),
        ("null".into(), "", reason::NULL_NOT_ALLOWED),
        // Members.
        (r#"{"uesr":"ann"}"#.into(), "/uesr", reason::UNKNOWN_MEMBER),
        (r#"{"TTL":60}"#.into(), "/TTL", reason::UNKNOWN_MEMBER),
        (r#"{"":60}"#.into(), "/", reason::UNKNOWN_MEMBER),
        (r#"{"a/b~c":60}"#.into(), "/a~1b~0c", reason::UNKNOWN_MEMBER),
        (
            r#"{"ttl":60,"ttl":60}"#.into(),
            "/ttl",
            reason::DUPLICATE_MEMBER,
        ),
        (
            r#"{"ttl":60,"\u0074tl":9}"#.into(),
            "/ttl",
            reason::DUPLICATE_MEMBER,
        ),
        (
            r#"{"x":[{"y":{"z":1,"z":1}}]}"#.into(),
            "/x/0/y/z",
            reason::DUPLICATE_MEMBER,
        ),
        // Types and numbers.
        (r#"{"ttl":"60"}"#.into(), "/ttl", reason::WRONG_TYPE),
        (r#"{"ttl":true}"#.into(), "/ttl", reason::WRONG_TYPE),
        (r#"{"ttl":[60]}"#.into(), "/ttl", reason::WRONG_TYPE),
        (r#"{"ttl":{}}"#.into(), "/ttl", reason::WRONG_TYPE),
        (r#"{"ttl":null}"#.into(), "/ttl", reason::NULL_NOT_ALLOWED),
        (r#"{"user":null}"#.into(), "/user", reason::NULL_NOT_ALLOWED),
        (r#"{"user":60}"#.into(), "/user", reason::WRONG_TYPE),
        (r#"{"role":["viewer"]}"#.into(), "/role", reason::WRONG_TYPE),
        (r#"{"ttl":60.0}"#.into(), "/ttl", reason::NOT_AN_INTEGER),
        (r#"{"ttl":60.5}"#.into(), "/ttl", reason::NOT_AN_INTEGER),
        (r#"{"ttl":1e2}"#.into(), "/ttl", reason::NOT_AN_INTEGER),
        (r#"{"ttl":6E1}"#.into(), "/ttl", reason::NOT_AN_INTEGER),
        (r#"{"ttl":-0}"#.into(), "/ttl", reason::NOT_AN_INTEGER),
        (r#"{"ttl":0}"#.into(), "/ttl", reason::TOO_SMALL),
        (r#"{"ttl":-1}"#.into(), "/ttl", reason::TOO_SMALL),
        (
            r#"{"ttl":-9223372036854775809}"#.into(),
            "/ttl",
            reason::TOO_SMALL,
        ),
        (
            r#"{"ttl":9223372036854775808}"#.into(),
            "/ttl",
            reason::TOO_LARGE,
        ),
        (
            r#"{"ttl":18446744073709551616}"#.into(),
            "/ttl",
            reason::TOO_LARGE,
        ),
        (
            format!(r#"{{"ttl":{}}}"#, "9".repeat(300)),
            "/ttl",
            reason::TOO_LARGE,
        ),
        (
            format!(r#"{{"ttl":{}}}"#, "9".repeat(400)),
            "/ttl",
            reason::NUMBER_OUT_OF_RANGE,
        ),
        (
            r#"{"ttl":1e400}"#.into(),
            "/ttl",
            reason::NUMBER_OUT_OF_RANGE,
        ),
        // Strings.
        (r#"{"user":""}"#.into(), "/user", reason::TOO_SHORT),
        (
            format!(r#"{{"user":"{}"}}"#, long(254)),
            "/user",
            reason::TOO_LONG,
        ),
        (
            format!(r#"{{"role":"{}"}}"#, long(64)),
            "/role",
            reason::TOO_LONG,
        ),
        (
            format!(r#"{{"id":"{}"}}"#, long(64)),
            "/id",
            reason::TOO_LONG,
        ),
        (
            r#"{"user":"a\u0000b"}"#.into(),
            "/user",
            reason::FORBIDDEN_CHARACTER,
        ),
        (
            r#"{"user":"a\nb"}"#.into(),
            "/user",
            reason::FORBIDDEN_CHARACTER,
        ),
        (
            "{\"user\":\"a\u{7f}b\"}".into(),
            "/user",
            reason::FORBIDDEN_CHARACTER,
        ),
        (
            "{\"user\":\"a\u{85}b\"}".into(),
            "/user",
            reason::FORBIDDEN_CHARACTER,
        ),
        (
            "{\"user\":\"a\u{202e}b\"}".into(),
            "/user",
            reason::FORBIDDEN_CHARACTER,
        ),
        (
            "{\"role\":\"a\u{2066}b\"}".into(),
            "/role",
            reason::FORBIDDEN_CHARACTER,
        ),
        (
            "{\"role\":\"a\u{200b}b\"}".into(),
            "/role",
            reason::FORBIDDEN_CHARACTER,
        ),
        (
            "{\"user\":\"\u{2800}\"}".into(),
            "/user",
            reason::FORBIDDEN_CHARACTER,
        ),
        (
            "{\"user\":\"alice\u{e0001}\"}".into(),
            "/user",
            reason::FORBIDDEN_CHARACTER,
        ),
        (r#"{"id":"A"}"#.into(), "/id", reason::PATTERN_MISMATCH),
        (r#"{"id":"a-"}"#.into(), "/id", reason::PATTERN_MISMATCH),
        (r#"{"id":"a\n"}"#.into(), "/id", reason::PATTERN_MISMATCH),
        (r#"{"id":"a/../b"}"#.into(), "/id", reason::PATTERN_MISMATCH),
        (r#"{"id":"é"}"#.into(), "/id", reason::PATTERN_MISMATCH),
    ];
    for (body, pointer, reason) in table {
        assert_eq!(
            refusals(body, &REQUEST),
            [((*pointer).to_owned(), *reason)],
            "{body:?}"
        );
    }
}

#[test]
fn bytes_that_are_not_utf8_are_refused() {
    let bodies: &[&[u8]] = &[
        b"{\"user\":\"\xff\"}",
        b"{\"user\":\"\xc0\xaf\"}",     // Overlong.
        b"{\"user\":\"\xed\xa0\x80\"}", // A surrogate.
        b"{\"user\":\"\xe2\x82\"}",     // Cut short.
        b"\xff\xfe{\0}\0",              // UTF-16.
        b"\x1f\x8b\x08\0\0\0\0\0\0\xff\xab\xae\x05\0\x43\xbf\xa6\xa3\x02\0\0\0", // gzip.
    ];
    for body in bodies {
        assert_eq!(
            refusals(body, &REQUEST),
            [(String::new(), reason::NOT_UTF8)],
            "{body:?}"
        );
    }
    // UTF-16 without a mark happens to be UTF-8, but no JSON.
    assert_eq!(
        refusals(b"{\0}\0", &REQUEST),
        [(String::new(), reason::NOT_JSON)]
    );
}

#[test]
fn lengths_count_characters_and_not_bytes() {
    let user = |n| format!(r#"{{"user":"{}"}}"#, "😀".repeat(n));
    assert_eq!(refusals(user(253), &REQUEST), []);
    assert_eq!(
        refusals(user(254), &REQUEST),
        [("/user".to_owned(), reason::TOO_LONG)]
    );
}

#[test]
fn nesting_is_refused_beyond_the_limit_and_never_exhausts_the_stack() {
    let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    let any = openapi_runtime::schema::Schema::any();
    assert_eq!(refusals(nested(32), &any), []);
    for depth in [33, 10_000, 1_000_000] {
        let violations = decode(nested(depth).as_bytes(), &any, Limits::DEFAULT).unwrap_err();
        assert_eq!(violations.len(), 1);
        assert_eq!(violations[0].reason, reason::TOO_DEEP);
        assert_eq!(violations[0].limit, Some(32.into()));
    }
    let boundless = Limits {
        depth: usize::MAX,
        ..Limits::DEFAULT
    };
    assert!(decode(nested(128).as_bytes(), &any, boundless).is_ok());
    assert!(decode(nested(129).as_bytes(), &any, boundless).is_err());
    let objects = r#"{"a":"#.repeat(10_000);
    assert_eq!(refusals(objects, &any)[0].1, reason::TOO_DEEP);
}

#[test]
fn all_violations_are_reported_with_the_bounds_that_apply() {
    let body = r#"{"user": "", "ttl": 0, "x": 1, "id": "-", "role": 7}"#;
    let violations = decode(body.as_bytes(), &REQUEST, Limits::DEFAULT).unwrap_err();
    let reported: Vec<_> = violations
        .iter()
        .map(|v| (v.field.as_str(), v.reason, v.limit.clone()))
        .collect();
    assert_eq!(
        reported,
        [
            ("user", reason::TOO_SHORT, Some(json!(1))),
            ("role", reason::WRONG_TYPE, Some(json!("string"))),
            ("ttl", reason::TOO_SMALL, Some(json!(1))),
            (
                "id",
                reason::PATTERN_MISMATCH,
                Some(json!("^[a-z]([-a-z0-9]*[a-z0-9])?$"))
            ),
            ("x", reason::UNKNOWN_MEMBER, None),
        ]
    );
    assert!(!violations.is_truncated());
    assert_eq!(violations[2].to_string(), "ttl: must be at least 1");
    assert_eq!(
        serde_json::to_value(&violations[2]).unwrap(),
        json!({"pointer": "/ttl", "field": "ttl", "reason": "too_small", "limit": 1, "message": "must be at least 1"})
    );
}

#[test]
fn violations_are_bounded_however_many_there_are() {
    let members: Vec<String> = (0..4000).map(|i| format!(r#""k{i}":1"#)).collect();
    let body = format!("{{{}}}", members.join(","));
    for most in [1, 16, 100] {
        let limits = Limits {
            violations: most,
            ..Limits::DEFAULT
        };
        let violations = decode(body.as_bytes(), &REQUEST, limits).unwrap_err();
        assert_eq!(violations.len(), most);
        assert!(violations.is_truncated());
        assert!(violations.to_string().ends_with("; and more"));
    }
    let none = Limits {
        violations: 0,
        ..Limits::DEFAULT
    };
    assert_eq!(
        decode(body.as_bytes(), &REQUEST, none).unwrap_err().len(),
        1
    );
}

#[test]
fn submitted_values_are_never_quoted() {
    const CANARY: &str = "s3cr3t";
    for body in [
        r#"{"user":"s3cr3t\u0000"}"#,
        r#"{"id":"S s3cr3t"}"#,
        r#"{"ttl":"s3cr3t"}"#,
        r#"{"role":["s3cr3t"]}"#,
        r#"{"x":"s3cr3t"}"#,
        r#""s3cr3t""#,
        r#"{"user": s3cr3t}"#,
        r#"{"user":"s3cr3t"#,
        r#"{"user":"s3cr3t"} s3cr3t"#,
        r#"s3cr3t"#,
    ] {
        let violations = decode(body.as_bytes(), &REQUEST, Limits::DEFAULT).unwrap_err();
        assert!(
            !format!("{violations:?}{violations}").contains(CANARY),
            "{body}"
        );
    }
}

#[test]
fn names_that_are_quoted_are_escaped_and_cut() {
    let field = |name: &str| {
        let body = json!({ name: 1 }).to_string();
        let violations = decode(body.as_bytes(), &REQUEST, Limits::DEFAULT).unwrap_err();
        assert_eq!(violations[0].reason, reason::UNKNOWN_MEMBER);
        violations[0].clone()
    };
    let shown = field("us\u{202e}er\n\u{1b}[2J");
    assert_eq!(shown.field, r"us\u{202e}er\u{a}\u{1b}[2J");
    assert_eq!(shown.pointer, r"/us\u{202e}er\u{a}\u{1b}[2J");

    let exact = "é".repeat(64);
    assert_eq!(field(&exact).field, exact);
    let cut = format!("{}…", "é".repeat(63));
    assert_eq!(field(&"é".repeat(65)).field, cut);
    assert_eq!(field(&"é".repeat(10_000)).pointer, format!("/{cut}"));
    assert!(field(&"\u{202e}".repeat(10_000)).field.chars().count() <= 64);
}

#[test]
fn each_escape_of_json_is_read_and_no_other() {
    static TEXT: Schema = Schema::string();
    let read = |body: &str| decode(body.as_bytes(), &TEXT, Limits::DEFAULT);
    assert_eq!(
        read(r#""\"\\\/\b\f\n\r\t\u0041""#),
        Ok(json!("\"\\/\u{8}\u{c}\n\r\tA"))
    );
    for escape in ["a", "v", "0", "x41", "'", "B", "N", "U0041", "u{41}", "e"] {
        let body = format!("\"\\{escape}\"");
        assert!(read(&body).is_err(), "{body}");
    }
}
