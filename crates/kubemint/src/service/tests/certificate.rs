//! Kubeconfigs that are client certificates: nothing but time ends them, and nobody is told otherwise.

use std::sync::Arc;

use chrono::TimeDelta;

use super::super::{Context, Issue, Kubemint};
use super::id;
use super::world::{World, ctx, key, start};
use crate::audit::Kind;
use crate::cluster::CredentialKind;
use crate::error::Error;
use crate::ports::Secret;
use crate::record::{State, Status};

fn alice() -> Context {
    ctx("alice", "user")
}

/// A request for a kubeconfig named `k`.
fn k(ttl: i64) -> Issue {
    Issue {
        id: Some(id("k")),
        ttl: Some(ttl),
        ..Issue::default()
    }
}

fn world() -> (Arc<World>, Kubemint) {
    let world = World::new();
    *world.kind.lock().unwrap() = CredentialKind::Certificate;
    *world.credential.lock().unwrap() = false;
    let service = world.service();
    (world, service)
}

#[tokio::test]
async fn a_certificate_ends_at_expires_at_and_has_no_object() {
    let (world, service) = world();
    let issued = service.issue(&alice(), &key(), k(90)).await.unwrap();
    assert_eq!(
        issued.record.expires_at,
        Some(start() + TimeDelta::seconds(90)),
        "below Kubernetes' floor for tokens too"
    );
    assert!(world.objects.lock().unwrap().is_empty());
    let delivery = service.download(&alice(), &key(), &id("k")).await.unwrap();
    assert!(matches!(delivery.secret, Secret::Certificate { .. }));
    assert_eq!(Some(delivery.expires_at), issued.record.expires_at);
    assert_eq!(
        world.kinds(),
        [
            Kind::IssueRequested,
            Kind::Issued,
            Kind::DownloadRequested,
            Kind::Downloaded
        ]
    );
}

#[tokio::test]
async fn an_authority_that_ends_earlier_grants_less_and_that_is_told() {
    let (world, service) = world();
    *world.cap.lock().unwrap() = 300;
    let issued = service.issue(&alice(), &key(), k(3600)).await.unwrap();
    assert_eq!(
        issued.record.expires_at,
        Some(start() + TimeDelta::seconds(300))
    );
    // One that came later may end earlier still: what is delivered says so.
    *world.cap.lock().unwrap() = 200;
    let delivery = service.download(&alice(), &key(), &id("k")).await.unwrap();
    assert_eq!(delivery.expires_at, start() + TimeDelta::seconds(200));
}

#[tokio::test]
async fn a_revoked_certificate_stays_revoking_until_its_end_and_is_gone_then() {
    let (world, service) = world();
    service.issue(&alice(), &key(), k(90)).await.unwrap();
    for (passed, left) in [(0, 91), (30, 61)] {
        *world.now.lock().unwrap() = start() + TimeDelta::seconds(passed);
        match service.revoke(&alice(), &key(), &id("k")).await {
            Err(Error::Irrevocable { until, seconds }) => {
                assert_eq!(until, start() + TimeDelta::seconds(90));
                assert_eq!(seconds, left);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(world.state(&id("k")), State::Revoking);
        let shown = service.get(&alice(), &key(), &id("k")).await.unwrap();
        assert_eq!(shown.status, Status::Revoking);
        let refused = service.download(&alice(), &key(), &id("k")).await;
        assert!(matches!(refused, Err(Error::Revoking)), "{refused:?}");
    }
    // Not a moment early: it is valid until its last second.
    *world.now.lock().unwrap() = start() + TimeDelta::milliseconds(89_999);
    let done = service.reconcile(&key()).await;
    assert_eq!((done.revoked, done.errors.len()), (0, 0));
    *world.now.lock().unwrap() = start() + TimeDelta::seconds(90);
    let gone = service.get(&alice(), &key(), &id("k")).await;
    assert!(matches!(gone, Err(Error::NoSuchKubeconfig)), "{gone:?}");
    let done = service.reconcile(&key()).await;
    assert_eq!((done.revoked, done.errors.len()), (1, 0));
    assert_eq!(world.state(&id("k")), State::Revoked);
    let again = service.revoke(&alice(), &key(), &id("k")).await;
    assert!(matches!(again, Err(Error::NoSuchKubeconfig)), "{again:?}");
}

#[tokio::test]
async fn an_expired_certificate_can_be_revoked_at_once() {
    let (world, service) = world();
    service.issue(&alice(), &key(), k(90)).await.unwrap();
    *world.now.lock().unwrap() = start() + TimeDelta::seconds(91);
    service.revoke(&alice(), &key(), &id("k")).await.unwrap();
    assert_eq!(world.state(&id("k")), State::Revoked);
}

#[tokio::test]
async fn a_certificate_expires_by_itself_and_no_cluster_is_asked() {
    let (world, service) = world();
    service.issue(&alice(), &key(), k(90)).await.unwrap();
    world.broken.lock().unwrap().insert("remove", u32::MAX);
    *world.now.lock().unwrap() = start() + TimeDelta::milliseconds(89_500);
    assert_eq!(service.reconcile(&key()).await.expired, 0);
    *world.now.lock().unwrap() = start() + TimeDelta::seconds(90);
    let done = service.reconcile(&key()).await;
    assert_eq!((done.expired, done.errors.len()), (1, 0));
}

#[tokio::test]
async fn no_sweep_takes_a_certificate_for_lost_whatever_the_cluster_is_now() {
    let (world, service) = world();
    service.issue(&alice(), &key(), k(3600)).await.unwrap();
    for kind in [CredentialKind::Certificate, CredentialKind::Token] {
        *world.kind.lock().unwrap() = kind;
        let done = service.sweep(&key()).await;
        assert_eq!((done.lost, done.errors.len()), (0, 0));
        assert_eq!(world.state(&id("k")), State::Active);
        // What was issued as a certificate is one, whatever is issued now.
        let delivery = service.download(&alice(), &key(), &id("k")).await.unwrap();
        assert!(delivery.secret.token().is_none());
    }
}

#[tokio::test]
async fn a_token_issued_before_is_still_removed_where_certificates_are_issued_now() {
    let (world, service) = world();
    *world.kind.lock().unwrap() = CredentialKind::Token;
    service.issue(&alice(), &key(), k(3600)).await.unwrap();
    *world.kind.lock().unwrap() = CredentialKind::Certificate;
    // The objects are not compared: nobody may take what is there for lost.
    assert_eq!(service.sweep(&key()).await.lost, 0);
    service.revoke(&alice(), &key(), &id("k")).await.unwrap();
    assert!(world.objects.lock().unwrap().is_empty());
    assert_eq!(world.state(&id("k")), State::Revoked);
}

#[tokio::test]
async fn an_issue_that_cannot_be_signed_fails_and_frees_nothing_else() {
    let (world, service) = world();
    world.broken.lock().unwrap().insert("certify", 1);
    world.broken.lock().unwrap().insert("remove", 1);
    let refused = service.issue(&alice(), &key(), k(90)).await;
    assert!(matches!(refused, Err(Error::Cluster(_))), "{refused:?}");
    assert_eq!(world.state(&id("k")), State::Failed);
}

#[tokio::test]
async fn a_cluster_that_was_switched_to_certificates_is_swept_of_what_was_before() {
    let (world, service) = world();
    *world.kind.lock().unwrap() = CredentialKind::Token;
    service.issue(&alice(), &key(), k(3600)).await.unwrap();
    let taken = Issue {
        id: Some(id("taken")),
        ..k(3600)
    };
    service.issue(&alice(), &key(), taken).await.unwrap();
    let stray = (uuid::Uuid::from_u128(77), "stray".to_owned(), start());
    world.objects.lock().unwrap().insert(id("stray"), stray);
    world.objects.lock().unwrap().remove(&id("taken"));
    *world.kind.lock().unwrap() = CredentialKind::Certificate;
    world.pass(15 * 60);

    // Nobody can look, and that is told.
    let done = service.sweep(&key()).await;
    assert_eq!((done.stranded, done.swept, done.lost), (2, 0, 0));
    assert!(done.errors.is_empty());

    // With a credential all is as it was.
    *world.credential.lock().unwrap() = true;
    let done = service.sweep(&key()).await;
    assert_eq!((done.stranded, done.swept, done.lost), (0, 1, 1));
    assert_eq!(world.state(&id("k")), State::Active);
    let left: Vec<_> = world.objects.lock().unwrap().keys().cloned().collect();
    assert_eq!(left, [id("k")]);
}

#[tokio::test]
async fn a_cluster_of_certificates_needs_no_rights_to_list() {
    let (world, service) = world();
    *world.credential.lock().unwrap() = true;
    *world.closed.lock().unwrap() = vec!["viewer".to_owned(), "editor".to_owned()];
    service.issue(&alice(), &key(), k(3600)).await.unwrap();
    assert!(service.sweep(&key()).await.errors.is_empty());
    // As long as a token is alive, what stands in the way of it is told.
    *world.kind.lock().unwrap() = CredentialKind::Token;
    let token = Issue {
        id: Some(id("token")),
        ..k(3600)
    };
    service.issue(&alice(), &key(), token).await.unwrap();
    *world.kind.lock().unwrap() = CredentialKind::Certificate;
    let done = service.sweep(&key()).await;
    assert!(matches!(
        done.errors[..],
        [Error::Cluster(_), Error::Cluster(_)]
    ));
}
