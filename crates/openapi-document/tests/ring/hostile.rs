//! No document makes the reader panic, run for ever or fill the memory.

use crate::{THINGS, places};
use std::time::Instant;

#[test]
fn deep_nesting_is_refused_in_every_form() {
    let depth = 20_000;
    for text in [
        "[".repeat(depth),
        "{a: ".repeat(depth),
        format!("openapi: {}", "[".repeat(depth)),
        (0..2000)
            .map(|n| format!("{}a:\n", " ".repeat(n)))
            .collect(),
        "- ".repeat(depth),
    ] {
        let found = places(&text);
        assert!(!found.is_empty(), "{}", &text[..20]);
    }
    let nested = format!("{}{}", "[".repeat(150), "]".repeat(150));
    assert_eq!(places(&nested).len(), 1);
    assert!(
        places(&nested)[0].ends_with("K0004"),
        "{:?}",
        places(&nested)
    );
}

#[test]
fn aliases_cannot_multiply() {
    let mut text = "a: &a [x, x]\n".to_owned();
    for n in 0..30 {
        text.push_str(&format!("a{n}: &a{n} [*a, *a]\n"));
    }
    assert!(places(&text)[0].ends_with("K0003"));
}

#[test]
fn a_reference_that_leads_to_itself_ends() {
    let text = THINGS.replace(
        "    NotFound:\n      description: No such thing\n",
        "    Again:\n      $ref: '#/components/responses/NotFound'\n    NotFound:\n      $ref: '#/components/responses/Again'\n      description: No such thing\n",
    );
    assert!(
        places(&text).iter().any(|place| place.ends_with("K0103")),
        "{:?}",
        places(&text)
    );
}

#[test]
fn schemas_that_hold_themselves_are_read() {
    let text = THINGS.replace(
        "        message:\n          type: string\n",
        "        message:\n          type: string\n        cause:\n          $ref: '#/components/schemas/Error'\n",
    );
    assert_eq!(places(&text), Vec::<String>::new());
}

/// A document comes of it, or it is said why not.
fn refused_or_read(text: &str) {
    let (document, told) = openapi_document::Document::examine("things.yaml", text);
    assert!(
        document.is_some() || !told.render(false).is_empty(),
        "{text}"
    );
}

#[test]
fn every_cut_of_a_document_is_refused_or_read() {
    for end in (0..THINGS.len()).filter(|end| THINGS.is_char_boundary(*end)) {
        refused_or_read(&THINGS[..end]);
    }
}

#[test]
fn every_line_may_be_missing_doubled_or_swapped() {
    let lines: Vec<&str> = THINGS.lines().collect();
    for at in 0..lines.len() {
        let mut missing = lines.clone();
        missing.remove(at);
        refused_or_read(&missing.join("\n"));
        let mut doubled = lines.clone();
        doubled.insert(at, lines[at]);
        refused_or_read(&doubled.join("\n"));
        let mut swapped = lines.clone();
        swapped.swap(at, (at + 1) % lines.len());
        refused_or_read(&swapped.join("\n"));
    }
}

#[test]
fn odd_texts_are_refused() {
    for text in [
        "",
        " ",
        "\n",
        "---",
        "--- \n---",
        "null",
        "1",
        "[]",
        "{}",
        "\u{feff}",
        "\u{0}",
        "\t",
        ": :",
        "? [a]\n: b",
        "'",
        "\"",
        "a: |",
        "openapi: 3.0.3",
        "openapi: 3.0.3\npaths: 1",
        "openapi: 3.0.3\npaths: {/a: 1}",
        "openapi: 3.0.3\npaths: {/a: {get: 1}}",
        "openapi: 3.0.3\ncomponents: {schemas: []}",
        "openapi: [3.0.3]",
        "openapi: 3.0.3\n? {}\n: 1",
    ] {
        assert!(!places(text).is_empty(), "{text:?}");
    }
}

#[test]
fn many_keys_are_read_in_a_time_that_grows_with_them() {
    let mut text = THINGS.to_owned();
    for n in 0..20_000 {
        text.push_str(&format!("    S{n}:\n      type: object\n"));
    }
    let start = Instant::now();
    let found = places(&text);
    // Nothing refers to them, which is all that is wrong.
    assert_eq!(found.len(), 20_000);
    assert!(found.iter().all(|place| place.ends_with("K0118")));
    // A debug build on a busy machine takes 2 s; quadratic work would take minutes.
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

#[test]
fn huge_numbers_and_odd_characters_are_refused_or_read() {
    for value in [
        "1e400",
        "-1e400",
        "99999999999999999999999999999999999999",
        "0.00000000000000000000000000000000000000000001",
        "1e-400",
        "-0",
        ".nan",
        "0x7fffffffffffffffffff",
        "'\u{0}'",
        "\"\\0\"",
        "\u{202e}",
        "\u{fffd}",
    ] {
        let text = THINGS.replacen("maximum: 9", &format!("maximum: {value}"), 1);
        let (_, told) = openapi_document::Document::examine("things.yaml", &text);
        assert!(!told.render(false).is_empty(), "{value}");
    }
}

#[test]
fn references_that_multiply_stay_few() {
    // Each schema refers to the next one twice: written out, there would be 2^60 of the last.
    let mut text = THINGS.to_owned();
    for n in 0..60 {
        let next = (n + 1) % 60;
        text.push_str(&format!(
            "    S{n}:\n      type: object\n      properties:\n        a: {{$ref: '#/components/schemas/S{next}'}}\n        b: {{$ref: '#/components/schemas/S{next}'}}\n"
        ));
    }
    let start = Instant::now();
    let told = places(&text);
    assert!(
        told.len() <= 60,
        "each is told once at most: {}",
        told.len()
    );
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
}

#[test]
fn a_long_chain_of_required_members_is_judged_in_time() {
    let mut text = THINGS.to_owned();
    for n in 0..3000 {
        let next = n + 1;
        text.push_str(&format!(
            "    S{n}:\n      type: object\n      required: [a]\n      properties:\n        a: {{$ref: '#/components/schemas/S{next}'}}\n"
        ));
    }
    text.push_str("    S3000:\n      type: string\n");
    let start = Instant::now();
    let found = places(&text);
    assert!(
        found.iter().all(|place| !place.ends_with("K0107")),
        "{found:?}"
    );
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

/// A document whose one operation answers what `refers` says, with these lines below its schemas.
fn with_schemas(refers: &str, schemas: &str) -> String {
    format!(
        "openapi: 3.0.3
info: {{title: T, version: '1'}}
paths:
  /a:
    get:
      operationId: a
      responses:
        '200': {{description: ok, content: {{application/json: {{schema: {refers}}}}}}}
components:
  schemas:
{schemas}"
    )
}

#[test]
fn references_that_lead_on_and_on_are_told_once_where_the_first_begins() {
    let link = |n: usize| format!("    S{n}: {{$ref: '#/components/schemas/S{}'}}\n", n + 1);
    let chain: String = (0..2000).map(link).collect();
    let end = "    S2000: {type: string}\n";
    let text = with_schemas(
        "{$ref: '#/components/schemas/S0'}",
        &format!("{chain}{end}"),
    );
    let found = places(&text);
    let references: Vec<&String> = found.iter().filter(|p| p.ends_with("K0103")).collect();
    assert_eq!(references, ["things.yaml:8:78 K0103"], "{found:?}");
}

#[test]
fn what_was_meant_is_suggested_for_the_first_mistakes_and_all_are_told() {
    let count = 1000;
    let right = |n: usize| format!("    Right{n}: {{type: string}}\n");
    let wrong = |n: usize| format!("      p{n}: {{$ref: '#/components/schemas/Rihgt{n}'}}\n");
    let mut schemas: String = (0..count).map(right).collect();
    schemas.push_str("    All:\n      type: object\n      properties:\n");
    schemas.extend((0..count).map(|n| format!("  {}", wrong(n))));
    let text = with_schemas("{$ref: '#/components/schemas/All'}", &schemas);
    let (_, found) = openapi_document::Document::examine("things.yaml", &text);
    let told: Vec<_> = found.iter().filter(|d| d.code == "K0103").collect();
    assert_eq!(told.len(), count);
    let helped = |help: &Option<String>| help.as_ref().is_some_and(|h| h.starts_with("did you"));
    let suggested = told.iter().filter(|d| helped(&d.help)).count();
    // 200,000 names may be compared, and each mistake costs a thousand.
    assert!((100..=200).contains(&suggested), "{suggested}");
}

#[test]
fn a_mistake_deep_inside_is_told_as_soon_as_any_other() {
    for wrong in [
        "{type: object, required: 5}",
        "{type: object, properties: []}",
        "{minLength: x}",
    ] {
        let mut schema = wrong.to_owned();
        for _ in 0..40 {
            schema = format!("{{type: object, properties: {{a: {schema}}}}}");
        }
        let text = format!(
            "openapi: 3.0.3\ninfo: {{title: T, version: 1.0.0}}\npaths: {{}}\ncomponents: {{schemas: {{A: {schema}}}}}\n"
        );
        let start = std::time::Instant::now();
        let (_, found) = openapi_document::Document::examine("deep.yaml", &text);
        // It took longer than anyone waits: two times as long for each level.
        assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
        assert!(!found.only_warnings(), "{wrong}");
        assert!(found.iter().all(|told| told.span.line == 4), "{found}");
    }
}

#[test]
fn a_discriminator_looks_at_each_part_once_however_many_ways_lead_there() {
    use std::fmt::Write as _;
    let (wide, layers) = (12, 7);
    let parts = |layer: usize| {
        let names = (0..wide).map(|n| format!("{{$ref: '#/components/schemas/L{layer}x{n}'}}"));
        names.collect::<Vec<_>>().join(", ")
    };
    let mut schemas = String::from(
        "    Pet: {oneOf: [{$ref: '#/components/schemas/Cat'}], discriminator: {propertyName: kind}}\n",
    );
    for (name, own, below) in [("Cat".to_owned(), "kind", 0)].into_iter().chain(
        (0..layers)
            .flat_map(|layer| (0..wide).map(move |n| (format!("L{layer}x{n}"), "p", layer + 1))),
    ) {
        let all = if below < layers {
            parts(below)
        } else {
            String::new()
        };
        writeln!(
            schemas,
            "    {name}: {{type: object, properties: {{{own}: {{type: string}}}}, allOf: [{all}]}}"
        )
        .unwrap();
    }
    let began = Instant::now();
    let found = places(&with_schemas("Pet", &schemas));
    // By every way it would be some millions of looks a second each.
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    assert!(found.len() < 200, "{}", found.len());
}

#[test]
fn ways_to_one_schema_are_not_followed_one_by_one() {
    // Ten alternatives, nine deep: a way a microsecond would take a quarter of an hour.
    let mut schemas =
        "    R: {type: string, allOf: [{$ref: '#/components/schemas/S0'}]}\n".to_owned();
    for level in 0..9 {
        let next = format!("{{$ref: '#/components/schemas/S{}'}}", level + 1);
        schemas += &format!(
            "    S{level}: {{oneOf: [{}]}}\n",
            [next.as_str(); 10].join(", ")
        );
    }
    schemas += "    S9: {type: string}";
    let text = format!(
        "openapi: 3.0.3\ninfo: {{title: T, version: 1.0.0}}\npaths: {{}}\ncomponents:\n  schemas:\n{schemas}\n"
    );
    let found = places(&text);
    assert!(
        found.iter().any(|place| place.ends_with("K0109")),
        "{found:?}"
    );
}
