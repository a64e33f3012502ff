//! Where the issuer is asked whether a token is still active: for all that delivers or ends a credential.

use harness::sandbox::IssuerFailure;
use harness::{Setting, Stage};
use reqwest::Method;
use serde_json::json;

use crate::acting::{Actor, Hung, link, objects, until};

/// A stage whose issuer is asked, and the folder with its secret.
pub(crate) async fn asking() -> (Stage, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, "to be written\n").unwrap();
    let table = format!(
        "ca_file = \"issuer-ca.pem\"\nintrospection = {{ url = \"{{issuer}}/introspect\", client_id = \"kubemint:sandbox\", \
         client_secret_file = {file:?}, timeout = \"1s\" }}\n"
    );
    let stage = Setting::default()
        .edit("ca_file = \"issuer-ca.pem\"\n", &table)
        .start()
        .await;
    let (_, secret) = stage.world().issuer().introspection_client();
    std::fs::write(&file, secret).unwrap();
    (stage, folder)
}

#[tokio::test]
async fn an_ended_token_gets_and_ends_nothing_and_neither_does_any_while_its_issuer_is_silent() {
    let (stage, _folder) = asking().await;
    let issuer = stage.world().issuer();
    let claims = issuer
        .claims("alice")
        .project(harness::PROJECT)
        .roles(&["compute.admin"]);
    let alice = Actor::bearing(&stage, issuer.mint(claims.set("jti", "one")));
    let issued = alice.issued(json!({})).await;
    let link = link(&issued);
    let before = objects(stage.world().cluster());
    let delivering = [
        (Method::POST, harness::collection()),
        (Method::GET, format!("{link}/download")),
        (Method::GET, format!("{link}/file")),
        (Method::DELETE, link.clone()),
    ];
    let call = async |method: &Method, path: &str| {
        let body = (method == Method::POST).then(|| json!({}));
        stage
            .call(method.clone(), path, Some(&alice.token), body.as_ref())
            .await
    };

    for failure in [
        IssuerFailure::Down,
        IssuerFailure::Hang,
        IssuerFailure::Garbage,
    ] {
        issuer.set_introspection_failure(failure.clone());
        for (method, path) in &delivering {
            let answer = call(method, path).await;
            assert_eq!(
                answer.status.as_u16(),
                503,
                "{failure:?} {method} {path}: {}",
                answer.text
            );
            assert_eq!(
                answer.reason(),
                "authentication_unavailable",
                "{}",
                answer.text
            );
            assert!(
                answer.headers.contains_key("retry-after"),
                "{method} {path}"
            );
        }
        // Reading goes on, and the probe says who is unwell.
        assert_eq!(alice.get(&link).await.status.as_u16(), 200);
        assert_eq!(alice.listed().await.len(), 1);
        let ready = stage.internal("/readyz").await;
        assert_eq!(ready.status.as_u16(), 200);
        let told = ready.json()["issuers"]["sandbox"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(told.starts_with("no token can be introspected: "), "{told}");
    }
    issuer.set_introspection_failure(None);
    assert_eq!(alice.file(&link).await.status.as_u16(), 200);

    issuer.end_token("one");
    let worthless = stage
        .call(
            Method::POST,
            &harness::collection(),
            Some("x"),
            Some(&json!({})),
        )
        .await;
    for (method, path) in &delivering {
        let answer = call(method, path).await;
        assert_eq!(
            answer.status.as_u16(),
            401,
            "{method} {path}: {}",
            answer.text
        );
        assert_eq!(answer.text, worthless.text, "as any other worthless token");
    }
    assert_eq!(
        objects(stage.world().cluster()),
        before,
        "nothing was made or ended"
    );
    stage.stop().await;
}

#[tokio::test]
async fn a_secret_on_a_disk_that_hangs_keeps_only_those_waiting_who_need_the_issuer() {
    let (stage, folder) = asking().await;
    let alice = Actor::new(&stage, "alice", &["compute.admin"]);
    let link = link(&alice.issued(json!({})).await);
    let hung = Hung::at(&folder.path().join("secret"));
    for _ in 0..12 {
        let answer = alice.issue(json!({})).await;
        assert_eq!(answer.reason(), "authentication_unavailable");
        assert_eq!(alice.get(&link).await.status.as_u16(), 200);
    }
    until("it is told", async || {
        stage
            .log()
            .contains("the client secret cannot be used: it cannot be read in time")
    })
    .await;
    let (_, secret) = stage.world().issuer().introspection_client();
    // Whoever reads the old one reads it for ever.
    hung.replace(secret);
    until("all is well again", async || {
        alice.issue(json!({})).await.status.as_u16() == 201
    })
    .await;
    stage.stop().await;
}
