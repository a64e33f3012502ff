//! The formats of strings.

use openapi_runtime::schema::{Format, Schema};
use openapi_runtime::strict::{check, reason};
use serde_json::json;

#[track_caller]
fn assert_format(format: Format, accepted: &[&str], refused: &[&str]) {
    assert_eq!(Format::from_name(format.name()), Some(format));
    let schema = Schema::string().format(format);
    for text in accepted {
        assert!(check(&json!(text), &schema).is_ok(), "{text:?}");
    }
    for text in refused {
        let violations = check(&json!(text), &schema).expect_err(text);
        assert_eq!(violations[0].reason, reason::FORMAT_MISMATCH, "{text:?}");
        assert_eq!(violations[0].limit, Some(json!(format.name())));
    }
}

#[test]
fn uuids_are_the_hyphenated_form_only() {
    assert_format(
        Format::Uuid,
        &[
            "00000000-0000-0000-0000-000000000000",
            "9B2C5e0f-1a3d-4c6e-8f70-0123456789ab",
        ],
        &[
            "",
            "9b2c5e0f1a3d4c6e8f700123456789ab",
            "{9b2c5e0f-1a3d-4c6e-8f70-0123456789ab}",
            "urn:uuid:9b2c5e0f-1a3d-4c6e-8f70-0123456789ab",
            "9b2c5e0f-1a3d-4c6e-8f70-0123456789a",
            "9b2c5e0f-1a3d-4c6e-8f70-0123456789abc",
            "9b2c5e0f-1a3d-4c6e-8f70-0123456789ag",
            "9b2c5e0f-1a3d-4c6e8-f70-0123456789ab",
            "9b2c5e0f-1a3d-4c6e-8f70-0123456789é",
            " 9b2c5e0f-1a3d-4c6e-8f70-0123456789ab",
        ],
    );
}

#[test]
fn date_times_are_instants_of_rfc_3339() {
    let accepted = [
        "2026-11-05T07:09:11Z",
        "2026-11-05T07:09:11.5Z",
        "2026-11-05T07:09:11.123456789012+01:00",
        "2024-02-29T23:59:59-23:59",
        "2026-11-05t07:09:11z",
        "2016-12-31T23:59:60Z",
        "2017-01-01T05:29:60+05:30",
        "2016-12-31T18:59:60-05:00",
        "0000-01-01T00:00:00Z",
    ];
    assert_format(
        Format::DateTime,
        &accepted,
        &[
            "",
            "2026-11-05",
            "2026-11-05 07:09:11Z",
            "2026-11-05T07:09:11",
            "2026-11-05T07:09Z",
            "2026-11-05T07:09:11.Z",
            "2026-11-05T07:09:11,5Z",
            "2026-11-05T07:09:11+0100",
            "2026-11-05T07:09:11+24:00",
            "2026-11-05T07:09:11+01:60",
            "2026-11-05T07:09:11Z ",
            "2026-11-05T24:00:00Z",
            "2026-11-05T07:60:00Z",
            "2026-11-05T07:09:60Z",
            "2016-12-31T23:59:61Z",
            "2026-02-29T07:09:11Z",
            "2026-13-01T07:09:11Z",
            "2026-00-01T07:09:11Z",
            "2026-1-05T07:09:11Z",
            "+02026-11-05T07:09:11Z",
            "２026-11-05T07:09:11Z",
            "2026-11-05T07:09:1é",
        ],
    );
    // What is accepted can be deserialised afterwards.
    for text in accepted {
        assert!(chrono::DateTime::parse_from_rfc3339(text).is_ok(), "{text}");
    }
}

#[test]
fn times_have_an_offset() {
    assert_format(
        Format::Time,
        &["10:00:00Z", "23:59:60z", "10:00:00.5+05:30"],
        &[
            "",
            "x",
            "25:00:00Z",
            "10:00:00",
            "10:00Z",
            "T10:00:00Z",
            "10:00:60Z",
        ],
    );
}

#[test]
fn durations_are_units_in_their_order() {
    assert_format(
        Format::Duration,
        &["P1Y2M10DT2H30M5S", "P3W", "PT36H", "P1M10D", "PT0S"],
        &[
            "", "P", "PT", "P1DT", "P1", "1D", "P-1D", "P1D1Y", "P1D1D", "P1W1D", "P1WT1H", "PT1D",
            "PT0.5S", "P1ß", "PD", "P1Y10D", "PT1H5S",
        ],
    );
}

/// Examples in documents are judged by that crate.
#[test]
fn durations_are_what_jsonschema_takes_for_them() {
    let options = jsonschema::draft201909::options().should_validate_formats(true);
    let judge = options.build(&json!({ "format": "duration" })).unwrap();
    let schema = Schema::string().format(Format::Duration);
    for left_out in 0..1_u32 << 8 {
        let parts = ["1Y", "2M", "3W", "4D", "T", "5H", "6M", "7S"];
        let kept = parts
            .iter()
            .enumerate()
            .filter(|(at, _)| left_out >> at & 1 == 0);
        let text = format!("P{}", kept.map(|(_, part)| *part).collect::<String>());
        let ours = check(&json!(text), &schema).is_ok();
        assert_eq!(ours, judge.is_valid(&json!(text)), "{text}");
    }
}

#[test]
fn dates_exist_in_the_calendar() {
    assert_format(
        Format::Date,
        &[
            "2026-11-05",
            "2024-02-29",
            "2000-02-29",
            "2026-12-31",
            "2026-04-30",
        ],
        &[
            "2026-02-29",
            "1900-02-29",
            "2026-04-31",
            "2026-00-10",
            "2026-10-00",
            "2026-1-1",
            "20261105",
            "",
            "2026-11-05Z",
        ],
    );
}

#[test]
fn uris_have_a_scheme_and_references_need_none() {
    let uris = [
        "https://api.example.org:6443/v1/regions/eu?x=1&y=%20#top",
        "http://[::1]:80/",
        "urn:uuid:9b2c5e0f",
        "mailto:ann@example.org",
        "file:///etc/hosts",
        "a+b-c.1:",
        "http://user:pass@host",
    ];
    let relative = [
        "",
        "/v1/regions/eu",
        "a/b:c",
        "./a:b",
        "//host/x",
        "?q",
        "#f",
        "..",
        "a?b:c",
    ];
    let invalid = [
        "http://a b",
        "http://host/\n",
        "http://host/%2",
        "http://host/%zz",
        "http://[::1",
        "http://[zz]/",
        "http://[::1]x/",
        "http://host:port/",
        "http://a@b@c/",
        "http://host/é",
        "/<x>",
        "/a\\b",
        "/a|b",
        "a#b#c",
        "/[",
        ":a",
        "1a:b",
    ];
    assert_format(Format::Uri, &uris, &relative);
    assert_format(Format::Uri, &[], &invalid);
    assert_format(Format::UriReference, &uris, &invalid);
    assert_format(Format::UriReference, &relative, &[]);
}

#[test]
fn hosts_and_addresses_are_plain() {
    let label = "a".repeat(63);
    let longest = format!("{label}.{label}.{label}.{}", "a".repeat(61));
    assert_format(
        Format::Hostname,
        &["a", "example.org", "a-1.b", "1.2", &longest],
        &[
            "",
            ".",
            "a.",
            "-a",
            "a-",
            "a..b",
            "a_b",
            "é",
            &format!("{label}a"),
            &format!("{longest}a"),
        ],
    );
    assert_format(
        Format::Email,
        &["ann@example.org", "a.b+c@x"],
        &[
            "", "ann", "@x", "a@", "a@b@c", "a b@x", "a\n@x", "a@x y", "<a@x>",
        ],
    );
    assert_format(
        Format::Ipv4,
        &["127.0.0.1"],
        &["", "127.1", "127.0.0.256", "127.0.0.01", "::1"],
    );
    assert_format(
        Format::Ipv6,
        &["::1", "fe80::1"],
        &["", "[::1]", "fe80::1%eth0", "127.0.0.1"],
    );
    assert_format(Format::Ip, &["::1", "127.0.0.1"], &["", "localhost"]);
    assert_format(
        Format::Byte,
        &["", "YQ==", "YWI=", "YWJj", "+/+/"],
        &["YQ", "YQ=", "Y===", "====", "Y Q=", "-_-_", "YQ==YQ=="],
    );
}
