//! The decorator's judgement: what happens to each call.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kubemint::Ports;
use rustix::process::{Signal, getpid, kill_process};

use crate::clusters::BreakableClusters;
use crate::plan::{Harm, Plan, Side};
use crate::store::BreakableStore;

/// What goes wrong, for all ports of a server; it can be changed while the server runs.
#[derive(Default)]
pub struct Faults(Mutex<State>);

#[derive(Default)]
struct State {
    plan: Plan,
    counts: BTreeMap<&'static str, u32>,
    seen: Vec<&'static str>,
    random: u64,
}

/// What happens to one call.
#[derive(Clone, Copy)]
enum Fate {
    Well,
    Harm(Side, Harm),
    Slow(Side, Duration),
}

impl Faults {
    /// Faults that follow a plan.
    #[must_use]
    pub fn new(plan: Plan) -> Arc<Self> {
        let faults = Arc::new(Self::default());
        faults.follow(plan);
        faults
    }

    /// Another plan from now on; what is counted begins anew. Returns the names of the calls until now, in order.
    pub fn follow(&self, plan: Plan) -> Vec<&'static str> {
        let mut state = self.lock();
        let random = match plan {
            Plan::Rough { seed, .. } => seed,
            _ => 0,
        };
        let before = std::mem::replace(
            &mut *state,
            State {
                plan,
                random,
                ..State::default()
            },
        );
        before.seen
    }

    /// The names of the calls since the plan was made, in order.
    pub fn seen(&self) -> Vec<&'static str> {
        self.lock().seen.clone()
    }

    /// The ports, with every call of the store and of the clusters judged by this.
    #[must_use]
    pub fn around(self: &Arc<Self>, ports: Ports) -> Ports {
        Ports {
            store: Arc::new(BreakableStore::new(Arc::clone(self), ports.store)),
            clusters: Arc::new(BreakableClusters::new(Arc::clone(self), ports.clusters)),
            ..ports
        }
    }

    /// Does a call, unless it is not to be.
    pub(crate) async fn call<T, E>(
        &self,
        name: &'static str,
        injected: impl FnOnce(String) -> E,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let fate = self.lock().fate(name);
        match fate {
            Fate::Harm(Side::Before, Harm::Kill) => die(),
            Fate::Harm(Side::Before, Harm::Fail) => {
                return Err(injected(format!("injected before {name}")));
            }
            Fate::Slow(Side::Before, time) => tokio::time::sleep(time).await,
            _ => {}
        }
        let done = work.await;
        match fate {
            Fate::Harm(Side::After, Harm::Kill) => die(),
            Fate::Harm(Side::After, Harm::Fail) => {
                return done.and_then(|_| Err(injected(format!("injected after {name}"))));
            }
            Fate::Slow(Side::After, time) => tokio::time::sleep(time).await,
            _ => {}
        }
        done
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn fate(&mut self, name: &'static str) -> Fate {
        self.seen.push(name);
        let count = self.counts.entry(name).or_default();
        *count += 1;
        let now = *count;
        match &self.plan {
            Plan::Calm => Fate::Well,
            Plan::At(harms) => harms
                .iter()
                .find(|(point, _)| point.call == name && point.nth == now)
                .map_or(Fate::Well, |(point, harm)| Fate::Harm(point.side, *harm)),
            Plan::Rough {
                percent, longest, ..
            } => {
                let (percent, longest) = (u64::from(*percent), *longest);
                if self.draw() % 100 >= percent {
                    return Fate::Well;
                }
                let time = Duration::from_millis(self.draw() % longest.max(1));
                match self.draw() % 4 {
                    0 => Fate::Harm(Side::Before, Harm::Fail),
                    1 => Fate::Harm(Side::After, Harm::Fail),
                    2 => Fate::Slow(Side::Before, time),
                    _ => Fate::Slow(Side::After, time),
                }
            }
        }
    }

    /// SplitMix64 (public domain, by Sebastiano Vigna): the same seed, the same choices.
    fn draw(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Ends the process as nothing can prevent it: no destructor runs, no buffer is written.
fn die() -> ! {
    // It cannot fail for one's own process; were it to, the abort would end it as surely.
    let _ = kill_process(getpid(), Signal::KILL);
    std::process::abort()
}
