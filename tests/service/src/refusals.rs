//! What is not granted: roles, other people's names, reserved names, hidden characters, and lives out of bounds.

use harness::{Setting, Stage};
use serde_json::{Value, json};

use crate::acting::{Actor, link, objects, time};

#[tokio::test]
async fn nobody_is_given_a_role_that_policy_does_not_give() {
    let stage = Stage::start().await;
    let actor = |role: &str| Actor::new(&stage, "alice", &[role]);
    let cases = [
        ("compute.viewer", "viewer", 201),
        ("compute.viewer", "editor", 403),
        ("compute.editor", "viewer", 201),
        ("compute.editor", "editor", 201),
        ("compute.admin", "editor", 201),
        // Not a role of this cluster: told as one that is not permitted.
        ("compute.viewer", "cluster-admin", 403),
        ("compute.admin", "cluster-admin", 403),
        ("compute.admin", "view", 403),
        ("compute.admin", "Viewer", 403),
        ("compute.admin", "viewer/../editor", 403),
        ("compute.admin", "system:masters", 403),
    ];
    for (has, wants, status) in cases {
        let before = objects(stage.world().cluster()).len();
        let answer = actor(has).issue(json!({"role": wants})).await;
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{has} {wants}: {}",
            answer.text
        );
        let made = objects(stage.world().cluster()).len() - before;
        assert_eq!(made, usize::from(status == 201), "{has} {wants}");
        if status == 403 {
            let detail = answer.json()["error"]["details"][0].clone();
            assert_eq!(
                detail,
                json!({"reason": "role_not_permitted", "field": "role"})
            );
        }
    }
    let made = objects(stage.world().cluster());
    let editors = made
        .iter()
        .filter(|object| object.namespace == "kubemint-editor");
    assert_eq!((editors.count(), made.len()), (2, 4), "{made:?}");
    stage.stop().await;
}

#[tokio::test]
async fn only_an_administrator_issues_in_someone_elses_name() {
    let stage = Stage::start().await;
    for role in ["compute.viewer", "compute.editor"] {
        let actor = Actor::new(&stage, "alice", &[role]);
        let answer = actor.issue(json!({"user": "bob"})).await;
        assert_eq!(
            (answer.status.as_u16(), answer.reason().as_str()),
            (403, "user_not_permitted")
        );
        // One's own name may be said.
        assert_eq!(
            actor.issued(json!({"user": "alice"})).await["issuedFor"],
            "alice"
        );
    }
    let admin = Actor::new(&stage, "alice", &["compute.admin"]);
    assert_eq!(
        admin.issued(json!({"user": "bob"})).await["issuedFor"],
        "bob"
    );
    assert_eq!(admin.issued(json!({})).await["issuedFor"], "alice");
    // The name is attribution: it is written to the object, and names nothing there.
    let odd = "../../namespaces/kube-system\" : {} # '";
    let issued = admin.issued(json!({"user": odd})).await;
    assert_eq!(issued["issuedFor"], odd);
    let made = objects(stage.world().cluster());
    let object = made
        .iter()
        .find(|object| issued["id"] == json!(object.name))
        .unwrap();
    assert_eq!(object.annotations["kubemint.io/user"], odd);
    assert_eq!(object.namespace, "kubemint-viewer");
    stage.stop().await;
}

#[tokio::test]
async fn reserved_names_and_hidden_characters_are_refused_naming_the_member() {
    let stage = Stage::start().await;
    let admin = Actor::new(&stage, "alice", &["compute.admin"]);
    let hidden = [
        "\u{0}", "\n", "\r", "\t", "\u{7f}", "\u{85}", "\u{200f}", "\u{202e}", "\u{2066}",
        "\u{feff}",
    ];
    let mut cases = vec![
        (json!({"user": "system:admin"}), "reserved_user", "user"),
        (
            json!({"user": "system:serviceaccount:kube-system:x"}),
            "reserved_user",
            "user",
        ),
        (json!({"user": "system:"}), "reserved_user", "user"),
    ];
    for character in hidden {
        let text = format!("a{character}b");
        cases.push((json!({"user": text}), "forbidden_character", "user"));
        cases.push((json!({"role": text}), "forbidden_character", "role"));
        cases.push((
            json!({"displayName": text}),
            "forbidden_character",
            "displayName",
        ));
    }
    // A description may have lines and tabs, and nothing that makes a terminal show something else.
    for character in [
        "\u{0}", "\u{8}", "\u{b}", "\r", "\u{1b}", "\u{7f}", "\u{85}", "\u{9b}", "\u{202a}",
        "\u{202e}", "\u{2066}", "\u{2069}",
    ] {
        let text = format!("a{character}b");
        cases.push((
            json!({"description": text}),
            "pattern_mismatch",
            "description",
        ));
    }
    let prose = "für alle:\n\t- 👩\u{200d}💻 \u{200f}שלום";
    let shown = admin.issued(json!({"description": prose})).await;
    assert_eq!(shown["description"], prose);
    admin.revoke(&link(&shown)).await;
    // What a name for people may have, and one that is compared may not.
    let deceiving = [
        " alice",
        "alice ",
        "al\u{a0}ice",
        "alice\u{fe0f}",
        "\u{301}",
    ];
    for name in deceiving {
        cases.push((json!({"user": name}), "forbidden_character", "user"));
        let shown = admin.issue(json!({"displayName": name})).await;
        assert_eq!(shown.status.as_u16(), 201, "{name:?}: {}", shown.text);
        admin.revoke(&link(&shown.json())).await;
    }
    for (body, reason, field) in cases {
        let answer = admin.issue(body.clone()).await;
        let detail = answer.json()["error"]["details"][0].clone();
        assert_eq!(answer.status.as_u16(), 400, "{body}: {}", answer.text);
        let placed = answer.text.contains(": U+");
        assert!(placed || reason == "reserved_user", "{}", answer.text);
        assert_eq!(
            (&detail["reason"], &detail["field"]),
            (&json!(reason), &json!(field)),
            "{body}"
        );
    }
    // Nobody is called that, whoever says so.
    let issuer = stage.world().issuer();
    let hidden = ["system:admin", "al\u{202e}ice", "al\nice"];
    for subject in hidden.into_iter().chain(deceiving) {
        let token = stage.token(subject, &["compute.admin"]);
        let answer = Actor::bearing(&stage, token).issue(json!({})).await;
        assert_eq!(answer.status.as_u16(), 401, "{subject:?}: {}", answer.text);
    }
    assert!(
        issuer.requests().jwks > 0,
        "the tokens were judged, not the issuer"
    );
    assert_eq!(objects(stage.world().cluster()), []);
    stage.stop().await;
}

/// The bounds that an answer tells: minimum and maximum.
fn bounds(answer: &Value) -> (i64, i64) {
    let details = answer["error"]["details"].as_array().unwrap();
    assert_eq!(details[0]["reason"], "ttl_out_of_range", "{answer}");
    assert!(
        details.iter().all(|detail| detail["field"] == "ttl"),
        "{answer}"
    );
    let limit = |reason: &str| {
        let detail = details.iter().find(|detail| detail["reason"] == reason);
        detail.unwrap()["limit"].as_i64().unwrap()
    };
    (limit("ttl_minimum"), limit("ttl_maximum"))
}

#[tokio::test]
async fn a_life_out_of_bounds_is_refused_with_the_bounds_of_the_role_and_never_clamped() {
    let limited = "[clusters.roles.editor]\nmin_ttl = \"15m\"\nmax_ttl = \"2h\"\n";
    let setting = Setting::default().edit("[clusters.roles.editor]\n", limited);
    let stage = setting.start().await;
    let admin = Actor::new(&stage, "alice", &["compute.admin"]);
    let cases = [
        ("viewer", 1, None, (60, 86_400), 60),
        ("viewer", 59, None, (60, 86_400), 60),
        ("viewer", 86_401, None, (60, 86_400), 86_400),
        (
            "viewer",
            9_223_372_036_854_775_807_i64,
            None,
            (60, 86_400),
            86_400,
        ),
        ("editor", 899, None, (900, 7200), 900),
        ("editor", 7201, None, (900, 7200), 7200),
        ("viewer", 60, Some(60), (0, 0), 0),
        ("viewer", 86_400, Some(86_400), (0, 0), 0),
        ("editor", 900, Some(900), (0, 0), 0),
        ("editor", 7200, Some(7200), (0, 0), 0),
    ];
    for (role, ttl, granted, expected, violated) in cases {
        let answer = admin.issue(json!({"role": role, "ttl": ttl})).await;
        let body = answer.json();
        match granted {
            None => {
                assert_eq!(answer.status.as_u16(), 400, "{role} {ttl}: {body}");
                assert_eq!(bounds(&body), expected, "{role} {ttl}: {body}");
                assert_eq!(body["error"]["details"][0]["limit"], violated, "{body}");
                let message = body["error"]["message"].as_str().unwrap();
                assert!(message.contains(&violated.to_string()), "{message}");
            }
            Some(seconds) => {
                assert_eq!(answer.status.as_u16(), 201, "{role} {ttl}: {body}");
                let life = time(&body["expiresAt"]) - time(&body["createdAt"]);
                // The cluster's clock is cut to seconds.
                assert!(
                    (seconds - 1..=seconds + 1).contains(&life.num_seconds()),
                    "{role} {ttl}: {body}"
                );
            }
        }
    }
    stage.stop().await;
}

#[tokio::test]
async fn what_a_request_does_not_say_is_the_clusters_default() {
    let defaults = "default_role = \"editor\"\ndefault_ttl = \"30m\"\ncredential = ";
    let limited = "[clusters.roles.viewer]\nmax_ttl = \"20m\"\n";
    let setting = Setting::default().edit("credential = ", defaults);
    let stage = setting
        .edit("[clusters.roles.viewer]\n", limited)
        .start()
        .await;
    let admin = Actor::new(&stage, "alice", &["compute.admin"]);
    let life =
        |issued: &Value| (time(&issued["expiresAt"]) - time(&issued["createdAt"])).num_seconds();
    let plain = admin.issued(json!({})).await;
    assert!((1799..=1801).contains(&life(&plain)), "{plain}");
    assert_eq!(
        objects(stage.world().cluster())[0].namespace,
        "kubemint-editor"
    );
    // A default that a role does not allow is cut to what it does.
    let short = admin.issued(json!({"role": "viewer"})).await;
    assert!((1199..=1201).contains(&life(&short)), "{short}");
    // Whoever may not have the default role must say which.
    let viewer = Actor::new(&stage, "vera", &["compute.viewer"]);
    assert_eq!(viewer.issue(json!({})).await.reason(), "role_not_permitted");
    assert_eq!(
        viewer
            .issue(json!({"role": "viewer"}))
            .await
            .status
            .as_u16(),
        201
    );
    stage.stop().await;

    let stage = Stage::start().await;
    let issued = Actor::new(&stage, "alice", &["compute.viewer"])
        .issued(json!({}))
        .await;
    assert!(
        (3599..=3601).contains(&life(&issued)),
        "an hour if nobody says otherwise: {issued}"
    );
    assert_eq!(
        objects(stage.world().cluster())[0].namespace,
        "kubemint-viewer"
    );
    stage.stop().await;
}

#[tokio::test]
async fn a_user_has_no_more_active_kubeconfigs_at_a_cluster_than_it_allows() {
    let limited = "max_active_per_user = 2\ncredential = ";
    let setting = Setting::default()
        .short_lives()
        .edit("credential = ", limited);
    let mut stage = setting.start().await;
    let alice = Actor::new(&stage, "alice", &["compute.viewer"]);
    let admin = Actor::new(&stage, "dave", &["compute.admin"]);
    let first = alice.issued(json!({})).await;
    // One that is for her counts, whoever asked for it.
    admin.issued(json!({"user": "alice", "ttl": 5})).await;
    for (who, body) in [(&alice, json!({})), (&admin, json!({"user": "alice"}))] {
        let answer = who.issue(body).await;
        assert_eq!(answer.status.as_u16(), 429, "{}", answer.text);
        assert!(answer.headers.contains_key("retry-after"));
        let detail = answer.json()["error"]["details"][0].clone();
        assert_eq!(
            detail,
            json!({"reason": "quota_exceeded", "field": "user", "limit": 2})
        );
    }
    assert_eq!(
        objects(stage.world().cluster()).len(),
        2,
        "nothing was made"
    );
    // Others have room of their own; the kubeconfig that expires makes some, and so does one that is revoked.
    admin.issued(json!({})).await;
    crate::acting::until("the short one has expired", async || {
        alice.issue(json!({"id": "second"})).await.status.as_u16() == 201
    })
    .await;
    assert_eq!(alice.issue(json!({})).await.reason(), "quota_exceeded");
    assert_eq!(
        alice
            .revoke(&crate::acting::link(&first))
            .await
            .status
            .as_u16(),
        204
    );
    alice.issued(json!({})).await;
    let events = stage.stop_and_read_audit().await;
    let refused = events
        .iter()
        .filter(|event| event.kind == kubemint::audit::Kind::IssueRefused);
    let told = refused.filter(|event| {
        event.detail["reason"]
            .to_string()
            .contains("kubeconfigs at this cluster")
    });
    assert!(told.count() >= 3, "each refusal is in the trail");
    stage.stop().await;
}
