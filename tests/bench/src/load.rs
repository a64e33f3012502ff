//! The load: requests that are to start at times fixed beforehand, whatever the server does (an open loop).
//!
//! A latency counts from the time at which a request was *to be* started. While all connections wait for a slow
//! server, requests whose time has come wait too, and that wait is theirs: leaving it out (coordinated omission) would
//! flatter the server exactly when it is slow.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderValue};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;

use crate::latency::Latencies;

/// How long requests of a step may still take when the step is over. Beyond it they count as lost.
const GRACE: Duration = Duration::from_secs(1);
/// How long the last requests under way are waited for before their connections are cut, so that the next step meets
/// a server at rest.
const REST: Duration = Duration::from_secs(5);
/// The shortest pause of the pacer: it starts requests as punctually as this, and wakes no oftener.
const PACE: Duration = Duration::from_micros(200);

/// What is asked, and whom.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Target {
    /// Where the server listens.
    pub(crate) address: SocketAddr,
    /// The path to POST to; to GET, when there is no body.
    pub(crate) path: String,
    /// The bearer token.
    pub(crate) bearer: String,
    /// The JSON body, or nothing.
    pub(crate) body: String,
}

/// What one step offers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    /// Requests per second, on average: arrivals are independent of each other (a Poisson process).
    pub(crate) rate: f64,
    /// How long before anything counts.
    pub(crate) warm_up: Duration,
    /// How long it counts.
    pub(crate) measured: Duration,
}

/// What one step measured.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    /// Requests per second that were to be started.
    pub(crate) offered: f64,
    /// Requests per second that were answered well.
    pub(crate) achieved: f64,
    /// How long they took, from when they were to be started.
    pub(crate) latencies: Latencies,
    /// The 99th percentile of how late the pacer itself was.
    pub(crate) late: Duration,
    /// How many requests there were in all, with those of the warm-up.
    pub(crate) requests: usize,
}

/// The generator: one thread for a bounded number of connections, and one that paces.
pub(crate) struct Generator {
    runtime: Runtime,
    connections: usize,
    random: u64,
}

impl Generator {
    /// A generator with as many connections, each of which has one request under way at most.
    ///
    /// # Errors
    /// The system gives no runtime.
    pub(crate) fn new(connections: usize) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Self {
            runtime,
            connections,
            random: 1,
        })
    }

    /// Does one step.
    ///
    /// # Errors
    /// The server cannot be connected to.
    pub(crate) fn step(&mut self, target: &Target, step: Step) -> Result<Measured> {
        let offsets = self.arrivals(step);
        let template = Template::new(target)?;
        // The first arrival is a moment ahead, so that connections are there.
        let start = Instant::now() + Duration::from_millis(50);
        let window = start + step.warm_up..start + step.warm_up + step.measured;
        let shared = Arc::new(Shared {
            window: (window.start, window.end),
            queue: Mutex::default(),
            ready: Semaphore::new(0),
            tally: Mutex::default(),
        });
        let arrivals: Vec<Instant> = offsets.iter().map(|offset| start + *offset).collect();
        let counted = arrivals.iter().filter(|at| window.contains(*at)).count();
        let (paced, all_paced) = oneshot::channel();
        let pacing = Arc::clone(&shared);
        let connections = self.connections;
        let pacer = thread::spawn(move || {
            let late = pace(&pacing, &arrivals);
            // Each connection finds the queue empty once more, and ends.
            pacing.ready.add_permits(connections);
            let _ = paced.send(());
            late
        });
        let done = self.runtime.block_on(drive(
            &shared,
            target.address,
            template,
            connections,
            all_paced,
        ));
        let late = pacer
            .join()
            .map_err(|_| anyhow::anyhow!("the pacer panicked"))?;
        done?;
        let tally = std::mem::take(&mut *shared.tally());
        let seconds = step.measured.as_secs_f64();
        let lost = counted.saturating_sub(tally.latencies.len());
        Ok(Measured {
            offered: counted as f64 / seconds,
            achieved: tally.answers as f64 / seconds,
            latencies: Latencies::new(tally.latencies, lost),
            late,
            requests: offsets.len(),
        })
    }

    /// When requests are to be started, counted from the step's start.
    fn arrivals(&mut self, step: Step) -> Vec<Duration> {
        let end = (step.warm_up + step.measured).as_secs_f64();
        let mut at = 0.0;
        let mut arrivals = Vec::new();
        loop {
            at += -self.uniform().ln() / step.rate;
            if at >= end {
                return arrivals;
            }
            arrivals.push(Duration::from_secs_f64(at));
        }
    }

    /// The next number of a fixed sequence, evenly from above 0 to 1 (splitmix64): every run offers the same.
    fn uniform(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        ((z >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }
}

/// What the pacer and the connections share.
struct Shared {
    /// Requests that are to be started from the first to before the second moment count.
    window: (Instant, Instant),
    /// Requests whose time has come and that no connection has taken.
    queue: Mutex<VecDeque<Instant>>,
    /// One permit for each of them.
    ready: Semaphore,
    tally: Mutex<Tally>,
}

#[derive(Default)]
struct Tally {
    /// Of the requests that count and were answered well.
    latencies: Vec<Duration>,
    /// Good answers that came within the window, to whatever request.
    answers: usize,
}

impl Shared {
    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next request whose time has come; `None` when there will be none, or no time for it.
    async fn next(&self) -> Option<Instant> {
        self.ready.acquire().await.ok()?.forget();
        if Instant::now() > self.window.1 + GRACE {
            return None;
        }
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.pop_front()
    }

    fn answered(&self, intended: Instant, now: Instant) {
        let within = |at: Instant| self.window.0 <= at && at < self.window.1;
        let mut tally = self.tally();
        tally.answers += usize::from(within(now));
        if within(intended) && now <= self.window.1 + GRACE {
            tally.latencies.push(now - intended);
        }
    }
}

/// Puts each arrival into the queue at its time; the 99th percentile of how late it was.
fn pace(shared: &Shared, arrivals: &[Instant]) -> Duration {
    let mut late = Vec::with_capacity(arrivals.len());
    let mut rest = arrivals;
    while let Some(next) = rest.first() {
        let now = Instant::now();
        if *next > now {
            thread::sleep((*next - now).max(PACE));
            continue;
        }
        let due = rest.partition_point(|at| *at <= now);
        let (released, later) = rest.split_at(due);
        rest = later;
        late.extend(released.iter().map(|at| now - *at));
        let mut queue = shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.extend(released);
        drop(queue);
        shared.ready.add_permits(due);
    }
    Latencies::new(late, 0).percentile(0.99).unwrap_or_default()
}

/// Runs all connections until every arrival is answered or given up.
async fn drive(
    shared: &Arc<Shared>,
    address: SocketAddr,
    template: Template,
    connections: usize,
    all_paced: oneshot::Receiver<()>,
) -> Result<()> {
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let sender = connect(address).await?;
        tasks.spawn(connection(
            Arc::clone(shared),
            address,
            template.clone(),
            sender,
        ));
    }
    let _ = all_paced.await;
    let finish = async {
        while let Some(ended) = tasks.join_next().await {
            ended.context("a connection's task panicked")??;
        }
        Ok(())
    };
    tokio::time::timeout(GRACE + REST, finish)
        .await
        .unwrap_or(Ok(()))
}

/// One connection: a request after the other, each as soon as its time has come.
async fn connection(
    shared: Arc<Shared>,
    address: SocketAddr,
    template: Template,
    mut sender: SendRequest<Full<Bytes>>,
) -> Result<()> {
    while let Some(intended) = shared.next().await {
        if sender.ready().await.is_err() {
            sender = connect(address).await?;
        }
        // An exchange that fails is not answered: it counts as lost.
        if let Ok(StatusCode::CREATED) = exchange(&mut sender, template.request()).await {
            shared.answered(intended, Instant::now());
        }
    }
    Ok(())
}

pub(crate) async fn connect(address: SocketAddr) -> Result<SendRequest<Full<Bytes>>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // How it ends is told by the sender.
    tokio::spawn(connection);
    Ok(sender)
}

/// Sends a request and reads its answer to the end.
pub(crate) async fn exchange(
    sender: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> hyper::Result<StatusCode> {
    let response = sender.send_request(request).await?;
    let status = response.status();
    response.into_body().collect().await?;
    Ok(status)
}

/// The request, made once.
#[derive(Clone)]
pub(crate) struct Template {
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

impl Template {
    pub(crate) fn new(target: &Target) -> Result<Self> {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(&target.address.to_string())?);
        if !target.body.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let bearer = HeaderValue::from_str(&format!("Bearer {}", target.bearer))?;
        headers.insert(AUTHORIZATION, bearer);
        Ok(Self {
            uri: target.path.parse()?,
            headers,
            body: Bytes::from(target.body.clone()),
        })
    }

    pub(crate) fn request(&self) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.body.clone()));
        if !self.body.is_empty() {
            *request.method_mut() = Method::POST;
        }
        *request.uri_mut() = self.uri.clone();
        request.headers_mut().clone_from(&self.headers);
        request
    }
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
