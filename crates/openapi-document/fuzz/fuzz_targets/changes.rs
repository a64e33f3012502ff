//! Two documents, parted by a line `%%%`, compared: no panic, no hang, and nothing between a document and itself.

#![no_main]

use openapi_check::changes;
use openapi_document::Document;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let (old, new) = text.split_once("\n%%%\n").unwrap_or((text, text));
    let read = |text: &str| Document::examine("fuzz.yaml", text).0.filter(Document::is_whole);
    let Some(old) = read(old) else { return };
    assert!(changes(&old, &old).is_empty());
    if let Some(new) = read(new) {
        let there = changes(&old, &new);
        let _ = (there.level(), there.step());
        assert_eq!(there.is_empty(), changes(&new, &old).is_empty());
    }
});
