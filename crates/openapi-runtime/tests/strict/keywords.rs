//! Every keyword: what it accepts, what it refuses and why.

use openapi_runtime::pattern;
use openapi_runtime::schema::{IntegerFormat, Literal, Property, Schema};
use openapi_runtime::strict::{check, reason};
use serde_json::json;

use super::{assert_rule, refusals};

#[test]
fn types_accept_their_own_values_only() {
    let values = [
        ("boolean", "true"),
        ("integer", "1"),
        ("number", "1.5"),
        ("string", r#""a""#),
        ("array", "[]"),
        ("object", "{}"),
    ];
    let schemas = [
        Schema::boolean(),
        Schema::integer(),
        Schema::number(),
        Schema::string(),
        Schema::array(const { &Schema::any() }),
        Schema::object(&[]),
    ];
    for (schema, (wanted, _)) in schemas.iter().zip(values) {
        for (name, body) in values {
            let expected = match (wanted, name) {
                _ if wanted == name => None,
                ("number", "integer") => None,
                ("integer", "number") => Some(reason::NOT_AN_INTEGER),
                _ => Some(reason::WRONG_TYPE),
            };
            let expected: Vec<_> = expected.map(|e| (String::new(), e)).into_iter().collect();
            assert_eq!(refusals(body, schema), expected, "{name} for {wanted}");
        }
        assert_rule(&schema.nullable(), &["null"], &[]);
        assert_rule(schema, &[], &[("null", reason::NULL_NOT_ALLOWED)]);
    }
    assert_rule(
        &Schema::any(),
        &["null", "true", "1", "1.5", r#""a""#, "[[]]", r#"{"a":{}}"#],
        &[],
    );
}

#[test]
fn integers_keep_to_their_bounds_and_their_format() {
    let port = Schema::integer().minimum(1024).maximum(65535);
    assert_rule(
        &port,
        &["1024", "65535"],
        &[("1023", reason::TOO_SMALL), ("65536", reason::TOO_LARGE)],
    );
    assert_rule(
        &port.exclusive_minimum().exclusive_maximum(),
        &["1025", "65534"],
        &[("1024", reason::TOO_SMALL), ("65535", reason::TOO_LARGE)],
    );
    assert_rule(
        &Schema::integer().multiple_of(60),
        &["0", "60", "-120"],
        &[
            ("61", reason::NOT_A_MULTIPLE),
            ("-1", reason::NOT_A_MULTIPLE),
        ],
    );
    for (format, name) in [
        (IntegerFormat::Int8, "int8"),
        (IntegerFormat::Int16, "int16"),
        (IntegerFormat::Int32, "int32"),
        (IntegerFormat::Int64, "int64"),
        (IntegerFormat::Uint8, "uint8"),
        (IntegerFormat::Uint16, "uint16"),
        (IntegerFormat::Uint32, "uint32"),
        (IntegerFormat::Uint64, "uint64"),
    ] {
        assert_eq!(IntegerFormat::from_name(name), Some(format));
        let (least, greatest) = format.range();
        assert_rule(
            &Schema::integer().integer_format(format),
            &[&least.to_string(), &greatest.to_string()],
            &[
                (&(least - 1).to_string(), reason::TOO_SMALL),
                (&(greatest + 1).to_string(), reason::TOO_LARGE),
            ],
        );
    }
}

#[test]
fn numbers_keep_to_their_bounds() {
    let share = Schema::number().number_minimum(0.0).number_maximum(1.0);
    assert_rule(
        &share,
        &["0", "0.5", "1", "1e-300", "-0.0", "1.0"],
        &[
            ("-0.1", reason::TOO_SMALL),
            ("1.1", reason::TOO_LARGE),
            ("1e300", reason::TOO_LARGE),
        ],
    );
    assert_rule(
        &share.number_exclusive_minimum().number_exclusive_maximum(),
        &["0.5"],
        &[("0", reason::TOO_SMALL), ("1", reason::TOO_LARGE)],
    );
    assert_rule(
        &Schema::number().number_multiple_of(0.1),
        &["0", "0.3", "7", "1e300"],
        &[("0.35", reason::NOT_A_MULTIPLE)],
    );
    // Whole doubles have an exact remainder, however large they are.
    assert_rule(
        &Schema::number().number_multiple_of(3.0),
        &["9", "3e20"],
        &[("1e20", reason::NOT_A_MULTIPLE)],
    );
    // The double nearest to what is written is judged.
    assert_rule(
        &Schema::number()
            .number_maximum(1.0)
            .number_exclusive_maximum(),
        &["0.9999999999999999", "0.99999999999999988897769753748"],
        &[("0.99999999999999999", reason::TOO_LARGE)],
    );
    assert_rule(
        &Schema::number(),
        &["-1e308"],
        &[("-1e309", reason::NUMBER_OUT_OF_RANGE)],
    );
}

#[test]
fn a_single_holds_what_it_is_given() {
    let float = Schema::number().single();
    assert_rule(
        &float,
        &["0.1", "3.4028235e38", "1e-300"],
        &[
            ("3.5e38", reason::NUMBER_OUT_OF_RANGE),
            ("-1e300", reason::NUMBER_OUT_OF_RANGE),
        ],
    );
    // The single nearest to 0.1 is a little above it, and is written `0.1`.
    let share = float.number_minimum(0.1).number_maximum(0.3);
    assert_rule(&share, &["0.1", "0.3"], &[("0.30001", reason::TOO_LARGE)]);
    // As a single, what is just below the maximum is the maximum.
    assert_rule(
        &share.number_exclusive_maximum(),
        &["0.29"],
        &[("0.29999999999", reason::TOO_LARGE)],
    );
    assert_rule(
        &share.number_multiple_of(0.1),
        &["0.1", "0.2", "0.3"],
        &[("0.25", reason::NOT_A_MULTIPLE)],
    );
}

#[test]
fn patterns_are_ecma_262_and_search_unless_anchored() {
    let schema = Schema::string().pattern(pattern!(r"\p{Lu}\d"));
    assert_rule(
        &schema,
        &[r#""xÄ1x""#],
        &[(r#""xä1x""#, reason::PATTERN_MISMATCH)],
    );
    // `\d` is ASCII, `$` is the very end, `.` is a whole character.
    let schema = Schema::string().pattern(pattern!(r"^\d.$"));
    assert_rule(
        &schema,
        &[r#""1😀""#],
        &[
            (r#""٣a""#, reason::PATTERN_MISMATCH),
            (r#""1a\n""#, reason::PATTERN_MISMATCH),
        ],
    );
}

#[test]
fn a_pattern_that_is_no_regular_expression_refuses_everything() {
    let broken = pattern!("(");
    assert!(!broken.is_valid());
    assert!(pattern!("^a$").is_valid());
    let schema = Schema::string().pattern(broken);
    assert_rule(
        &schema,
        &[],
        &[
            (r#""(""#, reason::PATTERN_MISMATCH),
            (r#""""#, reason::PATTERN_MISMATCH),
        ],
    );
}

#[test]
fn enumerations_accept_what_they_list() {
    let scope = Schema::string().one_of(&["folder", "project"]);
    assert_rule(
        &scope,
        &[r#""folder""#],
        &[(r#""Folder""#, reason::NOT_IN_ENUM)],
    );
    let violations = check(&json!("x"), &scope).unwrap_err();
    assert_eq!(violations[0].limit, Some(json!(["folder", "project"])));
    assert_eq!(
        violations[0].message,
        r#"must be one of "folder", "project""#
    );

    let mixed = Schema::any().literals(&[
        Literal::Null,
        Literal::Bool(true),
        Literal::Integer(1),
        Literal::Number(2.5),
        Literal::String("a"),
        Literal::Array(&[Literal::Integer(1), Literal::Null]),
        Literal::Object(&[("a", Literal::Integer(1)), ("b", Literal::Array(&[]))]),
    ]);
    assert_rule(
        &mixed,
        &[
            "null",
            "true",
            "1",
            "1.0",
            "2.5",
            r#""a""#,
            "[1,null]",
            r#"{"b":[],"a":1}"#,
        ],
        &[
            ("false", reason::NOT_IN_ENUM),
            ("2", reason::NOT_IN_ENUM),
            (r#""1""#, reason::NOT_IN_ENUM),
            ("[1]", reason::NOT_IN_ENUM),
            (r#"{"a":1}"#, reason::NOT_IN_ENUM),
            (r#"{"a":1,"b":[],"c":1}"#, reason::NOT_IN_ENUM),
        ],
    );
    let limit = check(&json!(7), &mixed).unwrap_err()[0].limit.clone();
    assert_eq!(
        limit,
        Some(json!([null, true, 1, 2.5, "a", [1, null], {"a": 1, "b": []}]))
    );
}

#[test]
fn arrays_keep_to_their_size_and_their_items() {
    static ITEM: Schema = Schema::any();
    static PORT: Schema = Schema::integer().minimum(1);
    let sized = Schema::array(&ITEM).min_items(1).max_items(2);
    assert_rule(
        &sized,
        &["[1]", "[1,1]"],
        &[
            ("[]", reason::TOO_FEW_ITEMS),
            ("[1,1,1]", reason::TOO_MANY_ITEMS),
        ],
    );
    assert_eq!(
        refusals("[1,0,true]", &Schema::array(&PORT)),
        [
            ("/1".to_owned(), reason::TOO_SMALL),
            ("/2".to_owned(), reason::WRONG_TYPE)
        ]
    );
    let unique = Schema::array(&ITEM).unique_items();
    for distinct in [
        "[]",
        r#"[1, "1", true, "true", null, "null", [1], [[1]], {}, [], "[]"]"#,
        r#"[{"a":1,"b":2},{"a":2,"b":1}]"#,
        r#"["a,b", "a", ["a","b"], ["a,b"]]"#,
        "[9007199254740993, 9007199254740992]",
        "[1.5, 1.25]",
    ] {
        assert_eq!(refusals(distinct, &unique), [], "{distinct}");
    }
    for (equal, index) in [
        ("[1,2,1]", 2),
        ("[1,1.0]", 1),
        ("[0,-0.0]", 1),
        (r#"["a","\u0061"]"#, 1),
        (r#"[{"a":1,"b":[2]},{"b":[2.0],"a":1}]"#, 1),
    ] {
        let at = format!("/{index}");
        assert_eq!(
            refusals(equal, &unique),
            [(at, reason::DUPLICATE_ITEM)],
            "{equal}"
        );
    }
}

#[test]
fn many_beside_each_other_are_no_nesting() {
    static MANY: Schema = Schema::array(&Schema::integer());
    let items = vec!["7"; 1000].join(",");
    assert_eq!(refusals(format!("[{items}]"), &MANY), []);
}

#[test]
fn objects_keep_to_their_members() {
    static NUMBER: Schema = Schema::integer();
    static OPEN: Schema = Schema::object(&[
        Property::required("a", &NUMBER),
        Property::optional("b", &NUMBER),
    ]);
    assert_eq!(refusals(r#"{"a":1,"c":[]}"#, &OPEN), []);
    assert_eq!(
        refusals(r#"{"b":""}"#, &OPEN),
        [
            ("/a".to_owned(), reason::MISSING_MEMBER),
            ("/b".to_owned(), reason::WRONG_TYPE)
        ]
    );
    assert_eq!(
        refusals(r#"{"a":1,"c":1}"#, &OPEN.closed()),
        [("/c".to_owned(), reason::UNKNOWN_MEMBER)]
    );
    let labels = Schema::object(&[])
        .additional_properties(&NUMBER)
        .min_properties(1)
        .max_properties(2);
    assert_rule(
        &labels,
        &[r#"{"x":1}"#],
        &[
            ("{}", reason::TOO_FEW_MEMBERS),
            (r#"{"x":1,"y":1,"z":1}"#, reason::TOO_MANY_MEMBERS),
        ],
    );
    assert_eq!(
        refusals(r#"{"x":"1"}"#, &labels),
        [("/x".to_owned(), reason::WRONG_TYPE)]
    );
}
