//! Hostile and broken input: every answer is a status, nothing is stored, and the next request is served.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Api, accounts, answer, client, cluster, token_path};

const VIEWER: &str = "kubemint-viewer";

#[tokio::test]
async fn a_body_that_is_no_json_object_is_a_bad_request() {
    let cluster = cluster().await;
    let api = Api::admin(&cluster);
    api.account(VIEWER, "alice").await;
    let deep = "[".repeat(100_000);
    let deep_object = r#"{"metadata":"#.repeat(50_000);
    let bodies: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"{".to_vec(),
        b"{}{}".to_vec(),
        b"null".to_vec(),
        b"7".to_vec(),
        b"[]".to_vec(),
        b"\"x\"".to_vec(),
        b"\xff\xfe".to_vec(),
        b"\xef\xbb\xbf{}".to_vec(),
        br#"{"metadata": {"name": "\ud800"}}"#.to_vec(),
        deep.into_bytes(),
        deep_object.into_bytes(),
    ];
    let reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews".to_owned();
    for path in [accounts(VIEWER), token_path(VIEWER, "alice"), reviews] {
        for body in &bodies {
            let request = api
                .request(Method::POST, &path)
                .header("content-type", "application/json");
            answer(request.body(body.clone()))
                .await
                .refused(400, "BadRequest");
        }
    }
    assert_eq!(cluster.service_accounts().len(), 1);
}

#[tokio::test]
async fn a_huge_body_is_refused_announced_or_not() {
    let cluster = cluster().await;
    let api = Api::service(&cluster);
    let body = format!(
        "{{\"metadata\": {{\"name\": \"x\", \"a\": \"{}\"}}}}",
        "x".repeat(3 * 1024 * 1024)
    );
    let announced = api
        .request(Method::POST, &accounts(VIEWER))
        .header("content-type", "application/json");
    answer(announced.body(body))
        .await
        .refused(413, "RequestEntityTooLarge");
    // Without a length: raw, over one connection, until the cluster says stop.
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\n",
        accounts(VIEWER),
        cluster.service_token()
    );
    let mut stream = tls(&cluster).await;
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let mut sent = 0;
    while sent < 400 && stream.write_all(chunk.as_bytes()).await.is_ok() {
        sent += 1;
    }
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
    let text = String::from_utf8_lossy(&answer);
    assert!(
        text.starts_with("HTTP/1.1 413 ") || (answer.is_empty() && sent < 400),
        "{text:.200}"
    );
    assert!(cluster.service_accounts().is_empty());
    api.account(VIEWER, "after").await;
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let cluster = cluster().await;
    let api = Api::admin(&cluster);
    api.account(VIEWER, "alice").await;
    for (method, path, allow) in [
        (Method::PUT, accounts(VIEWER), "GET, HEAD, POST, DELETE"),
        (
            Method::POST,
            format!("{}/alice", accounts(VIEWER)),
            "GET, HEAD, PUT, PATCH, DELETE",
        ),
        (Method::GET, token_path(VIEWER, "alice"), "POST"),
        (Method::DELETE, token_path(VIEWER, "alice"), "POST"),
        (
            Method::GET,
            "/apis/authentication.k8s.io/v1/selfsubjectreviews".to_owned(),
            "POST",
        ),
        (
            Method::POST,
            "/api/v1/pods".to_owned(),
            "GET, HEAD, POST, DELETE",
        ),
        (Method::POST, "/version".to_owned(), "GET, HEAD"),
        (
            Method::from_bytes(b"BREW").unwrap(),
            accounts(VIEWER),
            "GET, HEAD, POST, DELETE",
        ),
    ] {
        let refused = answer(api.request(method.clone(), &path)).await;
        refused.refused(405, "MethodNotAllowed");
        assert_eq!(refused.headers["allow"], allow, "{method} {path}");
    }
}

#[tokio::test]
async fn a_path_that_leads_nowhere_is_not_found() {
    let cluster = cluster().await;
    let api = Api::admin(&cluster);
    for path in [
        "/",
        "/api/v2",
        "/api/v1/unicorns",
        "/api/v1/namespaces/default/unicorns",
        "/apis/example.org/v1/things",
        "/apis/apps/v1beta1/deployments",
        "/api/v1/namespaces/default/pods/x/exec",
        "/api/v1/namespaces/default/pods/x/y/z",
        "//api/v1/pods",
        "/api//v1/pods",
        "/api/v1//pods",
        "/api/v1/namespaces//pods",
        "/api/v1/pods//",
        "/api/v1/namespaces/default/nodes",
        "/openapi/v2",
        "/metrics",
        "/api/v1/namespaces/default/pods/%2e%2e%2f%2e%2e",
        "/api/v1/namespaces/default/pods/a%2fb",
        "/api/v1/namespaces/default/pods/%00",
    ] {
        api.get(path).await.refused(404, "NotFound");
    }
    api.get("/api/v1/namespaces/%ff/pods")
        .await
        .refused(400, "BadRequest");
    api.get("/api/v1/pods?labelSelector=%ff")
        .await
        .refused(400, "BadRequest");
    api.get(&format!("/api/v1/pods?x={}", "y".repeat(20_000)))
        .await
        .refused(400, "BadRequest");
    api.get(&format!("/{}", "y".repeat(20_000)))
        .await
        .refused(400, "BadRequest");
}

#[tokio::test]
async fn a_media_type_that_the_cluster_does_not_speak_is_refused() {
    let cluster = cluster().await;
    let api = Api::admin(&cluster);
    let post = || {
        api.request(Method::POST, &accounts(VIEWER))
            .body(r#"{"metadata":{"name":"x"}}"#)
    };
    for media_type in [
        "text/plain",
        "application/yaml",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "x",
    ] {
        answer(post().header("content-type", media_type))
            .await
            .refused(415, "UnsupportedMediaType");
    }
    let packed = post()
        .header("content-type", "application/json")
        .header("content-encoding", "gzip")
        .body(&b"\x1f\x8b\x08\x00\x00"[..]);
    answer(packed).await.refused(400, "BadRequest");
    let protobuf = |body: &'static [u8]| {
        let request = api.request(Method::POST, &accounts(VIEWER)).body(body);
        answer(request.header("content-type", "application/vnd.kubernetes.protobuf"))
    };
    protobuf(b"{}").await.refused(400, "BadRequest");
    protobuf(b"k8s\0\x0a\x05\x12\x03Pod\x12\x02\x0a\x00")
        .await
        .refused(415, "UnsupportedMediaType");
    for accept in [
        "text/html",
        "application/vnd.kubernetes.protobuf",
        "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1",
    ] {
        let request = api
            .request(Method::GET, "/api/v1/pods")
            .header("accept", accept);
        answer(request).await.refused(406, "NotAcceptable");
    }
    assert!(cluster.service_accounts().is_empty());
    answer(post().header("content-type", "application/json; charset=utf-8"))
        .await
        .good(201);
}

#[tokio::test]
async fn broken_http_and_silent_connections_hold_up_nobody() {
    let cluster = cluster().await;
    let address = cluster.url().strip_prefix("https://").unwrap().to_owned();
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(TcpStream::connect(&address).await.unwrap());
    }
    let mut plain = TcpStream::connect(&address).await.unwrap();
    plain
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(5), plain.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "plain HTTP is cut off");
    for broken in [
        &b"\x00\x01\x02\r\n\r\n"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ] {
        let mut stream = tls(&cluster).await;
        stream.write_all(broken).await.unwrap();
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer))
            .await
            .expect("it ends");
        let text = String::from_utf8_lossy(&answer);
        assert!(
            answer.is_empty() || text.starts_with("HTTP/1.1 400 "),
            "{text}"
        );
    }
    let api = Api::service(&cluster);
    tokio::time::timeout(Duration::from_secs(2), api.account(VIEWER, "served"))
        .await
        .expect("served in time");
    drop(silent);
}

#[tokio::test]
async fn a_cluster_that_is_full_says_so() {
    let options = kubemint_sandbox::ClusterOptions {
        max_objects: 40,
        ..Default::default()
    };
    let cluster = crate::support::cluster_with(options).await;
    let api = Api::service(&cluster);
    let mut made = 0;
    let message = loop {
        let answer = api
            .post(
                &accounts(VIEWER),
                &json!({"metadata": {"name": format!("sa-{made}")}}),
            )
            .await;
        if answer.status != 201 {
            break answer.refused(403, "Forbidden");
        }
        made += 1;
    };
    assert!(message.contains("exceeded quota"), "{message}");
    assert!((1..40).contains(&made), "{made}");
}

/// A TLS connection that speaks HTTP/1.1 only by what the test writes.
async fn tls(cluster: &kubemint_sandbox::Cluster) -> tokio_rustls::client::TlsStream<TcpStream> {
    use rustls::pki_types::pem::PemObject;
    let mut roots = rustls::RootCertStore::empty();
    let authority =
        rustls::pki_types::CertificateDer::from_pem_slice(cluster.ca_pem().as_bytes()).unwrap();
    roots.add(authority).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let address = cluster.url().strip_prefix("https://").unwrap();
    let socket = TcpStream::connect(address).await.unwrap();
    let name = rustls::pki_types::ServerName::try_from("127.0.0.1").unwrap();
    tokio_rustls::TlsConnector::from(std::sync::Arc::new(config))
        .connect(name, socket)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_certificate_for_other_names_or_of_another_authority_is_refused_by_clients() {
    let names = vec!["elsewhere.example".to_owned()];
    let options = kubemint_sandbox::ClusterOptions {
        certificate_names: names,
        ..Default::default()
    };
    let misnamed = crate::support::cluster_with(options).await;
    let url = format!("{}/version", misnamed.url());
    assert!(client(misnamed.ca_pem()).get(&url).send().await.is_err());
    let good = cluster().await;
    assert!(
        client(misnamed.ca_pem())
            .get(format!("{}/version", good.url()))
            .send()
            .await
            .is_err()
    );
    assert_eq!(
        answer(client(good.ca_pem()).get(format!("{}/version", good.url())))
            .await
            .status,
        200
    );
    let bad = kubemint_sandbox::ClusterOptions {
        certificate_names: vec!["näme".to_owned()],
        ..Default::default()
    };
    assert!(kubemint_sandbox::Cluster::start(None, bad).await.is_err());
}
