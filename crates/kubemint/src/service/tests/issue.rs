//! Issuing: terms, order of writes, and keys that make it safe to repeat.

use chrono::TimeDelta;

use super::super::Issue;
use super::world::{GUESTS, World, ctx, key, start};
use super::{id, request};
use crate::audit::Kind;
use crate::cluster::ClusterKey;
use crate::error::Error;
use crate::record::{State, Status};

#[tokio::test]
async fn an_empty_request_gets_the_defaults_for_the_caller() {
    let world = World::new();
    let issued = world
        .service()
        .issue(&ctx("alice", "user"), &key(), Issue::default())
        .await
        .unwrap();
    assert_eq!(issued.record.issued_for, "alice");
    assert_eq!(issued.record.role, "viewer");
    assert_eq!(
        issued.record.expires_at,
        Some(start() + TimeDelta::seconds(3600))
    );
    assert_eq!(issued.status, Status::Active);
    assert_eq!(world.kinds(), [Kind::IssueRequested, Kind::Issued]);
    assert_eq!(world.state(&issued.record.id), State::Active);
    assert!(
        world
            .objects
            .lock()
            .unwrap()
            .contains_key(&issued.record.id)
    );
}

#[tokio::test]
async fn a_time_to_live_below_the_clusters_own_floor_is_honoured() {
    let world = World::new();
    let issued = world
        .service()
        .issue(&ctx("alice", "user"), &key(), request(None, Some(123)))
        .await
        .unwrap();
    assert_eq!(
        issued.record.expires_at,
        Some(start() + TimeDelta::seconds(123))
    );
}

#[tokio::test]
async fn the_expiry_is_what_the_cluster_granted_by_its_own_clock() {
    let world = World::new();
    *world.cap.lock().unwrap() = 1800;
    *world.skew.lock().unwrap() = 7;
    let issued = world
        .service()
        .issue(&ctx("alice", "user"), &key(), request(None, Some(3600)))
        .await
        .unwrap();
    assert_eq!(
        issued.record.expires_at,
        Some(start() + TimeDelta::seconds(1807))
    );
}

#[tokio::test]
async fn a_time_to_live_out_of_range_is_refused_with_both_bounds() {
    let world = World::new();
    for (ttl, violated) in [
        (59, 60),
        (86_401, 86_400),
        (0, 60),
        (-1, 60),
        (i64::MAX, 86_400),
    ] {
        let refused = world
            .service()
            .issue(&ctx("alice", "user"), &key(), request(None, Some(ttl)))
            .await;
        let Err(Error::Invalid(details)) = refused else {
            panic!("{ttl}: {refused:?}")
        };
        let told: Vec<_> = details
            .iter()
            .map(|detail| (detail.reason, detail.limit))
            .collect();
        let all = [
            ("ttl_out_of_range", violated),
            ("ttl_minimum", 60),
            ("ttl_maximum", 86_400),
        ];
        assert_eq!(told, all.map(|(reason, limit)| (reason, Some(limit))));
    }
    assert!(world.rows.lock().unwrap().is_empty());
    assert_eq!(world.kinds(), [Kind::IssueRefused; 5]);
}

#[tokio::test]
async fn reserved_users_and_hidden_characters_are_refused_by_field() {
    let world = World::new();
    for user in [
        "system:admin",
        "system:serviceaccount:kube-system:x",
        "a\nb",
        "a\u{202e}b",
        "a\u{0}",
    ] {
        let wanted = Issue {
            user: Some(user.to_owned()),
            ..Issue::default()
        };
        let refused = world
            .service()
            .issue(&ctx("root", "admin"), &key(), wanted)
            .await;
        let Err(Error::Invalid(details)) = refused else {
            panic!("{user:?}: {refused:?}")
        };
        assert_eq!(details[0].field, "user");
    }
    let refused = world
        .service()
        .issue(
            &ctx("root", "admin"),
            &key(),
            request(Some("vi\u{200b}ewer"), None),
        )
        .await;
    assert!(matches!(refused, Err(Error::Invalid(details)) if details[0].field == "role"));
}

#[tokio::test]
async fn a_role_that_is_unknown_and_one_that_is_not_permitted_answer_alike() {
    let world = World::new();
    for role in ["editor", "cluster-admin", "<string>"] {
        let refused = world
            .service()
            .issue(&ctx("alice", "user"), &key(), request(Some(role), None))
            .await;
        assert!(
            matches!(refused, Err(Error::RoleNotPermitted | Error::NoSuchCluster)),
            "{refused:?}"
        );
    }
    let unknown = world
        .service()
        .issue(
            &ctx("root", "admin"),
            &key(),
            request(Some("cluster-admin"), None),
        )
        .await;
    assert!(
        matches!(unknown, Err(Error::RoleNotPermitted)),
        "{unknown:?}"
    );
}

#[tokio::test]
async fn issuing_for_someone_else_needs_the_grant() {
    let world = World::new();
    let wanted = Issue {
        user: Some("bob".to_owned()),
        ..Issue::default()
    };
    let refused = world
        .service()
        .issue(&ctx("alice", "user"), &key(), wanted.clone())
        .await;
    assert!(
        matches!(refused, Err(Error::UserNotPermitted)),
        "{refused:?}"
    );
    let issued = world
        .service()
        .issue(&ctx("root", "admin"), &key(), wanted)
        .await
        .unwrap();
    assert_eq!(issued.record.issued_for, "bob");
}

#[tokio::test]
async fn an_unknown_cluster_and_a_hidden_one_answer_alike() {
    let world = World::new();
    let unknown = ClusterKey::new("us-texas-1", "blue", "nowhere");
    for (who, place) in [
        (ctx("root", "admin"), unknown),
        (ctx("eve", "nobody"), key()),
    ] {
        let refused = world.service().issue(&who, &place, Issue::default()).await;
        assert!(matches!(refused, Err(Error::NoSuchCluster)), "{refused:?}");
    }
}

#[tokio::test]
async fn the_same_key_and_request_give_the_first_answer_again() {
    let world = World::new();
    let wanted = Issue {
        idempotency_key: Some("k".to_owned()),
        ..request(None, Some(600))
    };
    let who = ctx("alice", "user");
    let first = world
        .service()
        .issue(&who, &key(), wanted.clone())
        .await
        .unwrap();
    world
        .service()
        .revoke(&who, &key(), &first.record.id)
        .await
        .unwrap();
    let again = world
        .service()
        .issue(&who, &key(), wanted.clone())
        .await
        .unwrap();
    assert!(again.replayed);
    let told = world.events.lock().unwrap().last().cloned().unwrap();
    let permitted = told.decision.is_some_and(|decision| decision.allowed);
    assert!(told.kind == Kind::IssueReplayed && permitted);
    assert_eq!(
        (again.record.uid, again.status),
        (first.record.uid, Status::Active)
    );
    let other = world
        .service()
        .issue(
            &who,
            &key(),
            Issue {
                ttl: Some(601),
                ..wanted
            },
        )
        .await;
    assert!(matches!(other, Err(Error::KeyReused)), "{other:?}");
    assert_eq!(world.rows.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_twin_waits_for_the_first_and_then_gives_up() {
    let world = World::new();
    let wanted = Issue {
        idempotency_key: Some("k".to_owned()),
        ..Issue::default()
    };
    world
        .service()
        .issue(&ctx("alice", "user"), &key(), wanted.clone())
        .await
        .unwrap();
    // As it is while the first is under way, or when its server was killed.
    world.rows.lock().unwrap()[0].state = State::Pending;
    let before = *world.now.lock().unwrap();
    let twin = world
        .service()
        .issue(&ctx("alice", "user"), &key(), wanted)
        .await;
    assert!(matches!(twin, Err(Error::InProgress)), "{twin:?}");
    assert_eq!((*world.now.lock().unwrap() - before).num_seconds(), 10);
}

#[tokio::test]
async fn a_taken_id_is_refused_even_after_its_kubeconfig_is_gone() {
    let world = World::new();
    let wanted = Issue {
        id: Some(id("mine")),
        ..Issue::default()
    };
    let who = ctx("alice", "user");
    world
        .service()
        .issue(&who, &key(), wanted.clone())
        .await
        .unwrap();
    world
        .service()
        .revoke(&who, &key(), &id("mine"))
        .await
        .unwrap();
    let refused = world
        .service()
        .issue(&ctx("root", "admin"), &key(), wanted)
        .await;
    assert!(matches!(refused, Err(Error::IdTaken)), "{refused:?}");
}

#[tokio::test]
async fn the_longest_life_that_policy_permits_is_told() {
    let world = World::new();
    let service = world.service();
    let gus = ctx("gus", "guest");
    let longest = i64::from(GUESTS);
    for ttl in [longest + 1, 3600, 86_400, 99_999_999] {
        let refused = service
            .issue(&gus, &key(), request(None, Some(ttl)))
            .await
            .unwrap_err();
        let Error::Invalid(invalid) = refused else {
            panic!("{refused:?}")
        };
        let told = invalid.iter().map(|one| (one.reason, one.limit));
        assert_eq!(
            told.collect::<Vec<_>>(),
            [
                ("ttl_out_of_range", Some(longest)),
                ("ttl_minimum", Some(60)),
                ("ttl_maximum", Some(longest)),
            ],
            "{ttl}"
        );
        assert_eq!(world.kinds().last(), Some(&Kind::IssueRefused));
    }
    let below = service.issue(&gus, &key(), request(None, Some(59))).await;
    assert!(matches!(below, Err(Error::Invalid(_))), "{below:?}");
    let granted = service
        .issue(&gus, &key(), request(None, Some(longest)))
        .await;
    assert_eq!(i64::from(granted.unwrap().record.ttl), longest);
    // Of a role that they may not have at all they are told no bounds.
    let role = request(Some("editor"), Some(99_999_999));
    let refused = service.issue(&gus, &key(), role).await;
    assert!(
        matches!(refused, Err(Error::RoleNotPermitted)),
        "{refused:?}"
    );
}

#[tokio::test]
async fn of_a_refused_request_the_trail_tells_no_free_text() {
    let world = World::new();
    let stranger = ctx("nobody", "none");
    let wanted = Issue {
        user: Some("\u{1f600}".repeat(254)),
        display_name: Some("\u{1f600}".repeat(256)),
        description: Some("d".repeat(1024)),
        ..request(Some("viewer"), Some(900))
    };
    let refused = world.service().issue(&stranger, &key(), wanted).await;
    assert!(matches!(refused, Err(Error::NoSuchCluster)), "{refused:?}");
    let events = world.events.lock().unwrap();
    let told = &events[0].detail["request"];
    let user = "\u{1f600}".repeat(253) + "…";
    let expected = serde_json::json!({
        "user": user, "role": "viewer", "ttl": 900, "id": null,
        "displayNameLength": 256, "descriptionLength": 1024,
    });
    assert_eq!(*told, expected);
}
