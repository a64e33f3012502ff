//! A token by its parts: what is inside of its encoding.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    // Whether it is sound is of interest to tests alone.
    let _ = kubemint_authn::fuzzing::parts(input);
});
