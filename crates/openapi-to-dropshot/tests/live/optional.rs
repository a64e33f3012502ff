//! Bodies that may be left out: nothing is `None`, here and there; what is sent is read as strictly as any other.

#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, missing_docs, unreachable_pub, dead_code)]
#[path = "../ring/golden/optional/api.rs"]
mod api;
#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, missing_docs, unreachable_pub, unused_imports, dead_code)]
#[path = "../ring/golden/optional/client.rs"]
mod client;
#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, missing_docs, unreachable_pub, dead_code)]
#[path = "../ring/golden/optional/types.rs"]
mod types;

use api::*;
use client::Client;
use dropshot::{ConfigDropshot, HttpServer, RequestContext, ServerBuilder};
use openapi_runtime::Open;
use types::{Note, Told};

/// Tells what arrived.
enum Teller {}

fn told(what: impl std::fmt::Debug) -> Told {
    Told {
        told: format!("{what:?}"),
    }
}

/// The text of the note, if there is one.
fn text(note: Option<Note>) -> Option<String> {
    note.map(|note| note.text.to_string())
}

impl OptionalApi for Teller {
    type Context = ();

    async fn write_note(
        _: RequestContext<()>,
        request: Open<WriteNote>,
    ) -> Result<WriteNoteResponse, WriteNoteError> {
        let body = told(text(request.body));
        Ok(WriteNoteResponse { body })
    }

    async fn put_note(
        _: RequestContext<()>,
        request: Open<PutNote>,
    ) -> Result<PutNoteResponse, PutNoteError> {
        let body = told(text(Some(request.body)));
        Ok(PutNoteResponse { body })
    }

    async fn patch_note(
        _: RequestContext<()>,
        request: Open<PatchNote>,
    ) -> Result<PatchNoteResponse, PatchNoteError> {
        let body = told(text(request.body));
        Ok(PatchNoteResponse { body })
    }

    async fn fill_form(
        _: RequestContext<()>,
        request: Open<FillForm>,
    ) -> Result<FillFormResponse, FillFormError> {
        let body = told(request.body.map(|form| form.name));
        Ok(FillFormResponse { body })
    }

    async fn send_bytes(
        _: RequestContext<()>,
        request: Open<SendBytes>,
    ) -> Result<SendBytesResponse, SendBytesError> {
        let body = told(request.body);
        Ok(SendBytesResponse { body })
    }

    async fn send_parts(
        _: RequestContext<()>,
        request: Open<SendParts>,
    ) -> Result<SendPartsResponse, SendPartsError> {
        let body = told(request.body.is_some());
        Ok(SendPartsResponse { body })
    }

    async fn perhaps_null(
        _: RequestContext<()>,
        request: Open<PerhapsNull>,
    ) -> Result<PerhapsNullResponse, PerhapsNullError> {
        let body = told(request.body.map(|body| serde_json::to_string(&body).ok()));
        Ok(PerhapsNullResponse { body })
    }
}

fn start() -> (HttpServer<()>, Client) {
    let log = slog::Logger::root(slog::Discard, slog::o!());
    let config = ConfigDropshot {
        bind_address: ([127, 0, 0, 1], 0).into(),
        ..ConfigDropshot::default()
    };
    let server = ServerBuilder::new(api::api::<Teller>(), (), log)
        .config(config)
        .start()
        .expect("a free port");
    let client = Client::new(&format!("http://{}", server.local_addr()));
    (server, client)
}

fn note(text: &str) -> Note {
    serde_json::from_value(serde_json::json!({ "text": text })).expect("a note")
}

#[tokio::test]
async fn a_client_sends_a_body_or_none() {
    let (server, client) = start();
    let written = client.write_note().send().await.expect("nothing");
    assert_eq!(written.told, "None");
    let written = client.write_note().body(note("a")).send().await;
    assert_eq!(written.expect("a note").told, "Some(\"a\")");
    let patched = client.patch_note().send().await.expect("nothing");
    assert_eq!(patched.told, "None");
    let patched = client.patch_note().body(note("b")).send().await;
    assert_eq!(patched.expect("a vendor's JSON").told, "Some(\"b\")");
    let filled = client.fill_form().send().await.expect("nothing");
    assert_eq!(filled.told, "None");
    let form: types::FormBody =
        serde_json::from_value(serde_json::json!({ "name": "n" })).expect("a form");
    let filled = client.fill_form().body(form).send().await.expect("a form");
    assert_eq!(filled.told, "Some(Some(\"n\"))");
    server.close().await.expect("it ends");
}

/// What is answered to a request: the status, and what arrived.
async fn answered(request: reqwest::RequestBuilder) -> (u16, String) {
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    let body: serde_json::Value = response.json().await.expect("JSON");
    (status, body["told"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn nothing_is_no_body_and_what_is_sent_is_judged() {
    let (server, _) = start();
    let at = |path: &str| format!("http://{}{path}", server.local_addr());
    let http = reqwest::Client::new();
    let json = "application/json";
    let none = |told: &(u16, String)| *told == (200, "None".to_owned());
    assert!(none(&answered(http.post(at("/note"))).await));
    // Many clients say of nothing, too, what it is.
    assert!(none(
        &answered(http.post(at("/note")).header("content-type", json)).await
    ));
    assert_eq!(answered(http.post(at("/parts"))).await.1, "false");
    assert!(none(&answered(http.post(at("/perhaps"))).await));
    let null = http
        .post(at("/perhaps"))
        .header("content-type", json)
        .body("null");
    assert_eq!(
        answered(null).await,
        (200, "Some(Some(\"null\"))".to_owned())
    );
    let high = http
        .post(at("/perhaps"))
        .header("content-type", json)
        .body("10");
    assert_eq!(answered(high).await.0, 400);
    let odd = http
        .post(at("/note"))
        .header("content-type", json)
        .body("{\"text\":\"\"}");
    assert_eq!(answered(odd).await.0, 400);
    let other = http
        .post(at("/note"))
        .header("content-type", "text/plain")
        .body("a");
    assert_eq!(answered(other).await.0, 415);
    let untold = http.post(at("/note")).body("{\"text\":\"a\"}");
    assert_eq!(answered(untold).await.0, 415);
    // One that must be there must be there.
    assert_eq!(answered(http.put(at("/note"))).await.0, 415);
    assert_eq!(
        answered(http.put(at("/note")).header("content-type", json))
            .await
            .0,
        400
    );
    // No bytes are bytes, if it is said that they are.
    assert!(none(&answered(http.post(at("/bytes"))).await));
    let no_bytes = http
        .post(at("/bytes"))
        .header("content-type", "application/octet-stream");
    assert_eq!(answered(no_bytes).await, (200, "Some(b\"\")".to_owned()));
    server.close().await.expect("it ends");
}
