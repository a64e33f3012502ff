//! A bearer token as it comes.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| kubemint_authn::fuzzing::token(input));
