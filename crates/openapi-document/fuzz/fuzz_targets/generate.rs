//! A document to types, trait and client, with what cannot be served left out: no panic, no hang, never tokens that are no Rust.

#![no_main]

use openapi_to_dropshot::{Options, generate, read};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let Ok((document, _)) = read("fuzz.yaml", text, true) else {
        return;
    };
    let options = Options {
        source: "fuzz.yaml".to_owned(),
        command: "fuzz".to_owned(),
        types_crate: "fuzz_types".to_owned(),
        trait_name: "FuzzApi".to_owned(),
        schemars_feature: None,
    };
    if let Err(refused) = generate(&document, &options) {
        // `K0299`: a generator gave up for a reason that no rule foresaw.
        assert!(
            refused.iter().all(|found| found.code != "K0299"),
            "{refused}"
        );
    }
});
