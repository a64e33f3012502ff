//! TLS: both protocols, certificates that change, and peers that never finish a handshake.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use kubemint_server::config::{Config, Tls};
use kubemint_server::guard::Limits;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::raw::{PATIENCE, Raw};
use crate::stage::{OPEN, Stage, collection, issue, until};

/// Writes a new certificate and its key into `folder`, and returns it.
fn certify(folder: &Path) -> CertificateDer<'static> {
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    std::fs::write(folder.join("tls.key"), pair.signing_key.serialize_pem()).expect("a key file");
    std::fs::write(folder.join("tls.crt"), pair.cert.pem()).expect("a certificate file");
    pair.cert.der().clone()
}

/// A configuration with a certificate, which is returned.
fn encrypt(config: &mut Config, folder: &TempDir) -> CertificateDer<'static> {
    config.tls = Some(Tls {
        cert_file: folder.path().join("tls.crt"),
        key_file: folder.path().join("tls.key"),
    });
    certify(folder.path())
}

/// A server with a certificate, which is returned.
pub(crate) async fn start(change: impl FnOnce(&mut Limits)) -> (Stage, CertificateDer<'static>) {
    configured(|config| change(&mut config.guard)).await
}

/// The same, with another configuration.
pub(crate) async fn configured(
    change: impl FnOnce(&mut Config),
) -> (Stage, CertificateDer<'static>) {
    let mut certificate = None;
    let set = |config: &mut Config, folder: &TempDir| {
        certificate = Some(encrypt(config, folder));
        change(config);
    };
    let stage = Stage::configured(set).await;
    (stage, certificate.expect("a certificate"))
}

/// Connects, trusting these certificates.
pub(crate) async fn connect(
    stage: &Stage,
    trusted: &[&CertificateDer<'static>],
    protocol: &[u8],
    version: &'static SupportedProtocolVersion,
) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    for certificate in trusted {
        roots.add((*certificate).clone()).expect("a root");
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]);
    let mut config = config
        .expect("a version")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    let socket = TcpStream::connect(stage.address())
        .await
        .expect("a connection");
    let name = ServerName::try_from("localhost").expect("a name");
    TlsConnector::from(Arc::new(config))
        .connect(name, socket)
        .await
        .expect("a handshake")
}

async fn http1(
    stage: &Stage,
    trusted: &[&CertificateDer<'static>],
) -> (Raw<TlsStream<TcpStream>>, CertificateDer<'static>) {
    let stream = connect(stage, trusted, b"http/1.1", &rustls::version::TLS13).await;
    let served = stream.get_ref().1.peer_certificates().expect("a chain")[0]
        .clone()
        .into_owned();
    (Raw::over(stream), served)
}

pub(crate) async fn http2(
    stage: &Stage,
    certificate: &CertificateDer<'static>,
) -> SendRequest<Full<Bytes>> {
    let stream = connect(stage, &[certificate], b"h2", &rustls::version::TLS13).await;
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .expect("HTTP/2");
    tokio::spawn(connection);
    sender
}

#[tokio::test]
async fn tls_1_2_and_1_3_are_spoken() {
    let (stage, certificate) = start(|_| {}).await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let stream = connect(&stage, &[&certificate], b"http/1.1", version).await;
        let mut raw = Raw::over(stream);
        for _ in 0..2 {
            raw.send(OPEN).await;
            assert_eq!(raw.answer().await.status, 200);
        }
    }
    assert!(stage.running.url().starts_with("https://"));
    stage.stop().await;
}

#[tokio::test]
async fn http_2_serves_what_http_1_serves() {
    let (stage, certificate) = start(|_| {}).await;
    let mut sender = http2(&stage, &certificate).await;
    let token = stage.token("alice");
    let ask =
        |sender: &mut SendRequest<Full<Bytes>>, method: &str, path: &str, body: &'static str| {
            let request = Request::builder()
                .method(method)
                .uri(format!("https://localhost{path}"));
            let request = request
                .header("authorization", format!("Bearer {token}"))
                .header("content-type", "application/json");
            sender.send_request(request.body(Full::from(body)).expect("a request"))
        };
    let path = collection();
    let many: Vec<_> = (0..20)
        .map(|_| ask(&mut sender, "POST", &path, "{}"))
        .collect();
    for answer in many {
        assert_eq!(answer.await.expect("an answer").status(), 201);
    }
    let long = format!("/{}", "a".repeat(9000));
    let cases = [
        ("GET", path.as_str(), 200),
        ("PUT", &path, 405),
        ("post", &path, 405),
        ("GET", "/nowhere", 404),
        ("GET", "/v1//regions", 404),
        ("GET", "/openapi.json/", 404),
        ("GET", &long, 414),
    ];
    for (method, path, status) in cases {
        let answer = ask(&mut sender, method, path, "").await.expect("an answer");
        assert_eq!(answer.status(), status, "{method} {path}");
        let body = answer
            .into_body()
            .collect()
            .await
            .expect("a body")
            .to_bytes();
        let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        assert!(status == 200 || body["error"]["code"] == status, "{body}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn what_is_too_long_has_its_own_status_over_http_2_too() {
    let (stage, certificate) = start(|_| {}).await;
    let token = stage.token("alice");
    let body = Bytes::from(vec![b' '; 64 * 1024]);
    let long = |length: usize| "a".repeat(length);
    let fields = |count: usize, length: usize| {
        let names = (0..count).map(|n| format!("x-{n}"));
        names.map(|name| (name, long(length))).collect::<Vec<_>>()
    };
    for (what, fields, body, status) in [
        ("one field", fields(1, 40 * 1024), Bytes::new(), 431),
        ("some fields", fields(50, 1000), Bytes::new(), 431),
        ("many fields", fields(120, 1), Bytes::new(), 431),
        ("the body", fields(0, 0), body, 413),
    ] {
        let mut sender = http2(&stage, &certificate).await;
        let ask = |sender: &mut SendRequest<Full<Bytes>>| {
            let request = Request::post(format!("https://localhost{}", collection()));
            let request = request
                .header("authorization", format!("Bearer {token}"))
                .header("content-type", "application/json");
            let request = fields.iter().fold(request, |request, (name, value)| {
                request.header(name.as_str(), value.as_str())
            });
            sender.send_request(request.body(Full::from(body.clone())).expect("a request"))
        };
        // One after the other, and some at once: none of it is a flood.
        let mut answers = Vec::new();
        for _ in 0..20 {
            answers.push(ask(&mut sender).await);
        }
        let many: Vec<_> = (0..10).map(|_| ask(&mut sender)).collect();
        for answer in many {
            answers.push(answer.await);
        }
        for answer in answers {
            let answer = answer.expect(what);
            assert_eq!(answer.status(), status, "{what}");
            let body = answer.into_body().collect().await.expect("a body");
            let body: serde_json::Value = serde_json::from_slice(&body.to_bytes()).expect("JSON");
            assert_eq!(body["error"]["code"], status, "{what}: {body}");
        }
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_certificate_that_changes_is_served_and_nobody_is_disconnected() {
    let (stage, old) = start(|_| {}).await;
    let (mut kept, served) = http1(&stage, &[&old]).await;
    assert_eq!(served, old);
    let new = certify(stage.folder.path());
    until("the new certificate is served", async || {
        let (mut raw, served) = http1(&stage, &[&old, &new]).await;
        raw.send(OPEN).await;
        assert_eq!(raw.answer().await.status, 200);
        served == new
    })
    .await;
    kept.send(OPEN).await;
    assert_eq!(kept.answer().await.status, 200);
    stage.stop().await;
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_changes_nothing_but_the_log() {
    let (stage, old) = start(|_| {}).await;
    let folder = stage.folder.path();
    let other =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let none = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let own = std::fs::read_to_string(folder.join("tls.crt")).expect("a file");
    let key = std::fs::read_to_string(folder.join("tls.key")).expect("a file");
    let key = rcgen::KeyPair::from_pem(&key).expect("a key");
    let mut client = rcgen::CertificateParams::new(["localhost".to_owned()]).expect("names");
    client.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    let client = client.self_signed(&key).expect("a certificate");
    for (file, text) in [
        ("tls.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n".to_owned()),
        ("tls.crt", own + none),
        ("tls.crt", client.pem()),
        ("tls.crt", String::new()),
        ("tls.crt", other.cert.pem()),
    ] {
        let told = stage.log().matches("the one before stays").count();
        std::fs::write(folder.join(file), text).expect("a file");
        until("it is told", async || {
            stage.log().matches("the one before stays").count() > told
        })
        .await;
        let (mut raw, served) = http1(&stage, &[&old]).await;
        assert_eq!(served, old);
        raw.send(OPEN).await;
        assert_eq!(raw.answer().await.status, 200);
    }
    stage.stop().await;
}

#[tokio::test]
async fn a_hangup_has_the_certificate_read_again() {
    let (stage, _) = start(|_| {}).await;
    assert!(!stage.log().contains("the certificate was read again"));
    let own = rustix::process::getpid();
    rustix::process::kill_process(own, rustix::process::Signal::HUP).expect("a signal");
    for told in [
        "the certificate was read again",
        "the configuration file itself is not",
    ] {
        until(told, async || stage.log().contains(told)).await;
    }
    stage.stop().await;
}

#[test]
fn a_certificate_that_cannot_be_used_is_a_problem_of_the_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    certify(folder.path());
    let other = rcgen::KeyPair::generate().expect("a key").serialize_pem();
    let example = kubemint_server::config::EXAMPLE.replace(
        "\ngrace =",
        "\ntls = { cert_file = \"tls.crt\", key_file = \"tls.key\" }\ngrace =",
    );
    let parse = || Config::parse(&example, &folder.path().join("x.toml"));
    let problem = || parse().expect_err("a problem").to_string();
    parse().expect("a usable certificate");
    std::fs::write(folder.path().join("tls.key"), other).expect("a key file");
    assert!(
        problem().contains("server.tls: the key in "),
        "{}",
        problem()
    );
    // As a template or an environment variable leaves it: the library's own words would be the key.
    let key = rcgen::KeyPair::generate().expect("a key").serialize_pem();
    let secret = key.lines().nth(1).expect("a line").to_owned();
    let octets = format!("{:?}", &secret.as_bytes()[..4]);
    let octets = octets.trim_matches(['[', ']']);
    for (broken, why) in [
        (key.replace('\n', " "), "were the line breaks lost?"),
        (
            key.replacen("-----\n", "-----", 1),
            "were the line breaks lost?",
        ),
        (
            key.replacen("-----\n", "-\n", 1),
            "were the line breaks lost?",
        ),
        (
            key.replace(&secret, &format!("é{}", &secret[1..])),
            "is not Base64",
        ),
        (key.replace("-----END", "----END"), "has no end"),
    ] {
        std::fs::write(folder.path().join("tls.key"), broken).expect("a key file");
        let told = problem();
        assert!(told.contains(why), "{told}");
        assert!(
            !told.contains(&secret[..8]) && !told.contains(octets),
            "{told}"
        );
    }
    std::fs::remove_file(folder.path().join("tls.key")).expect("a key file");
    assert!(
        problem().contains("server.tls: cannot read "),
        "{}",
        problem()
    );
}

#[tokio::test]
async fn a_handshake_that_never_starts_or_ends_is_broken_off() {
    let (stage, _) = start(|limits| limits.deadlines.handshake = Duration::from_millis(300)).await;
    let mut silent = Raw::connect(stage.address()).await;
    let mut dripping = Raw::connect(stage.address()).await;
    // As long as it is read, for as long as anyone may take.
    let dripped = async {
        let mut drips = 0;
        // The beginning of a record of 512 octets.
        let mut record = [0x16, 3, 1, 2, 0].into_iter().chain(std::iter::repeat(0));
        while dripping
            .send(record.next().into_iter().collect::<Vec<_>>())
            .await
        {
            tokio::time::sleep(Duration::from_millis(100)).await;
            drips += 1;
            assert!(drips < 60, "there is no end to them");
        }
    };
    let (closed, ()) = tokio::join!(silent.is_closed(), dripped);
    assert!(closed);
    until("both are counted", async || {
        let refused = "kubemint_connections_refused_total{reason=\"handshake\"}";
        stage.metric(refused).await == 2
    })
    .await;
    stage.stop().await;
}

#[tokio::test]
async fn an_orderly_end_waits_for_no_handshake_and_no_idle_connection() {
    // They would be waited for for ever.
    let (stage, certificate) = configured(|config| {
        config.grace = Duration::from_secs(3600);
        config.guard.deadlines.handshake = config.grace;
        config.guard.deadlines.idle = config.grace;
    })
    .await;
    let _silent = Raw::connect(stage.address()).await;
    let mut sender = http2(&stage, &certificate).await;
    let request = Request::builder().uri("https://localhost/openapi.json");
    let request = request.body(Full::default()).expect("a request");
    let answer = sender.send_request(request).await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let end = tokio::time::timeout(PATIENCE, stage.stop()).await;
    end.expect("an end in time");
}

#[tokio::test]
async fn handshakes_that_never_start_keep_nobody_out() {
    let (stage, certificate) = start(|limits| limits.connections = 100).await;
    let mut crowd = Vec::new();
    for _ in 0..300 {
        crowd.push(Raw::connect(stage.address()).await);
    }
    // The best of some, since the machine may have other things to do.
    let mut best = PATIENCE;
    for _ in 0..5 {
        let began = Instant::now();
        let (mut raw, _) = http1(&stage, &[&certificate]).await;
        raw.send(issue(&stage.token("alice"))).await;
        assert_eq!(raw.answer().await.status, 201);
        best = best.min(began.elapsed());
    }
    assert!(best < Duration::from_secs(2), "{best:?}");
    stage.stop().await;
}
