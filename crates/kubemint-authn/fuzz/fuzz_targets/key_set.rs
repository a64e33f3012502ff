//! A published key set.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    // Whether it is sound is of interest to tests alone.
    let _ = kubemint_authn::fuzzing::key_set(input);
});
