//! What goes wrong below the API: the network, TLS, HTTP.

use std::error::Error as _;
use std::time::Instant;

use kubemint::cluster::ClusterKey;
use kubemint::ports::Clusters;
use kubemint_clusters::{Fleet, Health};
use kubemint_sandbox::{Cluster, ClusterOptions, Effect, Fault, Pki, RequestKind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::stage::{self, LIMITS, Stage, failed, record};

/// The detail of a failed creation.
async fn detail(stage: &Stage) -> String {
    let error = stage.fleet.create(&stage.record()).await.unwrap_err();
    assert_eq!(stage::kind(&error), "unreachable");
    let detail = error.source().unwrap().to_string();
    let what = detail.strip_prefix("create in kubemint-viewer: ");
    what.expect("the operation and its place").to_owned()
}

#[tokio::test]
async fn a_hanging_cluster_is_given_up_at_the_deadline() {
    let stage = Stage::new().await;
    stage
        .cluster
        .inject(Fault::always(RequestKind::ANY, Effect::Hang));
    let began = Instant::now();
    assert_eq!(detail(&stage).await, "it did not answer in time");
    let took = began.elapsed();
    assert!(
        took >= LIMITS.deadline && took < LIMITS.deadline * 2,
        "{took:?}"
    );
    assert_eq!(stage.seen.take(), [("create", "unreachable")]);
}

#[tokio::test]
async fn a_cluster_that_is_down_cannot_be_reached() {
    let mut stage = Stage::new().await;
    let other = Cluster::start(None, ClusterOptions::default())
        .await
        .unwrap();
    std::mem::replace(&mut stage.cluster, other).stop().await;
    assert_eq!(
        detail(&stage).await,
        "connecting failed: connection refused"
    );
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let options = ClusterOptions {
        certificate_names: vec!["elsewhere.example".into()],
        ..ClusterOptions::default()
    };
    let stage = Stage::with(options, LIMITS).await;
    assert!(
        detail(&stage)
            .await
            .starts_with("its certificate is not trusted (NotValidForName")
    );
    assert_eq!(stage.cluster.requests(RequestKind::ANY), 0);
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused() {
    let stage = Stage::new().await;
    let other = Pki::new("someone else").unwrap();
    std::fs::write(stage.folder.path().join("sandbox.pem"), other.ca_pem()).unwrap();
    // The bundle is read again like the credential.
    assert_eq!(
        detail(&stage).await,
        "its certificate is not trusted (UnknownIssuer)"
    );
    assert_eq!(stage.cluster.requests(RequestKind::ANY), 0);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let stage = Stage::new().await;
    let thief = Cluster::start(None, ClusterOptions::named("thief"))
        .await
        .unwrap();
    for place in [
        thief.url().to_owned(),
        format!("{}/version", stage.cluster.url()),
        "/version".into(),
    ] {
        stage.cluster.inject(Fault::once(
            RequestKind::CREATE_SERVICE_ACCOUNT,
            Effect::Redirect(place),
        ));
        assert_eq!(
            failed(stage.fleet.create(&stage.record()).await),
            "misbehaving"
        );
    }
    assert_eq!(thief.requests(RequestKind::ANY), 0);
    assert_eq!(stage.cluster.requests(RequestKind::ANY), 3);
}

/// A TLS server that answers every connection with these bytes, whatever it is asked.
async fn answering(bytes: &'static [u8]) -> (String, Pki) {
    let pki = Pki::new("odd").unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(pki.server_config(false).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut asked = [0; 1024];
                let _ = stream.read(&mut asked).await;
                let _ = stream.write_all(bytes).await;
                let _ = stream.shutdown().await;
            });
        }
    });
    (url, pki)
}

async fn asked(bytes: &'static [u8]) -> &'static str {
    let (url, pki) = answering(bytes).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), pki.ca_pem()).unwrap();
    std::fs::write(folder.path().join("token"), "t").unwrap();
    let text = format!(
        "[[clusters]]\nregion = \"r\"\nproject = \"p\"\nid = \"odd\"\napi_url = \"{url}\"\nca_file = \"ca.pem\"\n\
         credential = {{ token_file = \"token\" }}\n"
    );
    let configs = stage::read(&text, folder.path()).unwrap();
    let key = configs[0].key.clone();
    let fleet = Fleet::with_limits(configs, stage::INSTANCE, stage::quiet(), LIMITS).unwrap();
    failed(fleet.create(&record(&key)).await)
}

#[tokio::test]
async fn what_is_not_http_is_misbehaviour() {
    assert_eq!(asked(b"SSH-2.0-OpenSSH_9.9\r\n\r\n").await, "misbehaving");
    assert_eq!(
        asked(b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\n\r\nhello").await,
        "misbehaving"
    );
}

#[tokio::test]
async fn an_answer_that_breaks_off_may_have_been_anything() {
    assert_eq!(
        asked(b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{").await,
        "unreachable"
    );
    assert_eq!(asked(b"").await, "unreachable");
}

#[tokio::test]
async fn health_tells_the_class_of_a_sickness() {
    let health = RequestKind {
        verb: "get",
        resource: "/healthz",
    };
    let stage = Stage::new().await;
    assert_eq!(stage.fleet.health(&stage.key).await, Some(Health::Ready));
    assert_eq!(
        stage.fleet.health(&ClusterKey::new("r", "p", "none")).await,
        None
    );
    for (effect, expected) in [
        (Effect::refuse(401), "refused"),
        (Effect::refuse(500), "busy"),
        (Effect::CutBefore, "unreachable"),
        (Effect::Hang, "unreachable"),
        (Effect::Redirect("/".into()), "misbehaving"),
    ] {
        stage.cluster.inject(Fault::once(health, effect));
        match stage.fleet.health(&stage.key).await {
            Some(Health::Sick { class, .. }) => assert_eq!(class, expected),
            other => panic!("{other:?}"),
        }
    }
    std::fs::write(stage.folder.path().join("sandbox.token"), "wrong").unwrap();
    assert!(matches!(
        stage.fleet.health(&stage.key).await,
        Some(Health::Sick {
            class: "refused",
            ..
        })
    ));
}

#[tokio::test]
async fn health_is_asked_seldom_however_many_want_to_know() {
    let limits = kubemint_clusters::Limits {
        health: std::time::Duration::from_secs(60),
        ..LIMITS
    };
    let stage = Stage::with(ClusterOptions::default(), limits).await;
    let all = (0..20).map(|_| stage.fleet.health(&stage.key));
    assert!(
        futures::future::join_all(all)
            .await
            .iter()
            .all(|health| *health == Some(Health::Ready))
    );
    assert_eq!(stage.cluster.requests(RequestKind::ANY), 1);
}
