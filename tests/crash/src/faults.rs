//! The decorator's judgement: what happens to each call.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kubemint::Ports;
use kubemint::ports::{Clusters, Store};
use rustix::process::{Signal, getpid, kill_process};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::clusters::BreakableClusters;
use crate::plan::{Harm, Plan, Side};
use crate::store::BreakableStore;

/// The call by which something is given up: what is late is carried out after it.
const GIVES_UP: &str = "abandon";

/// After this, what is late is carried out whether it was given up or not.
const LATEST: Duration = Duration::from_secs(1);

/// What goes wrong, for all ports of a server; it can be changed while the server runs.
#[derive(Default)]
pub struct Faults {
    state: Mutex<State>,
    /// What is carried out later.
    late: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Default)]
struct State {
    plan: Plan,
    counts: BTreeMap<&'static str, u32>,
    seen: Vec<&'static str>,
    random: u64,
    /// Told once something is given up.
    waiting: Vec<oneshot::Sender<()>>,
}

/// What happens to one call.
#[derive(Clone, Copy)]
enum Fate {
    Well,
    /// A failure is drawn from the number: 0 is the first of its port.
    Harm(Side, Harm, u64),
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
            store: self.around_store(ports.store),
            clusters: self.around_clusters(ports.clusters),
            ..ports
        }
    }

    /// A store, with every call judged by this.
    #[must_use]
    pub fn around_store(self: &Arc<Self>, store: Arc<dyn Store>) -> Arc<dyn Store> {
        Arc::new(BreakableStore::new(Arc::clone(self), store))
    }

    /// Clusters, with every call judged by this.
    #[must_use]
    pub fn around_clusters(self: &Arc<Self>, clusters: Arc<dyn Clusters>) -> Arc<dyn Clusters> {
        Arc::new(BreakableClusters::new(Arc::clone(self), clusters))
    }

    /// Waits until all that was late is carried out.
    pub async fn caught_up(&self) {
        let late = std::mem::take(&mut *lock(&self.late));
        for one in late {
            // One that panicked was no work of the store's.
            let _ = one.await;
        }
    }

    /// Does a call, unless it is not to be. `injected` makes the error of a failure, whose number is drawn.
    pub(crate) async fn call<T, E>(
        &self,
        name: &'static str,
        injected: impl FnOnce(u64, String) -> E,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let fate = self.lock().fate(name);
        self.judged(fate, name, injected, work).await
    }

    /// The same, of a call that can be late: its work outlives whoever asked for it.
    pub(crate) async fn call_or_late<T: Send + 'static, E: Send + 'static>(
        &self,
        name: &'static str,
        injected: impl FnOnce(u64, String) -> E,
        work: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, E> {
        let fate = self.lock().fate(name);
        if let Fate::Harm(_, Harm::Late, number) = fate {
            let (given_up, turn) = oneshot::channel();
            self.lock().waiting.push(given_up);
            let late = tokio::spawn(async move {
                // Whatever comes of the wait, its turn is now.
                let _ = tokio::time::timeout(LATEST, turn).await;
                let _ = work.await;
            });
            lock(&self.late).push(late);
            return Err(injected(number, format!("injected: {name} is late")));
        }
        self.judged(fate, name, injected, work).await
    }

    async fn judged<T, E>(
        &self,
        fate: Fate,
        name: &'static str,
        injected: impl FnOnce(u64, String) -> E,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        match fate {
            Fate::Harm(Side::Before, harm, number) => match harm {
                Harm::Kill => die(),
                Harm::Panic => panic!("injected before {name}"),
                Harm::Fail | Harm::Late => {
                    return Err(injected(number, format!("injected before {name}")));
                }
            },
            Fate::Slow(Side::Before, time) => tokio::time::sleep(time).await,
            _ => {}
        }
        let done = work.await;
        if name == GIVES_UP {
            for waiting in std::mem::take(&mut self.lock().waiting) {
                // It may not wait any more.
                let _ = waiting.send(());
            }
        }
        match fate {
            Fate::Harm(Side::After, harm, number) => match harm {
                Harm::Kill => die(),
                Harm::Panic => panic!("injected after {name}"),
                Harm::Fail | Harm::Late => {
                    let lost = |_| Err(injected(number, format!("injected after {name}")));
                    return done.and_then(lost);
                }
            },
            Fate::Slow(Side::After, time) => tokio::time::sleep(time).await,
            _ => {}
        }
        done
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
                .map_or(Fate::Well, |(point, harm)| Fate::Harm(point.side, *harm, 0)),
            Plan::Rough {
                percent,
                slow,
                longest,
                ..
            } => {
                let (percent, slow) = (u64::from(*percent), u64::from(*slow));
                let longest = *longest;
                if self.draw() % 100 >= percent {
                    return Fate::Well;
                }
                let side = if self.draw().is_multiple_of(2) {
                    Side::Before
                } else {
                    Side::After
                };
                if self.draw() % 100 < slow {
                    Fate::Slow(side, Duration::from_millis(self.draw() % longest.max(1)))
                } else {
                    Fate::Harm(side, Harm::Fail, self.draw())
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
