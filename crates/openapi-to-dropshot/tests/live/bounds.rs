//! Bounds of numbers, lists and maps: what breaks them is no value of any type, here or there, and what keeps them arrives
//! as it was.

#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, missing_docs, unreachable_pub, dead_code)]
#[path = "../ring/golden/bounds/api.rs"]
mod api;
#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, missing_docs, unreachable_pub, unused_imports, dead_code)]
#[path = "../ring/golden/bounds/client.rs"]
mod client;
#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, missing_docs, unreachable_pub, dead_code)]
#[path = "../ring/golden/bounds/types.rs"]
mod types;

use api::{BoundsApi, NameAll, NameAllError, NameAllResponse, Weigh, WeighError, WeighResponse};
use client::{Client, Error};
use dropshot::{ConfigDropshot, HttpServer, RequestContext, ServerBuilder};
use openapi_runtime::Open;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use types::*;

/// Answers what it was given.
enum Scales {}

impl BoundsApi for Scales {
    type Context = ();

    async fn weigh(
        _: RequestContext<()>,
        request: Open<Weigh>,
    ) -> Result<WeighResponse, WeighError> {
        let mut body = request.body;
        let given = (request.path.share.get(), request.query.step.get());
        body.free = Some(typed(json!({ "given": given })));
        Ok(WeighResponse {
            x_price: body.price,
            body,
        })
    }

    async fn name_all(
        _: RequestContext<()>,
        request: Open<NameAll>,
    ) -> Result<NameAllResponse, NameAllError> {
        let lengths = request.body.iter().map(|names| names.len());
        let counted = json!({ "lists": request.body.len(), "names": lengths.sum::<usize>() });
        Ok(NameAllResponse {
            body: typed(counted),
        })
    }
}

fn start() -> (HttpServer<()>, Client) {
    let log = slog::Logger::root(slog::Discard, slog::o!());
    let config = ConfigDropshot {
        bind_address: ([127, 0, 0, 1], 0).into(),
        ..ConfigDropshot::default()
    };
    let server = ServerBuilder::new(api::api::<Scales>(), (), log)
        .config(config)
        .start()
        .expect("a free port");
    let client = Client::new(&format!("http://{}", server.local_addr()));
    (server, client)
}

fn typed<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("as the document has it")
}

fn basket() -> Value {
    json!({
        "price": 0.5, "cheap": 0.0, "alias": 3.25, "share": 0.1, "step": 0.3, "below": -1.75, "names": ["a", "b"],
        "parts": [{"size": 0.5}, {"size": 0.75, "names": ["n"]}], "grid": [[0.0, 9.0], []], "labels": {"a": "b"},
        "maybe_names": [null], "maybe_price": null, "half": 50, "three": [1, 1, 1], "either": 5.0, "any": ["x"],
        "tree": {"children": [{"children": []}, {}]}, "rate": 1.0, "tags": ["t", "u"], "perhaps": null, "no_list": [5],
        "level": 1, "by_name": {"a": 0.0}, "pair": [0.0, 1.0], "long": vec![7; 33], "none": [], "mixed": [1, "1", [1]],
        "bounded": 10, "secret": ["s"], "on": true, "off": null, "steps": 2.4, "stored": {"count": 10, "rate": 0.5, "tags": ["abc"]},
    })
}

/// Each breaks one bound: the member, a value, and what the server says of it.
fn broken() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("price", json!(-0.5), "must be at least 0"),
        ("cheap", json!(-1), "must be at least 0"),
        ("alias", json!(-1), "must be at least 0"),
        ("share", json!(0.31), "must be at most 0.3"),
        (
            "share",
            json!(1e300),
            "must be a number that a float can hold",
        ),
        ("step", json!(0.25), "must be a multiple of 0.1"),
        ("below", json!(-1.5), "must be less than -1.5"),
        ("names", json!([]), "must have at least 1 item"),
        ("names", json!(["a", "b", "c"]), "must have at most 2 items"),
        (
            "parts",
            json!([{"size": 1}, {"size": 1.0}]),
            "must not equal an earlier item",
        ),
        ("grid", json!([]), "must have at least 1 item"),
        ("grid", json!([[1, 2, 3]]), "must have at most 2 items"),
        ("grid", json!([[10]]), "must be at most 9"),
        ("labels", json!({}), "must have at least 1 member"),
        (
            "labels",
            json!({"a": "", "b": "", "c": ""}),
            "must have at most 2 members",
        ),
        (
            "free",
            json!({"a": 1, "b": 1}),
            "must have at most 1 member",
        ),
        ("maybe_names", json!(["a", "b"]), "must have at most 1 item"),
        ("maybe_price", json!(9.5), "must be at most 9"),
        ("half", json!(51), "must be at most 50"),
        ("three", json!([1, 2, 3, 4]), "must have at most 3 items"),
        (
            "tree",
            json!({"children": [{}, {}, {}]}),
            "must have at most 2 items",
        ),
        ("rate", json!(1.5), "must be at most 1"),
        ("tags", json!(["t", "t"]), "must not equal an earlier item"),
        ("perhaps", json!(0.5), "must be at least 1"),
        ("no_list", json!([6]), "must be at most 5"),
        ("level", json!(0), "must be at least 1"),
        ("by_name", json!({"a": -1}), "must be at least 0"),
        ("by_name", json!({}), "must have at least 1 member"),
        ("pair", json!([1, -1]), "must be at least 0"),
        ("long", json!([1]), "must have at least 33 items"),
        ("none", json!(["a"]), "must have at most 0 items"),
        (
            "mixed",
            json!([{"a": 1, "b": [2]}, {"b": [2.0], "a": 1}]),
            "must not equal an earlier item",
        ),
        ("bounded", json!(9), "must be at least 10"),
        ("secret", json!([]), "must have at least 1 item"),
        ("on", json!(false), "must be one of true"),
        ("off", json!(true), "must be one of false"),
        ("stored", json!({"count": 11}), "must be at most 10"),
        ("stored", json!({"count": -1}), "must be at least 0"),
        (
            "stored",
            json!({"count": 1, "rate": 0.4}),
            "must be at least 0.5",
        ),
        (
            "stored",
            json!({"count": 1, "rate": 6}),
            "must be at most 5",
        ),
        (
            "stored",
            json!({"count": 1, "tags": ["a", "b", "c"]}),
            "must have at most 2 items",
        ),
        ("steps", json!(0.7), "must be a multiple of "),
    ]
}

#[tokio::test]
async fn what_keeps_the_bounds_arrives_as_it_was() {
    let (server, client) = start();
    let call = client.weigh().share(0.5).x_weight(0.1_f32);
    let tags: Tags = vec!["a".parse().unwrap()].try_into().unwrap();
    let limits = typed::<Limits>(json!([9.5, -1e300]));
    let call = call.tags(tags).limits(limits);
    let answer = call.body(typed::<Basket>(basket())).send().await.unwrap();
    assert_eq!(answer.headers()["x-price"], "0.5");
    let mut answered = json!(answer.into_inner());
    assert_eq!(answered["free"], json!({ "given": [0.5, 1.5] }));
    answered.as_object_mut().unwrap().remove("free");
    assert_eq!(answered, json!(typed::<Basket>(basket())));
    let names: Names = vec!["a".to_owned()].try_into().unwrap();
    let counted = client.name_all().body(vec![names.clone(), names]).send();
    let counted = counted.await.unwrap().into_inner();
    assert_eq!(json!(counted), json!({ "lists": 2, "names": 2 }));
    server.close().await.unwrap();
}

#[tokio::test]
async fn what_breaks_a_bound_is_no_value_and_is_refused_in_the_same_words() {
    let (server, _) = start();
    let url = format!("http://{}/baskets/0.5", server.local_addr());
    for (member, value, words) in broken() {
        let mut body = basket();
        body[member] = value.clone();
        let refused = serde_json::from_value::<Basket>(body.clone()).unwrap_err();
        assert!(refused.to_string().contains(words), "{member}: {refused}");
        let reply = reqwest::Client::new().put(&url).json(&body).send();
        let reply = reply.await.unwrap();
        assert_eq!(reply.status().as_u16(), 400, "{member}: {value}");
        let told: Value = reply.json().await.unwrap();
        let told = told["message"].as_str().unwrap();
        assert!(told.contains(words), "{member}: {told}");
    }
    server.close().await.unwrap();
}

/// What counts is what was sent, not what the type keeps of it.
#[tokio::test]
async fn items_that_differ_only_in_what_their_type_leaves_out_are_not_equal() {
    let (server, _) = start();
    let url = format!("http://{}/baskets/0.5", server.local_addr());
    let mut body = basket();
    body["parts"] = json!([{"size": 1, "colour": "red"}, {"size": 1, "colour": "blue"}]);
    let reply = reqwest::Client::new().put(&url).json(&body).send();
    let reply = reply.await.unwrap();
    assert_eq!(
        reply.status().as_u16(),
        200,
        "{}",
        reply.text().await.unwrap()
    );
    server.close().await.unwrap();
}

#[tokio::test]
async fn an_argument_that_breaks_a_bound_is_not_sent() {
    let (server, client) = start();
    let call = || client.weigh().share(1.0).body(typed::<Basket>(basket()));
    call().send().await.unwrap();
    let twice = || vec!["a".parse::<TagsItem>().unwrap(); 2];
    for (unsent, why) in [
        (call().share(0.0), "must be greater than 0"),
        (
            call().share(f64::NAN),
            "must be a number that a double can hold",
        ),
        (call().step(0.7), "must be a multiple of 0.5"),
        (call().tags(Vec::new()), "must have at least 1 item"),
        (call().tags(twice()), "[1]: must not equal an earlier item"),
        (
            call().x_weight(f32::INFINITY),
            "must be a number that a float can hold",
        ),
    ] {
        match unsent.send().await.unwrap_err() {
            Error::InvalidRequest(told) => assert!(told.contains(why), "{told}"),
            other => panic!("{why}: {other:?}"),
        }
    }
    server.close().await.unwrap();
}

#[test]
fn defaults_are_values_of_their_types() {
    let least = json!({ "price": 1.0, "names": ["a"], "labels": {"a": "b"} });
    let basket: Basket = typed(least);
    assert_eq!(basket.rate.get(), 0.25);
    assert_eq!(basket.perhaps.map(BasketPerhaps::get), Some(2.5));
    assert!(basket.tags.is_empty());
    assert!(On::default().get() && On::try_from(false).is_err());
    assert_eq!(On::ONLY, On::default());
    assert_eq!(json!(Parts::default()), json!([{ "size": 1.0 }]));
    // A component's default is its own, and no default of what refers to it.
    assert_eq!(Step::default().get(), 0.2);
    assert!(basket.step.is_none() && basket.parts.is_none() && basket.on.is_none());
}

#[test]
fn bounded_lists_are_read_as_lists_are() {
    let names: Names = vec!["a".to_owned(), "b".to_owned()].try_into().unwrap();
    assert_eq!((names.len(), names[1].as_str()), (2, "b"));
    let borrowed: Vec<&String> = (&names).into_iter().collect();
    assert_eq!(borrowed, ["a", "b"]);
    assert_eq!(names.clone().into_inner(), Vec::from(names));
    let secret: BasketSecret = typed(json!(["hidden"]));
    assert_eq!(format!("{secret:?}"), "BasketSecret(..)");
}
