//! Who sees what: creator, subject, administrator, and everyone for whom a kubeconfig does not exist.

use harness::{Answer, CLUSTER, PROJECT, REGION, Stage, collection};
use reqwest::Method;
use serde_json::{Value, json};

use crate::acting::{Actor, link, objects, text};

/// What the operations on one kubeconfig answer: get, list (whether it is in), download, file, revoke.
async fn matrix(actor: &Actor<'_>, link: &str) -> [u16; 5] {
    let id = link.rsplit('/').next().unwrap();
    let list = actor.get(&collection()).await;
    let listed = match list.status.as_u16() {
        200 if list.text.contains(&format!("\"{id}\"")) => 200,
        200 => 0,
        other => other,
    };
    [
        actor.get(link).await.status.as_u16(),
        listed,
        actor.download(link).await.status.as_u16(),
        actor.file(link).await.status.as_u16(),
        actor.revoke(link).await.status.as_u16(),
    ]
}

#[tokio::test]
async fn creator_subject_and_administrator_see_it_and_for_everyone_else_it_does_not_exist() {
    let stage = Stage::start().await;
    let creator = Actor::new(&stage, "carol", &["compute.admin"]);
    let outside = stage.world().issuer().claims("carol");
    let outside = outside.project("project-other").roles(&["compute.admin"]);
    let scopeless = stage.world().issuer().claims("carol");
    let scopeless = scopeless.without("scope").without("scope_id");
    let scopeless = scopeless.roles(&["compute.admin"]);
    let mint = |claims| Actor::bearing(&stage, stage.world().issuer().mint(claims));
    let as_role = |subject: &str, role: &str| Actor::new(&stage, subject, &[role]);
    let table = [
        // An administrator downloads nothing of others: that would be to act as them.
        (
            "admin",
            as_role("dave", "compute.admin"),
            [200, 200, 403, 403, 204],
        ),
        (
            "creator",
            as_role("carol", "compute.admin"),
            [200, 200, 200, 200, 204],
        ),
        // The creator by name, whatever the role is today; but who may not issue for others mints nothing in another's name.
        (
            "creator, viewer",
            as_role("carol", "compute.viewer"),
            [200, 200, 403, 403, 204],
        ),
        (
            "subject",
            as_role("sue", "compute.viewer"),
            [200, 200, 200, 200, 204],
        ),
        // One who is there, and has nothing to do with it.
        (
            "stranger",
            as_role("eve", "compute.viewer"),
            [404, 0, 404, 404, 404],
        ),
        (
            "editor",
            as_role("eve", "compute.editor"),
            [404, 0, 404, 404, 404],
        ),
        // Those for whom the cluster does not exist.
        (
            "no role",
            as_role("sue", "compute.nothing"),
            [404, 404, 404, 404, 404],
        ),
        ("other project", mint(outside), [404, 404, 404, 404, 404]),
        ("no scope", mint(scopeless), [404, 404, 404, 404, 404]),
    ];
    for (who, actor, expected) in table {
        let issued = creator.issued(json!({"user": "sue"})).await;
        assert_eq!(matrix(&actor, &link(&issued)).await, expected, "{who}");
        let revoked = expected[4] == 204;
        let seen = creator.get(&link(&issued)).await.status.as_u16();
        assert_eq!(seen, if revoked { 404 } else { 200 }, "{who}");
    }
    stage.stop().await;
}

#[tokio::test]
async fn whoever_lost_a_role_mints_no_more_of_it() {
    let stage = Stage::start().await;
    let as_role = |subject: &str, role: &str| Actor::new(&stage, subject, &[role]);
    let carol = as_role("carol", "compute.admin");
    let own = link(&carol.issued(json!({"role": "editor"})).await);
    let for_sue = link(&carol.issued(json!({"role": "editor", "user": "sue"})).await);
    let table = [
        ("compute.viewer", [403, 403]),
        // The role, but nothing for others.
        ("compute.editor", [200, 403]),
        ("compute.admin", [200, 200]),
    ];
    for (role, expected) in table {
        let carol = as_role("carol", role);
        for (link, expected) in [&own, &for_sue].into_iter().zip(expected) {
            for answer in [carol.download(link).await, carol.file(link).await] {
                assert_eq!(answer.status.as_u16(), expected, "{role}: {}", answer.text);
            }
            // It is still theirs to see and to end.
            assert_eq!(carol.get(link).await.status.as_u16(), 200, "{role}");
        }
    }
    // Sue has it from carol, whatever she could have by herself.
    let sue = as_role("sue", "compute.viewer");
    assert_eq!(sue.download(&for_sue).await.status.as_u16(), 200);
    let viewer = as_role("carol", "compute.viewer");
    assert_eq!(viewer.revoke(&own).await.status.as_u16(), 204);
    stage.stop().await;
}

#[tokio::test]
async fn the_same_name_given_by_another_issuer_is_someone_else() {
    // Two issuers: the second world's issuer is trusted too.
    let other = harness::sandbox::World::start(Default::default())
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("other-ca.pem");
    std::fs::write(&bundle, other.issuer().ca_pem()).unwrap();
    let issuer = format!(
        "[[issuers]]\nurl = {:?}\nalias = \"other\"\naudiences = [{:?}]\nca_file = {bundle:?}\n\n[[issuers]]\n",
        other.issuer().url(),
        other.issuer().options().audience,
    );
    let stage = harness::Setting::default()
        .edit("[[issuers]]\n", &issuer)
        .start()
        .await;
    let creator = Actor::new(&stage, "carol", &["compute.admin"]);
    let link = link(&creator.issued(json!({"user": "sue"})).await);
    for (subject, role) in [("carol", "compute.viewer"), ("sue", "compute.viewer")] {
        let claims = other
            .issuer()
            .claims(subject)
            .project(PROJECT)
            .roles(&[role]);
        let namesake = Actor::bearing(&stage, other.issuer().mint(claims));
        assert_eq!(
            matrix(&namesake, &link).await,
            [404, 0, 404, 404, 404],
            "{subject}"
        );
    }
    assert_eq!(creator.get(&link).await.status.as_u16(), 200);
    stage.stop().await;
    other.stop().await;
}

/// A body without what differs by nature: the id of the request.
fn comparable(answer: &Answer) -> (u16, String, Vec<(String, String)>) {
    let varies = ["x-request-id", "date"];
    let headers = answer
        .headers
        .iter()
        .filter(|(name, _)| !varies.contains(&name.as_str()));
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    let id = answer.headers["x-request-id"].to_str().unwrap();
    (
        answer.status.as_u16(),
        answer.text.replace(id, ""),
        headers.collect(),
    )
}

#[tokio::test]
async fn what_one_may_not_see_answers_the_same_bytes_as_what_is_not_there() {
    let stage = Stage::start().await;
    let creator = Actor::new(&stage, "carol", &["compute.admin"]);
    let hidden = link(&creator.issued(json!({})).await);
    let revoked = link(&creator.issued(json!({})).await);
    assert_eq!(creator.revoke(&revoked).await.status.as_u16(), 204);
    let of = |region: &str, project: &str, cluster: &str| {
        format!("/v1/regions/{region}/projects/{project}/compute/clusters/{cluster}/kubeconfigs")
    };
    let in_other_project = |role| {
        let claims = stage
            .world()
            .issuer()
            .claims("eve")
            .project("project-other");
        Actor::bearing(&stage, stage.world().issuer().mint(claims.roles(&[role])))
    };
    let stranger = Actor::new(&stage, "eve", &["compute.editor"]);
    let nobody = Actor::new(&stage, "eve", &[]);
    let outsider = in_other_project("compute.admin");

    let nothing = format!("{}/kubeconfig-never", collection());
    let nowhere = |tail: &str| of(REGION, PROJECT, "cluster-never") + tail;
    let elsewhere = |tail: &str| of(REGION, "project-never", CLUSTER) + tail;
    for (method, tail) in [
        (Method::GET, ""),
        (Method::GET, "/download"),
        (Method::GET, "/file"),
        (Method::DELETE, ""),
    ] {
        let call = async |actor: &Actor<'_>, path: &str| {
            comparable(&actor.call(method.clone(), &format!("{path}{tail}")).await)
        };
        let expected = call(&stranger, &nothing).await;
        assert_eq!(expected.0, 404);
        for actor in [&stranger, &nobody, &outsider] {
            for path in [
                &hidden,
                &revoked,
                &nothing,
                &nowhere("/mine"),
                &elsewhere("/mine"),
            ] {
                assert_eq!(call(actor, path).await, expected, "{method} {path}{tail}");
            }
        }
        // Once revoked, it is not there for its creator either.
        assert_eq!(call(&creator, &revoked).await, expected, "{method} {tail}");
    }

    // The collection of a cluster that is there, of one that is not, and of another project.
    let list = async |actor: &Actor<'_>, path: &str| comparable(&actor.get(path).await);
    let issue =
        async |actor: &Actor<'_>, path: &str| comparable(&actor.issue_at(path, json!({})).await);
    for actor in [&nobody, &outsider] {
        let unlisted = list(&stranger, &nowhere("")).await;
        let unissued = issue(&stranger, &nowhere("")).await;
        assert_eq!((unlisted.0, unissued.0), (404, 404));
        for path in [collection(), nowhere(""), elsewhere("")] {
            assert_eq!(list(actor, &path).await, unlisted, "{path}");
            assert_eq!(issue(actor, &path).await, unissued, "{path}");
        }
    }
    let left = objects(stage.world().cluster());
    assert_eq!(left.len(), 1, "only what was issued is there: {left:?}");
    stage.stop().await;
}

#[tokio::test]
async fn a_list_holds_only_what_the_caller_may_get() {
    let stage = Stage::start().await;
    let carol = Actor::new(&stage, "carol", &["compute.admin"]);
    let vera = Actor::new(&stage, "vera", &["compute.viewer"]);
    let id = |issued: &Value| text(&issued["id"]);
    let hers = id(&carol.issued(json!({})).await);
    let for_vera = id(&carol.issued(json!({"user": "vera"})).await);
    let own = id(&vera.issued(json!({})).await);
    assert_eq!(vera.listed().await, [own.clone(), for_vera.clone()]);
    assert_eq!(carol.listed().await, [own.clone(), for_vera.clone(), hers]);
    let carol_as_viewer = Actor::new(&stage, "carol", &["compute.viewer"]);
    assert_eq!(
        carol_as_viewer.listed().await.len(),
        2,
        "what she made, not vera's own"
    );
    assert!(
        Actor::new(&stage, "eve", &["compute.viewer"])
            .listed()
            .await
            .is_empty()
    );

    // Pages do not tell of what is left out, and hold it back across their borders.
    let page = vera
        .get(&format!("{}?pageSize=1", collection()))
        .await
        .json();
    let next = format!(
        "{}?pageSize=1&pageToken={}",
        collection(),
        text(&page["nextPageToken"])
    );
    let last = vera.get(&next).await.json();
    assert_eq!(
        (&page["kubeconfigs"][0]["id"], &last["kubeconfigs"][0]["id"]),
        (&json!(own), &json!(for_vera))
    );
    assert_eq!(last.get("nextPageToken"), None, "{last}");
    stage.stop().await;
}
