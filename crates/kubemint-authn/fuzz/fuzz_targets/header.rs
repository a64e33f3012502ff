//! An `Authorization` header.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| kubemint_authn::fuzzing::header(input));
