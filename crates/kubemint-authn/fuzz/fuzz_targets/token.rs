//! A bearer token as it comes.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    // Whether it is sound is of interest to tests alone.
    let _ = kubemint_authn::fuzzing::token(input);
});
