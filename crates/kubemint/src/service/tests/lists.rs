//! Who sees a kubeconfig, and in which order.

use super::super::{Context, Issue};
use super::world::{World, ctx, key};
use super::{id, request};
use crate::error::Error;
use crate::ports::Filter;
use crate::record::Status;

fn alice() -> Context {
    ctx("alice", "user")
}

fn root() -> Context {
    ctx("root", "admin")
}

#[tokio::test]
async fn creator_subject_and_admin_see_it_and_for_others_it_does_not_exist() {
    let world = World::new();
    let service = world.service();
    let wanted = Issue {
        user: Some("bob".to_owned()),
        id: Some(id("for-bob")),
        ..Issue::default()
    };
    service.issue(&root(), &key(), wanted).await.unwrap();
    let bob = ctx("bob", "user");
    let mut other_bob = ctx("bob", "user");
    other_bob.caller.principal.issuer = "https://other-issuer".to_owned();
    for who in [&root(), &bob, &ctx("carol", "admin")] {
        assert_eq!(
            service
                .get(who, &key(), &id("for-bob"))
                .await
                .unwrap()
                .status,
            Status::Active
        );
        assert_eq!(
            service
                .list(who, &key(), &Filter::default(), None, 50)
                .await
                .unwrap()
                .items
                .len(),
            1
        );
    }
    for who in [&alice(), &other_bob] {
        let refused = service.get(who, &key(), &id("for-bob")).await;
        assert!(
            matches!(refused, Err(Error::NoSuchKubeconfig)),
            "{refused:?}"
        );
        let refused = service.revoke(who, &key(), &id("for-bob")).await;
        assert!(
            matches!(refused, Err(Error::NoSuchKubeconfig)),
            "{refused:?}"
        );
    }
    assert!(
        service
            .list(&alice(), &key(), &Filter::default(), None, 50)
            .await
            .unwrap()
            .items
            .is_empty()
    );
    let refused = service
        .download(&ctx("carol", "admin"), &key(), &id("for-bob"))
        .await;
    assert!(matches!(refused, Err(Error::NotPermitted)), "{refused:?}");
    service
        .download(&bob, &key(), &id("for-bob"))
        .await
        .unwrap();
}

#[tokio::test]
async fn pages_hold_everything_once_newest_first() {
    let world = World::new();
    let service = world.service();
    for n in 0..7 {
        let wanted = Issue {
            id: Some(id(&format!("k{n}"))),
            ..Issue::default()
        };
        service.issue(&alice(), &key(), wanted).await.unwrap();
    }
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = service
            .list(&alice(), &key(), &Filter::default(), after, 3)
            .await
            .unwrap();
        seen.extend(page.items.iter().map(|item| item.record.id.to_string()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["k6", "k5", "k4", "k3", "k2", "k1", "k0"]);
}

#[tokio::test]
async fn a_list_can_be_narrowed_and_says_so_in_the_trail() {
    let world = World::new();
    let service = world.service();
    let issue = async |name: &str, user: &str, role: &str, ttl| {
        let wanted = Issue {
            user: Some(user.to_owned()),
            id: Some(id(name)),
            ..request(Some(role), Some(ttl))
        };
        service.issue(&root(), &key(), wanted).await.unwrap();
    };
    issue("short", "alice", "viewer", 60).await;
    issue("long", "alice", "editor", 900).await;
    issue("bobs", "bob", "viewer", 900).await;
    let listed = async |who: &Context, filter: Filter| {
        let page = service.list(who, &key(), &filter, None, 50).await.unwrap();
        let ids = page.items.iter().map(|item| item.record.id.to_string());
        ids.collect::<Vec<_>>()
    };
    let active = Filter {
        status: Some(Status::Active),
        ..Filter::default()
    };
    let viewers = Filter {
        role: Some("viewer".to_owned()),
        ..Filter::default()
    };
    let alices = Filter {
        user: Some("alice".to_owned()),
        ..active.clone()
    };
    assert_eq!(
        listed(&root(), active.clone()).await,
        ["bobs", "long", "short"]
    );
    assert_eq!(listed(&root(), viewers.clone()).await, ["bobs", "short"]);
    // A filter shows nobody more than they may see.
    assert_eq!(listed(&alice(), viewers).await, ["short"]);
    // By the clock at the time of reading, whatever the reconciler does.
    world.pass(60);
    assert_eq!(listed(&root(), active).await, ["bobs", "long"]);
    assert_eq!(listed(&root(), alices).await, ["long"]);
    let events = world.events.lock().unwrap();
    let detail = &events.last().unwrap().detail;
    assert_eq!(detail["status"], "active");
    assert_eq!(detail["user"], "alice");
    assert_eq!(detail["count"], 1);
    assert!(!detail.contains_key("role"));
}

#[tokio::test]
async fn a_list_holds_what_may_be_got_and_nothing_else() {
    let world = World::new();
    let service = world.service();
    let issue = async |who: &Context, name: &str| {
        let wanted = Issue {
            user: Some("alice".to_owned()),
            id: Some(id(name)),
            ..Issue::default()
        };
        service.issue(who, &key(), wanted).await.unwrap();
    };
    issue(&alice(), "by-alice").await;
    issue(&root(), "by-root").await;
    let heir = ctx("alice", "heir");
    let all = service
        .list(&heir, &key(), &Filter::default(), None, 50)
        .await;
    let listed: Vec<_> = (all.unwrap().items.into_iter())
        .map(|shown| shown.record.id)
        .collect();
    assert_eq!(listed, [id("by-root")]);
    for (name, there) in [("by-root", true), ("by-alice", false)] {
        let got = service.get(&heir, &key(), &id(name)).await;
        assert_eq!(got.is_ok(), there, "{name}");
    }
}
