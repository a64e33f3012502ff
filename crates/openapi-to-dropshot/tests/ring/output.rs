//! What is written. `EXPECTORATE=overwrite cargo test -p openapi-to-dropshot` accepts a change of the goldens.

use crate::{THINGS, edited, generated};
use expectorate::assert_contents;
use openapi_document::Document;
use openapi_to_dropshot::{Options, generate};

#[test]
fn the_output_for_a_small_document_is_as_recorded() {
    let generated = generated(THINGS).unwrap();
    assert_contents("tests/ring/golden/types.rs", &generated.types);
    assert_contents("tests/ring/golden/api.rs", &generated.api);
    assert_contents("tests/ring/golden/openapi.json", &generated.document);
    assert_contents("tests/ring/golden/client.rs", &generated.client);
}

/// What `tests/live` sends and serves.
#[test]
fn the_output_for_what_is_not_plain_json_is_as_recorded() {
    let options = Options {
        source: "wire.yaml".to_owned(),
        command: "cargo test".to_owned(),
        types_crate: "crate::wire::types".to_owned(),
        trait_name: "WireApi".to_owned(),
        schemars_feature: None,
    };
    let document = Document::read("wire.yaml", include_str!("../accept/wire.yaml")).unwrap();
    let generated = generate(&document, &options).unwrap();
    assert!(generated.client_lacks.is_empty());
    assert_contents("tests/ring/golden/wire/types.rs", &generated.types);
    assert_contents("tests/ring/golden/wire/api.rs", &generated.api);
    assert_contents("tests/ring/golden/wire/openapi.json", &generated.document);
    assert_contents("tests/ring/golden/wire/client.rs", &generated.client);
}

/// What `tests/live` tries to break.
#[test]
fn the_output_for_bounds_is_as_recorded() {
    let options = Options {
        source: "bounds.yaml".to_owned(),
        command: "cargo test".to_owned(),
        types_crate: "crate::bounds::types".to_owned(),
        trait_name: "BoundsApi".to_owned(),
        schemars_feature: None,
    };
    let document = Document::read("bounds.yaml", include_str!("../accept/bounds.yaml")).unwrap();
    let generated = generate(&document, &options).unwrap();
    assert!(generated.client_lacks.is_empty());
    let types = &generated.types;
    assert_contents("tests/ring/golden/bounds/types.rs", types);
    assert_contents("tests/ring/golden/bounds/api.rs", &generated.api);
    assert_contents("tests/ring/golden/bounds/openapi.json", &generated.document);
    assert_contents("tests/ring/golden/bounds/client.rs", &generated.client);
    // The fields are private, so there is no way around the check.
    for private in [
        "Price(f64)",
        "Share(f32)",
        "Half(i64)",
        "Labels(",
        "Names(",
        "BasketRate(",
    ] {
        let open = format!("pub struct {private}pub");
        let closed = format!("pub struct {private}");
        assert!(
            types.contains(&closed) && !types.contains(&open),
            "{private}"
        );
    }
    let open = types.lines().filter(|line| line.contains("(pub "));
    let open: Vec<&str> = open.collect();
    // Other names of closed types are open about that only.
    assert_eq!(
        open,
        [
            "pub struct Alias(pub crate::bounds::types::Price);",
            "pub struct Cheap(pub crate::bounds::types::Price);",
            "pub struct MaybeNames(pub ::std::option::Option<crate::bounds::types::MaybeNamesValue>);",
            "pub struct MaybePrice(pub ::std::option::Option<crate::bounds::types::MaybePriceValue>);",
        ]
    );
}

#[test]
fn the_type_of_null_as_dropshot_writes_it_takes_null() {
    let secret = "        secret:";
    let text = edited(
        secret,
        &format!("        unit: {{type: string, enum: [null]}}\n{secret}"),
    );
    let generated = generated(&text).unwrap();
    let taken = "Property::optional(\"unit\", &Schema::any().literals(&[Literal::Null]))";
    assert!(generated.api.contains(taken), "{}", generated.api);
}

#[test]
fn two_runs_write_the_same() {
    assert_eq!(generated(THINGS).unwrap(), generated(THINGS).unwrap());
}

/// What `tests/live` decodes.
#[test]
fn the_types_for_defaults_are_as_recorded() {
    let options = Options {
        source: "defaults.yaml".to_owned(),
        command: "cargo test".to_owned(),
        types_crate: "crate::defaults::types".to_owned(),
        trait_name: "DefaultsApi".to_owned(),
        schemars_feature: None,
    };
    let text = include_str!("../accept/defaults.yaml");
    let document = Document::read("defaults.yaml", text).unwrap();
    let generated = generate(&document, &options).unwrap();
    assert_contents("tests/ring/golden/defaults/types.rs", &generated.types);
}

/// What `tests/live` asks for behind one route.
#[test]
fn the_output_for_paths_that_the_router_cannot_hold_side_by_side_is_as_recorded() {
    let options = Options {
        source: "route_bridges.yaml".to_owned(),
        command: "cargo test".to_owned(),
        types_crate: "crate::bridged::types".to_owned(),
        trait_name: "BridgedApi".to_owned(),
        schemars_feature: None,
    };
    let text = include_str!("../accept/route_bridges.yaml");
    let document = Document::read("route_bridges.yaml", text).unwrap();
    let generated = generate(&document, &options).unwrap();
    assert_contents("tests/ring/golden/bridged/types.rs", &generated.types);
    assert_contents("tests/ring/golden/bridged/api.rs", &generated.api);
    assert_contents(
        "tests/ring/golden/bridged/openapi.json",
        &generated.document,
    );
}

/// What `tests/live` sends and leaves out.
#[test]
fn the_output_for_bodies_that_may_be_left_out_is_as_recorded() {
    let options = Options {
        source: "optional_bodies.yaml".to_owned(),
        command: "cargo test".to_owned(),
        types_crate: "crate::optional::types".to_owned(),
        trait_name: "OptionalApi".to_owned(),
        schemars_feature: None,
    };
    let text = include_str!("../accept/optional_bodies.yaml");
    let document = Document::read("optional_bodies.yaml", text).unwrap();
    let generated = generate(&document, &options).unwrap();
    assert_contents("tests/ring/golden/optional/types.rs", &generated.types);
    assert_contents("tests/ring/golden/optional/api.rs", &generated.api);
    assert_contents(
        "tests/ring/golden/optional/openapi.json",
        &generated.document,
    );
    assert_contents("tests/ring/golden/optional/client.rs", &generated.client);
    // progenitor sends no parts.
    assert_eq!(generated.client_lacks.len(), 1);
}

/// What `tests/live` is known by.
#[test]
fn the_output_for_security_of_every_kind_is_as_recorded() {
    let options = Options {
        source: "security.yaml".to_owned(),
        command: "cargo test".to_owned(),
        types_crate: "crate::security::types".to_owned(),
        trait_name: "SecurityApi".to_owned(),
        schemars_feature: None,
    };
    let text = include_str!("../accept/security.yaml");
    let document = Document::read("security.yaml", text).unwrap();
    let generated = generate(&document, &options).unwrap();
    assert_contents("tests/ring/golden/security/types.rs", &generated.types);
    assert_contents("tests/ring/golden/security/api.rs", &generated.api);
    assert_contents(
        "tests/ring/golden/security/openapi.json",
        &generated.document,
    );
    assert_contents("tests/ring/golden/security/client.rs", &generated.client);
}

/// What `tests/live` fails with.
#[test]
fn the_output_for_errors_with_headers_is_as_recorded() {
    let options = Options {
        source: "error_headers.yaml".to_owned(),
        command: "cargo test".to_owned(),
        types_crate: "crate::failed::types".to_owned(),
        trait_name: "JobsApi".to_owned(),
        schemars_feature: None,
    };
    let text = include_str!("../accept/error_headers.yaml");
    let document = Document::read("error_headers.yaml", text).unwrap();
    let generated = generate(&document, &options).unwrap();
    assert!(generated.client_lacks.is_empty());
    assert_contents("tests/ring/golden/failed/types.rs", &generated.types);
    assert_contents("tests/ring/golden/failed/api.rs", &generated.api);
    assert_contents("tests/ring/golden/failed/openapi.json", &generated.document);
    assert_contents("tests/ring/golden/failed/client.rs", &generated.client);
}

#[test]
fn an_integer_with_bounds_is_a_type_that_holds_no_other() {
    let types = generated(THINGS).unwrap().types;
    for (name, machine, low, high) in [("ThingSize", "i64", 2, 20), ("Depth", "i32", 1, 9)] {
        assert!(
            types.contains(&format!("pub struct {name}({machine});")),
            "{name}"
        );
        assert!(
            types.contains(&format!("pub const MIN: {machine} = {low};")),
            "{name}"
        );
        assert!(
            types.contains(&format!("pub const MAX: {machine} = {high};")),
            "{name}"
        );
    }
    assert!(types.contains("pub size: crate::ThingSize"));
}

#[test]
fn a_secret_shows_itself_to_nobody() {
    let types = generated(THINGS).unwrap().types;
    let at = types.find("pub struct ThingSecret(").unwrap();
    let derive = types[..at].rfind("#[derive(").unwrap();
    assert!(
        !types[derive..at].contains("Debug"),
        "{}",
        &types[derive..at]
    );
    assert!(types.contains("f.write_str(\"ThingSecret(..)\")"));
    assert!(!types.contains("Display for ThingSecret"));
}

#[test]
fn only_an_operation_with_security_has_a_caller() {
    let api = generated(THINGS).unwrap().api;
    assert!(api.contains("request: ::openapi_runtime::Guarded<Self::Context, GetThing>"));
    assert!(api.contains("request: ::openapi_runtime::Open<PutThing>"));
    assert!(api.contains("type Context: ::openapi_runtime::Authenticator;"));
    let open = generated(&edited("security:\n- token: []\n", ""))
        .unwrap()
        .api;
    assert!(open.contains("type Context: ::dropshot::ServerContext;"));
}

#[test]
fn an_operations_errors_are_the_declared_statuses() {
    let api = generated(THINGS).unwrap().api;
    let at = api.find("pub enum GetThingError {").unwrap();
    let body = &api[at..at + api[at..].find("\n}").unwrap()];
    let variants: Vec<&str> = body
        .lines()
        .filter_map(|line| line.trim().strip_suffix("(::openapi_runtime::Fault),"))
        .collect();
    assert_eq!(
        variants,
        [
            "BadRequest",
            "Unauthorized",
            "NotFound",
            "TooManyRequests",
            "InternalServerError",
            "ServiceUnavailable"
        ]
    );
}

#[test]
fn a_change_of_words_changes_no_other_line() {
    let before = generated(THINGS).unwrap().api;
    let after = generated(&edited(
        "description: Which thing",
        "description: Whose thing",
    ))
    .unwrap()
    .api;
    let differing = before.lines().zip(after.lines()).filter(|(a, b)| a != b);
    assert!(
        differing.clone().count() > 0
            && differing
                .clone()
                .all(|(_, line)| line.contains("Whose thing"))
    );
}

/// typify takes what is required and not declared for anything.
#[test]
fn members_that_are_required_and_not_declared_have_the_type_of_the_others() {
    let text = include_str!("../accept/undeclared.yaml");
    let document = openapi_document::Document::read("undeclared.yaml", text).unwrap();
    let types = crate::generate_from(&document).unwrap().types;
    for field in [
        "pub apple: crate::Price,",
        "pub pear: crate::Price,",
        "pub de: ::std::string::String,",
    ] {
        assert!(types.contains(field), "{field}\n{types}");
    }
    // The decoder tells where they are not.
    let api = crate::generate_from(&document).unwrap().api;
    for member in [
        "Property::required(\"apple\", &PRICE)",
        "Property::required(\"de\", &Schema::string())",
    ] {
        assert!(api.contains(member), "{member}\n{api}");
    }
}

/// typify makes a struct of parts of an `anyOf`, which no text is, and which loses what two objects share.
#[test]
fn any_of_is_an_enum_or_a_map_of_all_that_there_is() {
    let text = include_str!("../accept/any_of.yaml");
    let document = openapi_document::Document::read("any_of.yaml", text).unwrap();
    let types = crate::generate_from(&document).unwrap().types;
    for of in ["Share", "Level", "Day", "Some_", "Link", "AnyInline"] {
        assert!(
            types.contains(&format!("pub enum {of} {{")),
            "{of}\n{types}"
        );
    }
    assert!(
        types.contains("pub struct Pet(pub ::serde_json::Map<"),
        "{types}"
    );
}
