//! Errors are answered as they are declared: under their media type, with the headers that must be there.

#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, missing_docs, unreachable_pub, dead_code)]
#[path = "../ring/golden/failed/api.rs"]
mod api;
#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, missing_docs, unreachable_pub, unused_imports, dead_code)]
#[path = "../ring/golden/failed/client.rs"]
mod client;
#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, missing_docs, unreachable_pub, dead_code)]
#[path = "../ring/golden/failed/types.rs"]
mod types;

use api::{
    GetJob, GetJobError, GetJobResponse, JobsApi, StartJob, StartJobError, StartJobResponse,
};
use client::{Client, Error};
use dropshot::{
    ConfigDropshot, ErrorStatusCode, HttpError, HttpServer, RequestContext, ServerBuilder,
};
use openapi_runtime::Open;
use serde_json::{Value, json};
use types::{Job, Problem};

/// Fails as the name of the job says.
enum Failing {}

fn typed<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("as the document has it")
}

fn problem(status: u16) -> Problem {
    typed(json!({ "title": "No", "status": status }))
}

impl JobsApi for Failing {
    type Context = ();

    async fn start_job(
        _: RequestContext<()>,
        request: Open<StartJob>,
    ) -> Result<StartJobResponse, StartJobError> {
        let quota = || typed(json!(7));
        Err(match request.body.name.as_str() {
            "conflict" => StartJobError::Conflict {
                body: problem(409),
                location: "/jobs/b".to_owned(),
                retry_after: typed(json!(60)),
            },
            "unwritable" => StartJobError::Conflict {
                body: problem(409),
                location: "/jobs/\n".to_owned(),
                retry_after: typed(json!(60)),
            },
            "locked" => StartJobError::Locked {
                body_header: Some(3),
                request_id: uuid::Uuid::nil(),
                status_header: types::Lock::Lost,
            },
            "many" => StartJobError::TooManyRequests {
                body: problem(429),
                retry_after: typed(json!(0)),
                x_quota_left: quota(),
            },
            "other" => StartJobError::Other {
                status: ErrorStatusCode::IM_A_TEAPOT,
                body: problem(418),
                x_quota_left: quota(),
            },
            "dropshot" => {
                let error = HttpError::for_unavail(None, "later".to_owned());
                let error = error.with_header("x-quota-left", "9");
                error.expect("a header").into()
            }
            "panic" => panic!("as it was asked to"),
            _ => return Ok(StartJobResponse { body: request.body }),
        })
    }

    async fn get_job(
        _: RequestContext<()>,
        _: Open<GetJob>,
    ) -> Result<GetJobResponse, GetJobError> {
        Err(GetJobError::Gone(typed(json!(["any", "JSON"]))))
    }
}

fn start() -> HttpServer<()> {
    let log = slog::Logger::root(slog::Discard, slog::o!());
    let config = ConfigDropshot {
        bind_address: ([127, 0, 0, 1], 0).into(),
        ..ConfigDropshot::default()
    };
    let server = ServerBuilder::new(api::api::<Failing>(), (), log).config(config);
    server.start().expect("a free port")
}

#[tokio::test]
async fn an_error_has_its_media_type_and_the_headers_that_must_be_there() {
    let server = start();
    let url = format!("http://{}/jobs/a", server.local_addr());
    let ask = async |name: &str| {
        let asked = reqwest::Client::new()
            .put(&url)
            .json(&json!({ "name": name }));
        let answer = asked.send().await.expect("an answer");
        let headers = answer.headers();
        assert!(headers.contains_key("x-request-id"), "{name}");
        let named = [
            "content-type",
            "location",
            "retry-after",
            "x-quota-left",
            "body",
            "request-id",
            "status",
        ];
        let told = named.iter().filter_map(|name| {
            let value = headers.get(*name)?.to_str().expect("ASCII");
            Some(format!("{name}={value}"))
        });
        format!(
            "{} {}",
            answer.status().as_u16(),
            told.collect::<Vec<_>>().join(" ")
        )
    };
    let problem = "content-type=application/problem+json";
    let vendors = "content-type=application/vnd.jobs+json; charset=utf-8";
    for (name, expected) in [
        ("works", format!("200 {vendors}")),
        (
            "conflict",
            format!("409 {problem} location=/jobs/b retry-after=60"),
        ),
        (
            "locked",
            "423 body=3 request-id=00000000-0000-0000-0000-000000000000 status=lost".to_owned(),
        ),
        (
            "many",
            format!("429 {problem} retry-after=0 x-quota-left=7"),
        ),
        ("other", format!("418 {problem} x-quota-left=7")),
        // What dropshot's own error has is kept.
        (
            "dropshot",
            format!("503 {problem} retry-after=1 x-quota-left=9"),
        ),
        // What no handler made has the plainest value.
        ("panic", format!("500 {problem} x-quota-left=0")),
        ("unwritable", format!("500 {problem} x-quota-left=0")),
        ("", format!("400 {problem} x-quota-left=0")),
    ] {
        assert_eq!(ask(name).await, expected, "{name:?}");
    }
    server.close().await.expect("it ends");
}

#[tokio::test]
async fn the_client_reads_errors_and_answers_under_a_vendors_media_type() {
    let server = start();
    let client = Client::new(&format!("http://{}", server.local_addr()));
    let job = |name: &str| typed::<Job>(json!({ "name": name }));
    let call = async |name: &str| client.start_job().id("a").body(job(name)).send().await;
    assert_eq!(call("works").await.unwrap().name.as_str(), "works");
    let Err(Error::ErrorResponse(error)) = call("conflict").await else {
        panic!("it is declared")
    };
    assert_eq!(error.headers()["location"], "/jobs/b");
    assert_eq!(error.into_inner(), json!({ "title": "No", "status": 409 }));
    // Without a body it has its status and headers all the same.
    let Err(Error::ErrorResponse(error)) = call("locked").await else {
        panic!("it is declared")
    };
    assert_eq!(
        (error.status().as_u16(), &error.headers()["status"]),
        (423, &"lost".parse().unwrap())
    );
    assert_eq!(error.into_inner(), Value::Null);
    let Err(Error::ErrorResponse(error)) = client.get_job().id("a").send().await else {
        panic!("it is declared")
    };
    assert_eq!(error.into_inner(), json!(["any", "JSON"]));
    server.close().await.expect("it ends");
}
