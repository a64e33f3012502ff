//! A server of the small document.

use crate::api::{
    self, GetThing, GetThingError, GetThingResponse, PutThing, PutThingError, PutThingResponse,
    ThingsApi,
};
use crate::client::Client;
use crate::types::{Thing, ThingColour};
use dropshot::{ConfigDropshot, HttpServer, RequestContext, ServerBuilder};
use openapi_runtime::{Authenticator, Fault, Guarded, Open, Refusal, RequestHead};
use serde_json::json;
use std::sync::Mutex;

/// The one thing that is kept.
#[derive(Default)]
struct Shelf(Mutex<Option<Thing>>);

impl Authenticator for Shelf {
    type Caller = ();
    async fn authenticate(&self, request: &RequestHead<'_>) -> Result<(), Refusal> {
        let internal = "a test".to_owned();
        if request.bearer == "t" {
            Ok(())
        } else {
            Err(Refusal::Unauthorized { internal })
        }
    }
}

enum Things {}

impl ThingsApi for Things {
    type Context = Shelf;

    async fn get_thing(
        rqctx: RequestContext<Shelf>,
        request: Guarded<Shelf, GetThing>,
    ) -> Result<GetThingResponse, GetThingError> {
        let e_tag = format!(
            "{}-{:?}-{}",
            request.path.thing_id.as_str(),
            request.query.verbose,
            request.query.depth.get()
        );
        match &*rqctx.context().0.lock().expect("no test panics with it") {
            Some(thing) => Ok(GetThingResponse {
                body: thing.clone(),
                e_tag,
            }),
            None => Err(GetThingError::NotFound(Fault::because(
                "not_found",
                "no such thing",
            ))),
        }
    }

    async fn put_thing(
        rqctx: RequestContext<Shelf>,
        request: Open<PutThing>,
    ) -> Result<PutThingResponse, PutThingError> {
        *rqctx.context().0.lock().expect("no test panics with it") = Some(request.body);
        Ok(PutThingResponse {})
    }
}

fn start() -> HttpServer<Shelf> {
    let log = slog::Logger::root(slog::Discard, slog::o!());
    let config = ConfigDropshot {
        bind_address: ([127, 0, 0, 1], 0).into(),
        ..ConfigDropshot::default()
    };
    ServerBuilder::new(api::api::<Things>(), Shelf::default(), log)
        .config(config)
        .start()
        .expect("a free port, a client")
}

fn client(server: &HttpServer<Shelf>, token: &str) -> Client {
    let mut headers = reqwest::header::HeaderMap::new();
    headers.insert(
        "authorization",
        format!("Bearer {token}").parse().expect("a header"),
    );
    let inner = reqwest::Client::builder()
        .default_headers(headers)
        .build()
        .expect("a free port, a client");
    Client::new_with_client(&format!("http://{}", server.local_addr()), inner)
}

fn thing() -> serde_json::Value {
    json!({
        "name": "n", "size": 4, "colour": "dark-blue", "either": 255, "labels": {"a": "b"},
        "parts": [{"name": "m", "size": 2}],
    })
}

#[tokio::test]
async fn client_and_server_agree_on_a_value() {
    let server = start();
    let client = client(&server, "t");
    let written: Thing = serde_json::from_value(thing()).unwrap();
    assert_eq!(written.colour, Some(ThingColour::DarkBlue));
    client
        .put_thing()
        .thing_id("abc")
        .body(written)
        .send()
        .await
        .unwrap();
    let read = client
        .get_thing()
        .thing_id("abc")
        .verbose(true)
        .send()
        .await
        .unwrap();
    assert_eq!(read.headers()["etag"], "abc-Some(true)-3");
    assert_eq!(serde_json::to_value(read.into_inner()).unwrap(), thing());
    server.close().await.unwrap();
}

#[tokio::test]
async fn errors_are_typed_and_a_bad_argument_is_not_sent() {
    let server = start();
    let missing = client(&server, "t")
        .get_thing()
        .thing_id("abc")
        .send()
        .await
        .unwrap_err();
    let crate::client::Error::ErrorResponse(missing) = missing else {
        panic!("{missing:?}")
    };
    assert_eq!((missing.status().as_u16(), missing.error.code), (404, 404));
    let refused = client(&server, "x")
        .get_thing()
        .thing_id("abc")
        .send()
        .await
        .unwrap_err();
    assert_eq!(refused.status().map(|status| status.as_u16()), Some(401));
    let unsent = client(&server, "t")
        .get_thing()
        .thing_id("ABC")
        .send()
        .await
        .unwrap_err();
    assert!(
        matches!(unsent, crate::client::Error::InvalidRequest(_)),
        "{unsent:?}"
    );
    server.close().await.unwrap();
}

#[tokio::test]
async fn the_server_refuses_what_the_schema_forbids_and_the_types_cannot_say() {
    let server = start();
    let url = format!("http://{}/things/abc", server.local_addr());
    for (change, field) in [
        (json!({"size": 3}), "size"),
        (json!({"size": 22}), "size"),
        (json!({"name": null}), "name"),
        (json!({"colour": "blue"}), "colour"),
        (json!({"parts": [thing(), thing()]}), "parts[1]"),
        (json!({"labels": {"a": "12345"}}), "labels.a"),
        (json!({"either": 256}), "either"),
        (json!({"more": 1}), "more"),
    ] {
        let mut body = thing();
        body.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let reply = reqwest::Client::new()
            .put(&url)
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(reply.status().as_u16(), 400, "{change}");
        let error: serde_json::Value = reply.json().await.unwrap();
        assert_eq!(
            error["error"]["details"][0]["field"], field,
            "{change}: {error}"
        );
    }
    server.close().await.unwrap();
}

#[test]
fn what_dropshot_emits_is_the_source() {
    let document =
        openapi_document::Document::read("things.yaml", include_str!("../ring/things.yaml"))
            .unwrap();
    let emitted = api::description()
        .openapi(api::TITLE, api::VERSION.parse().unwrap())
        .json()
        .unwrap();
    assert_eq!(
        openapi_check::differences(&document, &emitted),
        Vec::<String>::new()
    );
}
