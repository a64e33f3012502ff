//! A default is judged as the server judges what it is sent: each format has one reading.

use openapi_document::Document;
use openapi_runtime::schema::{Format, Schema};
use openapi_runtime::strict::check;
use serde_json::json;

/// Texts that readings of the formats differ about.
const TEXTS: &[(&str, &[&str])] = &[
    (
        "uuid",
        &[
            "9b2c5e0f-1a3d-4c6e-8f70-0123456789ab",
            "9B2C5E0F-1A3D-4C6E-8F70-0123456789AB",
            "{9b2c5e0f-1a3d-4c6e-8f70-0123456789ab}",
            "9b2c5e0f1a3d4c6e8f700123456789ab",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
        ],
    ),
    (
        "date-time",
        &[
            "2026-11-05T07:09:11Z",
            "2026-11-05t07:09:11z",
            "2026-11-05 07:09:11Z",
            "2026-11-05T07:09:11",
            "2026-11-05T07:09Z",
            "2026-02-29T00:00:00Z",
            "2016-12-31T23:59:60Z",
            "2016-12-31T22:59:60Z",
            "2026-11-05T24:00:00Z",
            "2026-11-05T07:09:11.Z",
            "2026-11-05T07:09:11,5Z",
            "2026-11-05T07:09:11+24:00",
            "0000-01-01T00:00:00Z",
        ],
    ),
    (
        "date",
        &[
            "2026-11-05",
            "2024-02-29",
            "2023-02-29",
            "2026-1-5",
            "20261105",
        ],
    ),
    (
        "time",
        &[
            "10:00:00Z",
            "10:00:00",
            "10:00:00+01:00",
            "23:59:60Z",
            "10:00Z",
            "10:00:00.5z",
        ],
    ),
    (
        "duration",
        &[
            "P1D", "PT1H30M", "P1W", "P1W1D", "P", "PT", "P1DT", "1D", "P0.5D", "P1YT1S", "PT1H1S",
        ],
    ),
    (
        "uri",
        &[
            "https://a.example/b?c#d",
            "a:b",
            "/a",
            "//a",
            "https://a b",
            "https://a/%zz",
            "https://[::1]/",
            "urn:x",
            "http://a.example:x/",
            "https://ü.example",
            "",
        ],
    ),
    (
        "uri-reference",
        &[
            "/a", "a/b", "a:b", "?a", "#a", "1:b", "a b", "", "%41", "%4",
        ],
    ),
    (
        "email",
        &[
            "a@b.example",
            "a.b@c",
            "a..b@c.example",
            ".a@c.example",
            "a.@c.example",
            "a@b@c",
            "@c",
            "a@",
            "a b@c",
            "\"a b\"@c.example",
            "a@[127.0.0.1]",
            "a@-b.example",
            "ü@c.example",
            "a+b@c.example",
            "a@b.",
            "a@b_c.example",
        ],
    ),
    (
        "hostname",
        &[
            "a.example",
            "a",
            "a.",
            ".a",
            "a..b",
            "-a",
            "a-",
            "a_b",
            "xn--a",
            "xn--ab.example",
            "ab--cd.example",
            "ü.example",
            "1.2.3.4",
            "A.EXAMPLE",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ],
    ),
    (
        "ipv4",
        &["127.0.0.1", "127.0.0.01", "256.0.0.1", "1.2.3", "1.2.3.4/8"],
    ),
    (
        "ipv6",
        &["::1", "fe80::1%eth0", "1::2::3", "[::1]", "::ffff:1.2.3.4"],
    ),
    ("ip", &["::1", "127.0.0.1", "a"]),
    ("byte", &["YQ==", "YQ", "Y===", "YQ=", "", "a-_b", "YQ==\n"]),
];

/// Whether a default is told that is no value of its schema.
fn is_told(format: &str, text: &str) -> bool {
    let schema = json!({"type": "string", "format": format, "default": text});
    let document = json!({
        "openapi": "3.0.3", "info": {"title": "T", "version": "1.0.0"}, "paths": {},
        "components": {"schemas": {"A": schema}},
    });
    let (document, found) = Document::examine("t.json", &document.to_string());
    let document = document.unwrap_or_else(|| panic!("{found}"));
    !openapi_check::values(&document).is_empty()
}

#[test]
fn a_default_is_right_where_the_server_takes_it() {
    let mut differ = Vec::new();
    for (name, texts) in TEXTS {
        let format = Format::from_name(name).unwrap_or_else(|| panic!("{name}"));
        let schema = Schema::string().format(format);
        for text in *texts {
            let taken = check(&json!(text), &schema).is_ok();
            if is_told(name, text) == taken {
                differ.push(format!("{name} {text:?}: the server says {taken}"));
            }
        }
    }
    assert!(differ.is_empty(), "{differ:#?}");
}
