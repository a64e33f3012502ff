//! What was minted and is given to nobody is told in the row of what came of it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::request;
use super::world::{World, ctx, key};
use crate::audit::Kind;
use crate::error::Error;
use crate::record::State;

/// The last event's kind, and what it says of credentials that were thrown away.
fn last(world: &World) -> (Kind, Value) {
    let events = world.events.lock().unwrap();
    let event = events.last().unwrap();
    let discarded = event.detail.get("discarded").cloned();
    (event.kind, discarded.unwrap_or_default())
}

/// Issues, and downloads ten seconds later in what `change` makes of the world.
async fn downloaded(ttl: i64, change: impl Fn(&World)) -> (Arc<World>, Result<(), Error>) {
    let world = World::new();
    let (service, alice) = (world.service(), ctx("alice", "user"));
    let wanted = request(None, Some(ttl));
    let issued = service.issue(&alice, &key(), wanted).await.unwrap();
    assert_eq!(last(&world), (Kind::Issued, Value::Null));
    world.pass(10);
    change(&world);
    let done = service.download(&alice, &key(), &issued.record.id).await;
    (world, done.map(drop))
}

#[tokio::test]
async fn a_download_tells_what_it_minted_too_long_or_too_late() {
    let (world, done) = downloaded(3600, |_| {}).await;
    done.unwrap();
    assert_eq!(last(&world), (Kind::Downloaded, Value::Null));
    let (world, done) = downloaded(3600, |world| *world.skew.lock().unwrap() = 3).await;
    done.unwrap();
    assert_eq!(last(&world), (Kind::Downloaded, json!(["jti"])));
    // Its time passes, or it is revoked, while the credential is minted.
    let (world, late) = downloaded(60, |world| *world.minting.lock().unwrap() = 50).await;
    assert!(matches!(late, Err(Error::Expired)), "{late:?}");
    assert_eq!(last(&world), (Kind::DownloadRefused, json!(["jti"])));
    let revoked = |world: &World| *world.becomes.lock().unwrap() = Some(State::Revoking);
    let (world, late) = downloaded(3600, revoked).await;
    assert!(matches!(late, Err(Error::Revoking)), "{late:?}");
    assert_eq!(last(&world), (Kind::DownloadRefused, json!(["jti"])));
}

#[tokio::test]
async fn an_issue_that_is_given_up_tells_what_it_minted() {
    for (what, breaks, kinds) in [
        ("late", &[][..], &[Kind::IssueFailed][..]),
        (
            "given up by another replica",
            &["patience"],
            &[Kind::IssueFailed],
        ),
        (
            "late, and it cannot clean up",
            &["remove"],
            &[Kind::IssueFailed, Kind::IssueFailed],
        ),
    ] {
        let world = World::new();
        let (service, alice) = (world.service(), ctx("alice", "user"));
        *world.minting.lock().unwrap() = if breaks == ["patience"] { 1 } else { 61 };
        breaks.iter().for_each(|call| world.break_next(call, 1));
        let failed = service.issue(&alice, &key(), request(None, None)).await;
        assert!(
            matches!(failed, Err(Error::Cluster(_))),
            "{what}: {failed:?}"
        );
        assert_eq!(last(&world), (Kind::IssueFailed, json!(["jti"])), "{what}");
        // The reconciler's own row tells that it has ended, and knows of no credential.
        service.reconcile(&key()).await;
        assert_eq!(world.kinds()[1..], *kinds, "{what}");
        assert_eq!(world.rows.lock().unwrap()[0].state, State::Failed, "{what}");
    }
}
