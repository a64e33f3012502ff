//! Many clients, while calls fail and take long, or while the server is killed again and again.

use std::time::{Duration, Instant};

use crash::Plan;
use serde_json::json;

use crate::all;
use crate::invariants;
use crate::notes::Notes;
use crate::run::{Client, Run};
use crate::stage::{Ground, Stage, collection};

/// How many clients there are.
const CLIENTS: u64 = 8;

/// How long the roughness lasts.
fn rough_time() -> Duration {
    Duration::from_secs(if all() { 30 } else { 3 })
}

/// What a client does next, drawn from its own numbers: the same seed does the same.
struct Whim(u64);

impl Whim {
    fn below(&mut self, bound: u64) -> u64 {
        // Numerical Recipes' generator: enough to choose what to do next.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// A client that issues, downloads, revokes and reads until the time is over.
async fn busy(mut client: Client<'_>, number: u64, until: Instant) -> (Notes, u64) {
    let mut whim = Whim(number + 1);
    let (mut keys, mut answers) = (0, 0);
    while Instant::now() < until {
        let known = client.notes.issued.len() as u64;
        let one = (known > 0).then(|| {
            let at = usize::try_from(whim.below(known)).expect("few");
            client.notes.issued[at].id.clone()
        });
        // A third live for a moment only, so that they expire among all this.
        let ttl = if whim.below(3) == 0 { 2 } else { 900 };
        let reply = match (whim.below(8), one) {
            (0..=1, _) | (_, None) => client.issue(&json!({"ttl": ttl}), None).await,
            (2, _) => {
                keys += 1;
                client
                    .issue(&json!({"ttl": 900}), Some(&format!("{number}-{keys}")))
                    .await
            }
            (3, _) => {
                client
                    .issue(&json!({"ttl": 900}), Some(&format!("{number}-{keys}")))
                    .await
            }
            (4..=5, Some(id)) => client.download(&id).await,
            (6, Some(id)) => client.revoke(&id).await,
            (_, Some(id)) => {
                let listed = client
                    .call(reqwest::Method::GET, &collection(), None, None)
                    .await;
                answers += u64::from(listed.is_some());
                client.get(&id).await
            }
        };
        match reply {
            Some(_) => answers += 1,
            // The server is dead; another one is started, which this client does not know.
            None => break,
        }
    }
    (client.notes, answers)
}

/// Lets all clients be busy until `until`. Returns how many answers there were.
async fn bustle(run: &mut Run<'_>, until: Instant, round: u64) -> u64 {
    let clients = (0..CLIENTS).map(|number| {
        let token = run.stage.token(&format!("client-{number}"));
        busy(run.client(&token), 1000 * round + number, until)
    });
    let done = futures::future::join_all(clients).await;
    let mut answers = 0;
    for (notes, answered) in done {
        run.notes.add(notes);
        answers += answered;
    }
    answers
}

/// Faults off, a fresh server, everything settled: as it must be.
async fn settle(run: &mut Run<'_>) -> invariants::Left {
    run.start_well().await;
    assert!(run.quiet().await, "{}: it died", run.what);
    run.stop().await;
    invariants::hold(run).await
}

/// So many calls of a hundred go wrong, and so many of a hundred of those only take long. Returns how many were granted.
async fn rough(ground: Ground, percent: u8, slow: u8) -> usize {
    let stage = Stage::on(ground).await;
    let mut run = Run::new(&stage, format!("{percent} % of calls go wrong")).await;
    run.start_well().await;
    let plan = Plan::Rough {
        percent,
        slow,
        seed: 4,
        longest: 400,
    };
    run.follow(plan).await;
    let answers = bustle(&mut run, Instant::now() + rough_time(), 0).await;
    run.follow(Plan::Calm).await;
    run.stop().await;
    let left = settle(&mut run).await;
    println!(
        "{percent} %: {answers} answers, {} records, {} objects, {} audit rows",
        left.records.len(),
        left.objects,
        left.events.len()
    );
    assert!(answers >= CLIENTS, "{answers}");
    let granted = run.notes.issued.len();
    stage.stop().await;
    granted
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_call_of_a_hundred_may_go_wrong() {
    assert!(rough(Ground::Embedded, 1, 50).await > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_call_of_ten_may_go_wrong() {
    assert!(rough(Ground::Embedded, 10, 50).await > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_may_go_wrong() {
    rough(Ground::Embedded, 100, 50).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_every_call_fails_nothing_is_granted_and_nothing_is_left() {
    assert_eq!(rough(Ground::Embedded, 100, 0).await, 0);
}

#[cfg(feature = "postgres-tests")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgresql_one_call_of_ten_may_go_wrong() {
    assert!(rough(Ground::Postgres, 10, 50).await > 0);
}

#[cfg(feature = "cluster-tests")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_real_control_plane_one_call_of_ten_may_go_wrong() {
    assert!(rough(Ground::ControlPlane, 10, 50).await > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_again_and_again_under_load_forgets_nothing() {
    let stage = Stage::start().await;
    let mut run = Run::new(&stage, "killed under load".to_owned()).await;
    let rounds = if all() { 40 } else { 4 };
    let mut whim = Whim(7);
    for round in 0..rounds {
        run.start_well().await;
        let time = Duration::from_millis(200 + whim.below(500));
        let victim = run.take_child();
        let url = victim.url.clone();
        let begun = Instant::now();
        let killed = async {
            // However busy the machine is, there is something to forget.
            while begun.elapsed() < Duration::from_secs(20) {
                if !stage.kubernetes().accounts().await.is_empty() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            tokio::time::sleep(time).await;
            victim.kill().await;
        };
        let clients = (0..CLIENTS).map(|number| {
            let token = run.stage.token(&format!("client-{number}"));
            let until = Instant::now() + Duration::from_secs(20);
            busy(run.client_at(&url, &token), 1000 * round + number, until)
        });
        let clients = futures::future::join_all(clients);
        let (done, ()) = futures::future::join(clients, killed).await;
        for (notes, _) in done {
            run.notes.add(notes);
        }
    }
    let left = settle(&mut run).await;
    println!(
        "{rounds} rounds: {} records, {} objects",
        left.records.len(),
        left.objects
    );
    assert!(!run.notes.issued.is_empty(), "nothing was there to forget");
    stage.stop().await;
}
