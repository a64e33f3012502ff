//! What is not `application/json` of one scalar a name: the client sends it as its server reads it, or sends nothing.

#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, missing_docs, unreachable_pub, dead_code)]
#[path = "../ring/golden/wire/api.rs"]
mod api;
#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, missing_docs, unreachable_pub, unused_imports, dead_code)]
#[path = "../ring/golden/wire/client.rs"]
mod client;
#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, missing_docs, unreachable_pub, dead_code)]
#[path = "../ring/golden/wire/types.rs"]
mod types;

use api::{
    AddNote, AddNoteError, AddNoteResponse, Default, DefaultError, DefaultResponse, Fill,
    FillError, FillResponse, Merge, MergeError, MergeResponse, Room, RoomError, RoomResponse,
    Since, SinceError, SinceResponse, WireApi,
};
use client::{Client, Error};
use dropshot::{ConfigDropshot, HttpServer, RequestContext, ServerBuilder};
use openapi_runtime::Open;
use serde_json::{Value, json};
use types::{FillBody, Note};

/// Answers what it understood.
enum Echo {}

fn note(value: &Value) -> Note {
    serde_json::from_value(json!({ "text": value.to_string() })).expect("a note has a text")
}

impl WireApi for Echo {
    type Context = ();

    async fn add_note(
        _: RequestContext<()>,
        request: Open<AddNote>,
    ) -> Result<AddNoteResponse, AddNoteError> {
        Ok(AddNoteResponse { body: request.body })
    }

    async fn merge(_: RequestContext<()>, _: Open<Merge>) -> Result<MergeResponse, MergeError> {
        Ok(MergeResponse {})
    }

    async fn default(
        _: RequestContext<()>,
        request: Open<Default>,
    ) -> Result<DefaultResponse, DefaultError> {
        let (query, headers) = (request.query, request.headers);
        let understood = json!({
            "colours": query.colours, "sizes": query.sizes, "each": query.each,
            "words": headers.x_words, "send": headers.send,
        });
        Ok(DefaultResponse {
            body: note(&understood),
        })
    }

    async fn room(_: RequestContext<()>, request: Open<Room>) -> Result<RoomResponse, RoomError> {
        let (query, headers) = (request.query, request.headers);
        let understood = json!({
            "room": request.path.room, "colours": query.colours, "sizes": query.sizes,
            "words": headers.x_words,
        });
        Ok(RoomResponse {
            body: note(&understood),
        })
    }

    async fn since(
        _: RequestContext<()>,
        request: Open<Since>,
    ) -> Result<SinceResponse, SinceError> {
        Ok(SinceResponse {
            x_at: request.path.at,
            x_until: request.headers.x_until,
        })
    }

    async fn fill(_: RequestContext<()>, request: Open<Fill>) -> Result<FillResponse, FillError> {
        Ok(FillResponse {
            body: note(&json!(request.body)),
        })
    }
}

fn start() -> (HttpServer<()>, Client) {
    let log = slog::Logger::root(slog::Discard, slog::o!());
    let config = ConfigDropshot {
        bind_address: ([127, 0, 0, 1], 0).into(),
        ..ConfigDropshot::default()
    };
    let server = ServerBuilder::new(api::api::<Echo>(), (), log)
        .config(config)
        .start()
        .expect("a free port");
    let client = Client::new(&format!("http://{}", server.local_addr()));
    (server, client)
}

/// The value, as a type of the document.
fn typed<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("as the document has it")
}

#[tokio::test]
async fn a_vendors_json_is_sent_under_its_own_media_type() {
    let (server, client) = start();
    let sent: Note = typed(json!({ "text": "ü, 日" }));
    let added = client.add_note().body(sent.clone()).send().await.unwrap();
    assert_eq!(
        added.headers()["content-type"],
        "application/vnd.notes.v2+json"
    );
    assert_eq!(json!(added.into_inner()), json!(sent));
    client.merge().body(sent).send().await.unwrap();
    server.close().await.unwrap();
}

#[tokio::test]
async fn lists_in_one_text_are_typed_and_arrive_as_they_were() {
    let (server, client) = start();
    let lists = json!({
        "colours": ["light blue", "red", "red"], "sizes": [1, 2147483647], "each": [uuid::Uuid::nil()],
        "words": ["a;b", "", "\"c"], "send": [true, false],
    });
    let answer = client
        .default_operation()
        .colours(typed::<types::Colours>(lists["colours"].clone()))
        .sizes(typed::<types::Sizes>(lists["sizes"].clone()))
        .each(typed::<types::Each>(lists["each"].clone()))
        .x_words(typed::<types::XWords>(lists["words"].clone()))
        .send_header(typed::<types::Send>(lists["send"].clone()))
        .send()
        .await
        .unwrap();
    let understood: Value = serde_json::from_str(&answer.text).unwrap();
    assert_eq!(understood, lists);
    server.close().await.unwrap();
}

#[tokio::test]
async fn a_list_that_one_text_cannot_say_is_not_sent() {
    let (server, client) = start();
    let call = || {
        client
            .default_operation()
            .sizes(typed::<types::Sizes>(json!([1])))
            .send_header(typed::<types::Send>(json!([true])))
    };
    call().send().await.unwrap();
    for words in [json!(["a,b"]), json!([" a"]), json!([])] {
        let unsent = call().x_words(typed::<types::XWords>(words.clone()));
        let unsent = unsent.send().await.unwrap_err();
        assert!(
            matches!(&unsent, Error::InvalidRequest(why) if why.contains("`X-Words`")),
            "{words}: {unsent:?}"
        );
    }
    server.close().await.unwrap();
}

#[tokio::test]
async fn a_form_with_lists_arrives_as_it_was() {
    let (server, client) = start();
    let form = json!({
        "title": "a&b=ü %+", "rooms": [1, 2], "tags": ["light blue"], "when": "2026-11-25T10:00:00Z", "ratio": 0.5,
    });
    let read = client.fill().body(typed::<FillBody>(form.clone())).send();
    let read = read.await.unwrap();
    assert_eq!(serde_json::from_str::<Value>(&read.text).unwrap(), form);
    let least = json!({ "title": "t", "rooms": [1] });
    let read = client.fill().body(typed::<FillBody>(least.clone())).send();
    let read = read.await.unwrap();
    assert_eq!(serde_json::from_str::<Value>(&read.text).unwrap(), least);
    let unsent = client
        .fill()
        .body(typed::<FillBody>(json!({ "title": "t", "rooms": [] })));
    let unsent = unsent.send().await.unwrap_err();
    assert!(
        matches!(&unsent, Error::InvalidRequest(why) if why.contains("`rooms`")),
        "{unsent:?}"
    );
    server.close().await.unwrap();
}

#[tokio::test]
async fn a_list_that_is_left_out_is_its_default() {
    let (server, client) = start();
    for (room, sizes, expected) in [
        ("a/b %2e", None, json!([1, 2])),
        ("...", Some(vec![7]), json!([7])),
    ] {
        let mut call = client.room().room(room);
        if let Some(sizes) = sizes {
            call = call.sizes(sizes);
        }
        let answer = call.send().await.unwrap();
        let understood: Value = serde_json::from_str(&answer.text).unwrap();
        let expected = json!({ "room": room, "colours": ["red"], "sizes": expected, "words": [] });
        assert_eq!(understood, expected);
    }
    server.close().await.unwrap();
}

#[tokio::test]
async fn a_variable_that_would_lead_to_another_path_is_not_sent() {
    let (server, client) = start();
    for room in [".", "..", ""] {
        let unsent = client.room().room(room).send().await.unwrap_err();
        assert!(
            matches!(&unsent, Error::InvalidRequest(why) if why.starts_with("room: ")),
            "{room:?}: {unsent:?}"
        );
    }
    server.close().await.unwrap();
}

#[tokio::test]
async fn a_date_with_a_time_is_written_in_a_path_and_in_headers_as_it_is_in_json() {
    let (server, client) = start();
    let at = "2026-01-02T03:04:05Z";
    let until = "2026-01-02T03:04:05.000000006Z";
    let call = client.since().at(typed::<types::Moment>(json!(at)));
    let answer = call.x_until(typed::<chrono::DateTime<chrono::Utc>>(json!(until)));
    let answer = answer.send().await.unwrap();
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!([header("x-at"), header("x-until")], [at, until]);
    server.close().await.unwrap();
}
