//! One list of characters for tokens and for requests.

#[test]
fn a_subject_that_a_token_may_have_is_a_user_that_a_request_may_name() {
    for c in '\0'..=char::MAX {
        let printable = openapi_runtime::strict::is_printable(c);
        assert_eq!(
            kubemint::text::hides(c),
            !printable,
            "{}",
            c.escape_unicode()
        );
    }
    assert!(kubemint::text::hides('\u{ad}') && !kubemint::text::hides('ß'));
}
