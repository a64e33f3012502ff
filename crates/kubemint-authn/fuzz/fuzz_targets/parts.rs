//! A token by its parts: what is inside of its encoding.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| kubemint_authn::fuzzing::parts(input));
