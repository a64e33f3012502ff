//! A published key set.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| kubemint_authn::fuzzing::key_set(input));
