//! Answers that are not the API's, or not what the document allows.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use kubeconfig_client::types::KubeconfigId;
use kubeconfig_client::{Failure, Retry, reason, reasons, refusal};
use reqwest::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::fake::{self, Fake, answer, client, cluster, json, kubeconfig, page};

fn id() -> KubeconfigId {
    "kubeconfig-s2t3u4".parse().unwrap()
}

fn ok() -> String {
    json(200, &kubeconfig("kubeconfig-s2t3u4"))
}

#[tokio::test]
async fn what_is_refused_for_now_is_sent_again_whoever_refuses_it() {
    for status in [408, 429, 502, 503, 504] {
        let refused = fake::refusal(status, "rate_limited");
        let empty = answer(status, "", "");
        for first in [refused, page(status, ""), empty, String::new()] {
            let server = Fake::answering(&[first.clone(), ok()]).await;
            let got = server.cluster().get(&id()).await;
            assert!(got.is_ok(), "{status}, {first:?}: {got:?}");
            assert_eq!(server.seen().len(), 2, "{status}, {first:?}");
        }
    }
}

#[tokio::test]
async fn what_would_be_refused_again_is_sent_once() {
    for status in [400, 401, 403, 404, 409, 500, 501] {
        for first in [fake::refusal(status, "not_permitted"), page(status, "")] {
            let server = Fake::answering(&[first.clone(), ok()]).await;
            let failure = server.cluster().get(&id()).await.unwrap_err();
            let told = failure.status().map(|status| status.as_u16());
            assert_eq!(told, Some(status), "{first:?}");
            assert_eq!(server.seen().len(), 1, "{first:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_not_the_apis_has_its_status_and_headers_and_says_so() {
    // A page, JSON of someone else's, an error that breaks off, and one without an end.
    let endless = answer(503, "retry-after: 7\n", &"x".repeat(1 << 20));
    let cut = "HTTP/1.1 503 X\r\nretry-after: 7\r\ncontent-length: 900\r\n\r\n{\"error\"";
    let other = answer(503, "retry-after: 7\n", r#"{"error": "unavailable"}"#);
    for first in [
        page(503, "retry-after: 7\n"),
        other,
        cut.to_owned(),
        endless,
    ] {
        let server = Fake::answering(&[first]).await;
        let once = server.patient(Retry::NEVER);
        let failure = once.get(&id()).await.unwrap_err();
        assert_eq!(failure.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
        assert_eq!(reason(&failure), Some(reasons::NOT_THE_API));
        assert!(failure.is_retryable());
        let Failure::ErrorResponse(answer) = &failure else {
            panic!("{failure:?}")
        };
        assert_eq!(answer.headers()["retry-after"], "7");
    }
}

#[tokio::test]
async fn retry_after_is_heard_whoever_says_it_and_however() {
    // A minute is too long for this client: it gives up at once.
    let far = "Sat, 06 Nov 2094 08:49:37 GMT";
    for status in [429, 502, 503, 504] {
        for when in ["60", far] {
            let answers = [page(status, &format!("retry-after: {when}\n")), ok()];
            let server = Fake::answering(&answers).await;
            let failure = server.cluster().get(&id()).await.unwrap_err();
            let told = failure.status().map(|status| status.as_u16());
            assert_eq!((told, server.seen().len()), (Some(status), 1), "{when}");
        }
    }
    // A second is waited for, and one that is over is not.
    let soon = [page(502, "retry-after: 1\n"), ok()];
    let server = Fake::answering(&soon).await;
    let patient = server.patient(Retry::within(Duration::from_secs(60)));
    let began = Instant::now();
    patient.get(&id()).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(1));
    let past = "retry-after: Sun, 06 Nov 1994 08:49:37 GMT\n";
    let server = Fake::answering(&[page(502, past), ok()]).await;
    server.cluster().get(&id()).await.unwrap();
}

#[tokio::test]
async fn a_refusal_is_a_line_for_a_person() {
    let server = Fake::answering(&[fake::refusal(403, "role_not_permitted")]).await;
    let failure = server.cluster().get(&id()).await.unwrap_err();
    let told = refusal(&failure).unwrap();
    let line = "403 role_not_permitted: because (request 00000000-0000)";
    assert_eq!(told.to_string(), line);
    assert_eq!(told.details.len(), 1);

    let server = Fake::answering(&[page(404, "")]).await;
    let failure = server.cluster().get(&id()).await.unwrap_err();
    let told = refusal(&failure).unwrap();
    assert!(
        told.to_string().starts_with("404 not_the_api: the answer"),
        "{told}"
    );
    assert!(refusal(&Failure::Custom("x".to_owned())).is_none());
}

#[tokio::test]
async fn a_file_that_does_not_fit_the_document_is_not_shown_by_the_error() {
    let file = r#"{"apiVersion": "v1", "kind": "Other", "clusters": [], "contexts": [], "current-context": "a",
        "users": [{"name": "u", "user": {"token": "very-secret"}}]}"#;
    // Here the mistake is the secret itself, which an error would quote.
    let misplaced = r#"{"apiVersion": "v1", "kind": "Config", "users": "very-secret"}"#;
    for body in [file, misplaced, "very-secret"] {
        let server = Fake::answering(&[json(200, body)]).await;
        let by_method = server.cluster().file(&id()).await.unwrap_err();
        let client = client(&server.url());
        let request = client.get_kubeconfig_file().region("r").project("p");
        let by_builder = request.cluster_id("c").id(id()).send().await.unwrap_err();
        for failure in [by_method, by_builder] {
            assert!(matches!(failure, Failure::InvalidResponsePayload(..)));
            let shown = format!("{failure} {failure:?} {failure:#}");
            assert!(!shown.contains("very-secret"), "{shown}");
            assert!(shown.contains("withheld"), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_download_is_a_secret_of_a_bound() {
    let yaml = |body: &str| answer(200, "content-type: application/yaml\n", body);
    let text = "kind: Config\nusers: [{name: u, user: {token: very-secret}}]\n";
    let server = Fake::answering(&[yaml(text)]).await;
    let file = server.cluster().download(&id()).await.unwrap();
    assert_eq!(file.as_str(), text);
    assert!(!format!("{file:?}").contains("very-secret"));

    // One that is cut off is asked for again: each is minted afresh.
    let cut = yaml(text).replace("content-length: ", "content-length: 9");
    let server = Fake::answering(&[cut, yaml(text)]).await;
    assert_eq!(server.cluster().download(&id()).await.unwrap(), file);

    let long = "very-secret".repeat(100_000);
    let longer = "very-secret".repeat(400_000);
    for body in ["", &long, &longer] {
        let server = Fake::answering(&[yaml(body)]).await;
        let failure = server.cluster().download(&id()).await.unwrap_err();
        assert!(matches!(failure, Failure::InvalidResponsePayload(..)));
        assert!(!format!("{failure:?}").contains("very-secret"));
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_until_the_time_is_over() {
    let server = Fake::answering(&[String::new()]).await;
    let began = Instant::now();
    let within = Duration::from_secs(2);
    let failure = server.within(within).get(&id()).await.unwrap_err();
    assert!(matches!(failure, Failure::CommunicationError(_)));
    assert!(server.seen().len() > 2, "{}", server.seen().len());
    assert!(began.elapsed() >= within - Duration::from_millis(2));
}

#[tokio::test]
async fn tls_that_comes_to_nothing_is_not_tried_again() {
    // It speaks no TLS. (What a certificate that is not believed looks like is the same to the client.)
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let _ = socket.write_all(page(400, "").as_bytes()).await;
            // Until the client goes.
            let _ = socket.read_to_end(&mut Vec::new()).await;
        }
    });
    let hour = Duration::from_secs(3600);
    let patient = Retry::within(hour * 9).pauses(hour, hour);
    let patient = cluster(&client(&url)).retry(patient);
    let id = id();
    let tried = tokio::time::timeout(Duration::from_secs(60), patient.get(&id)).await;
    let failure = tried.expect("it is not waited for").unwrap_err();
    assert!(matches!(failure, Failure::CommunicationError(_)));
}
