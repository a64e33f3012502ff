//! Fixed segments beside variables: behind one route of the router, the path of a request decides, and whatever holds of an
//! operation holds there.

#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, missing_docs, unreachable_pub, dead_code)]
#[path = "../ring/golden/bridged/api.rs"]
mod api;
#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, missing_docs, unreachable_pub, dead_code)]
#[path = "../ring/golden/bridged/types.rs"]
mod types;

use api::*;
use dropshot::{ConfigDropshot, HttpServer, RequestContext, ServerBuilder};
use openapi_runtime::{Authenticator, Guarded, Limits, Open, Refusal, RequestHead};
use reqwest::Method;
use std::sync::Mutex;
use types::{Kind, SearchResponse200, Thing};

/// Knows whoever has the word `good`, and keeps what handlers were asked for.
#[derive(Default)]
struct Door(Mutex<Vec<String>>);

impl Authenticator for Door {
    type Caller = ();

    async fn authenticate(&self, request: &RequestHead<'_>) -> Result<(), Refusal> {
        let internal = request.operation.to_owned();
        if request.bearer == "good" {
            Ok(())
        } else {
            Err(Refusal::Unauthorized { internal })
        }
    }

    fn limits(&self) -> Limits {
        Limits {
            body_bytes: 40,
            ..Limits::DEFAULT
        }
    }
}

impl Door {
    /// The operation, and the variables that the router is taken to have found: called as they were called first.
    fn asked(rqctx: &RequestContext<Door>, with: impl std::fmt::Debug) {
        let names: Vec<_> = rqctx.endpoint.variables.keys().cloned().collect();
        let asked = format!("{} {names:?} {with:?}", rqctx.endpoint.operation_id);
        let mut all = rqctx.context().0.lock().expect("no test panics with it");
        all.push(asked);
    }
}

enum Things {}

impl BridgedApi for Things {
    type Context = Door;

    async fn list_things(
        rqctx: RequestContext<Door>,
        _: Open<ListThings>,
    ) -> Result<ListThingsResponse, ListThingsError> {
        Door::asked(&rqctx, ());
        Ok(ListThingsResponse {})
    }

    async fn get_thing(
        rqctx: RequestContext<Door>,
        request: Open<GetThing>,
    ) -> Result<GetThingResponse, GetThingError> {
        Door::asked(&rqctx, request.path.id);
        let body = Thing { kind: Kind::Red };
        Ok(GetThingResponse { body })
    }

    async fn put_thing(
        rqctx: RequestContext<Door>,
        request: Open<PutThing>,
    ) -> Result<PutThingResponse, PutThingError> {
        Door::asked(&rqctx, (request.path.id, request.body.kind));
        Ok(PutThingResponse {})
    }

    async fn copy_thing(
        rqctx: RequestContext<Door>,
        request: Open<CopyThing>,
    ) -> Result<CopyThingResponse, CopyThingError> {
        Door::asked(&rqctx, request.path.number);
        Ok(CopyThingResponse {})
    }

    async fn search(
        rqctx: RequestContext<Door>,
        request: Guarded<Door, Search>,
    ) -> Result<SearchResponse, SearchError> {
        Door::asked(&rqctx, request.body.q);
        let body = SearchResponse200(Vec::new());
        Ok(SearchResponse { body })
    }

    async fn search_page(
        rqctx: RequestContext<Door>,
        request: Open<SearchPage>,
    ) -> Result<SearchPageResponse, SearchPageError> {
        Door::asked(&rqctx, (request.path.kind, request.path.page));
        Ok(SearchPageResponse {})
    }

    async fn list_parts(
        rqctx: RequestContext<Door>,
        request: Open<ListParts>,
    ) -> Result<ListPartsResponse, ListPartsError> {
        Door::asked(&rqctx, request.path.number);
        Ok(ListPartsResponse {})
    }

    async fn delete_part(
        rqctx: RequestContext<Door>,
        request: Open<DeletePart>,
    ) -> Result<DeletePartResponse, DeletePartError> {
        Door::asked(&rqctx, (request.path.number, request.path.part));
        Ok(DeletePartResponse {})
    }

    async fn delete_parts(
        rqctx: RequestContext<Door>,
        request: Open<DeleteParts>,
    ) -> Result<DeletePartsResponse, DeletePartsError> {
        Door::asked(&rqctx, request.path.number);
        Ok(DeletePartsResponse {})
    }
}

fn start() -> HttpServer<Door> {
    let log = slog::Logger::root(slog::Discard, slog::o!());
    let config = ConfigDropshot {
        bind_address: ([127, 0, 0, 1], 0).into(),
        ..ConfigDropshot::default()
    };
    ServerBuilder::new(api::api::<Things>(), Door::default(), log)
        .config(config)
        .start()
        .expect("a free port")
}

/// The status, the `Allow` headers and the body of what is answered.
async fn ask(
    server: &HttpServer<Door>,
    method: &Method,
    path: &str,
    with: Option<(&str, &str)>,
) -> (u16, Vec<String>, String) {
    let url = format!("http://{}{path}", server.local_addr());
    let mut request = reqwest::Client::new().request(method.clone(), url);
    if let Some((token, body)) = with {
        request = request.bearer_auth(token).body(body.to_owned());
        request = request.header("content-type", "application/json");
    }
    let answer = request.send().await.expect("it answers");
    let allow = answer.headers().get_all("allow").iter();
    let allow = allow.map(|value| value.to_str().expect("ASCII").to_owned());
    let allow = allow.collect();
    let status = answer.status().as_u16();
    (status, allow, answer.text().await.expect("a text"))
}

#[tokio::test]
async fn the_fixed_segment_is_asked_before_the_variable_whatever_was_registered_first() {
    let server = start();
    let part = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let delete = Method::DELETE;
    for (method, path, with, asked) in [
        (Method::GET, "/things", None, "list_things [] ()".to_owned()),
        (
            Method::GET,
            "/things/7",
            None,
            "get_thing [\"id\"] Id(7)".to_owned(),
        ),
        (
            Method::PUT,
            "/things/7",
            Some(("", r#"{"kind":"blue"}"#)),
            "put_thing [\"id\"] (Id(7), Blue)".to_owned(),
        ),
        (
            Method::POST,
            "/things/search",
            Some(("good", r#"{"q":"a"}"#)),
            "search [] SearchBodyQ(\"a\")".to_owned(),
        ),
        // What is written in other characters is the same.
        (
            Method::POST,
            "/things/se%61rch",
            Some(("good", r#"{"q":"b"}"#)),
            "search [] SearchBodyQ(\"b\")".to_owned(),
        ),
        // A part of a segment is no variable of the router's.
        (
            Method::POST,
            "/things/7:copy",
            None,
            "copy_thing [] Number(7)".to_owned(),
        ),
        (
            Method::GET,
            "/things/search/red/3",
            None,
            "search_page [\"kind\", \"page\"] (Red, Page(3))".to_owned(),
        ),
        (
            Method::GET,
            "/things/7/parts",
            None,
            "list_parts [\"id\"] 7".to_owned(),
        ),
        (
            delete.clone(),
            "/things/7/parts/all",
            None,
            "delete_parts [\"id\"] 7".to_owned(),
        ),
        (
            delete.clone(),
            &format!("/things/7/parts/{part}"),
            None,
            format!("delete_part [\"id\", \"part\"] (7, {part})"),
        ),
    ] {
        let (status, _, text) = ask(&server, &method, path, with).await;
        assert!(
            (200..300).contains(&status),
            "{method} {path}: {status} {text}"
        );
        let last = server
            .app_private()
            .0
            .lock()
            .expect("no test panics with it")
            .pop();
        assert_eq!(last, Some(asked), "{method} {path}");
    }
}

#[tokio::test]
async fn what_no_path_has_is_not_found_and_what_a_path_lacks_is_not_allowed() {
    let server = start();
    for (method, path, expected, allow) in [
        (Method::GET, "/things/search", 405, vec!["POST"]),
        (Method::DELETE, "/things/search", 405, vec!["POST"]),
        (Method::POST, "/things/7", 405, vec!["GET", "PUT"]),
        (Method::TRACE, "/things/7", 405, vec!["GET", "PUT"]),
        (Method::GET, "/things/7:copy", 405, vec!["POST"]),
        (Method::POST, "/things/:copy", 405, vec!["GET", "PUT"]),
        (Method::GET, "/things/7/parts/all", 405, vec!["DELETE"]),
        (Method::DELETE, "/things/search/red/3", 405, vec!["GET"]),
        // Each is behind a route that the router has.
        (Method::GET, "/things/other/red/3", 404, vec![]),
        (Method::DELETE, "/things/7/rooms/all", 404, vec![]),
        (Method::PATCH, "/things/7/rooms", 404, vec![]),
    ] {
        let (status, told, text) = ask(&server, &method, path, None).await;
        assert_eq!(
            (status, told),
            (expected, allow.into_iter().map(str::to_owned).collect()),
            "{method} {path}: {text}"
        );
    }
    assert_eq!(
        *server.app_private().0.lock().unwrap(),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn what_an_operation_asks_for_is_asked_for_there_too() {
    let server = start();
    let long = format!(r#"{{"q":"{}"}}"#, "a".repeat(40));
    for (method, path, with, expected, word) in [
        (Method::POST, "/things/search", None, 401, "bearer token"),
        (
            Method::POST,
            "/things/search",
            Some(("bad", "{}")),
            401,
            "bearer token",
        ),
        (
            Method::POST,
            "/things/search",
            Some(("good", "{}")),
            400,
            "q",
        ),
        (
            Method::POST,
            "/things/search",
            Some(("good", r#"{"q":"abcdef"}"#)),
            400,
            "5",
        ),
        (
            Method::POST,
            "/things/search",
            Some(("good", long.as_str())),
            413,
            "40",
        ),
        (
            Method::POST,
            "/things/search?a=1",
            Some(("good", r#"{"q":"a"}"#)),
            400,
            "a",
        ),
        (Method::GET, "/things/0", None, 400, "id"),
        (Method::GET, "/things/best", None, 400, "id"),
        (Method::POST, "/things/10:copy", None, 400, "number"),
        (Method::GET, "/things/search/green/3", None, 400, "kind"),
        (Method::DELETE, "/things/7/parts/8", None, 400, "part"),
        // The router is lenient where a segment is empty; no path is.
        (Method::GET, "/things//7", None, 404, "no such path"),
        (Method::GET, "/things/7/", None, 404, "no such path"),
    ] {
        let (status, _, text) = ask(&server, &method, path, with).await;
        assert_eq!(status, expected, "{method} {path}: {text}");
        assert!(text.contains(word), "{method} {path}: {text}");
    }
    assert_eq!(
        *server.app_private().0.lock().unwrap(),
        Vec::<String>::new()
    );
}

#[test]
fn dropshots_documents_are_one_that_has_every_path_as_it_is_written() {
    let version = dropshot::semver::Version::new(1, 0, 0);
    let descriptions = descriptions();
    assert_eq!(descriptions.len(), 4);
    let whole = openapi_runtime::bridge::whole(&descriptions, TITLE, &version).unwrap();
    let source: serde_json::Value = serde_json::from_str(DOCUMENT).unwrap();
    let paths = |document: &serde_json::Value| {
        let paths = document["paths"].as_object().unwrap().iter();
        let mut operations: Vec<String> = paths
            .flat_map(|(path, item)| {
                let methods = item.as_object().unwrap().keys();
                methods
                    .filter(|key| *key != "parameters")
                    .map(move |key| format!("{key} {path}"))
            })
            .collect();
        operations.sort();
        operations
    };
    // The variable of one place is called as it was called first.
    let called = |path: &String| path.replace("{number}/", "{id}/");
    let expected: Vec<String> = paths(&source).iter().map(called).collect();
    assert_eq!(paths(&whole), expected);
}
