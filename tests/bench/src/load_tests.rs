//! The generator, against a server that stalls, refuses, or answers at once.

use std::convert::Infallible;
use std::sync::OnceLock;

use http::Response;
use hyper::service::service_fn;

use super::*;

/// No stall at all.
const NONE: std::ops::Range<Duration> = Duration::ZERO..Duration::ZERO;

/// A server that answers everything with a status, but nothing during a stall, which is counted from its first request: that
/// comes when this machine has time for it.
fn server(status: StatusCode, stall: std::ops::Range<Duration>) -> (Runtime, Target) {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let address = listener.local_addr().unwrap();
    let first = Arc::new(OnceLock::new());
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (stall, first) = (stall.clone(), Arc::clone(&first));
            let answer = service_fn(move |_| {
                let (stall, first) = (stall.clone(), Arc::clone(&first));
                async move {
                    let passed = first.get_or_init(Instant::now).elapsed();
                    if stall.contains(&passed) {
                        tokio::time::sleep(stall.end - passed).await;
                    }
                    let mut response = Response::new(Full::new(Bytes::from_static(b"{}")));
                    *response.status_mut() = status;
                    Ok::<_, Infallible>(response)
                }
            });
            let builder = hyper::server::conn::http1::Builder::new();
            tokio::spawn(builder.serve_connection(TokioIo::new(stream), answer));
        }
    });
    let target = Target {
        address,
        path: "/".to_owned(),
        bearer: "token".to_owned(),
        body: "{}".to_owned(),
    };
    (runtime, target)
}

fn step(rate: f64) -> Step {
    Step {
        rate,
        warm_up: Duration::from_millis(100),
        measured: Duration::from_millis(1000),
    }
}

#[test]
fn requests_that_were_due_during_a_stall_have_waited_since_then() {
    // The first request is one of the warm-up: 100 ms of that, and then what is measured.
    let stall = Duration::from_millis(250)..Duration::from_millis(750);
    let (_runtime, target) = server(StatusCode::CREATED, stall);
    let measured = Generator::new(2)
        .unwrap()
        .step(&target, step(200.0))
        .unwrap();
    // Of some 200 that are measured, 80 were due in the first 400 ms of the stall, on two connections: a closed loop would have
    // seen two wait.
    let late = measured.latencies.percentile(0.7).unwrap();
    assert!(late > Duration::from_millis(100), "{late:?}");
    assert_eq!(measured.latencies.lost(), 0);
}

#[test]
fn what_is_offered_is_achieved_by_a_fast_server() {
    let (_runtime, target) = server(StatusCode::CREATED, NONE);
    let measured = Generator::new(8)
        .unwrap()
        .step(&target, step(300.0))
        .unwrap();
    assert!((250.0..350.0).contains(&measured.offered), "{measured:?}");
    // Answers that a busy machine delays beyond the end are not achieved; nor may more be than were asked for, with those of
    // the warm-up.
    let achieved = measured.achieved / measured.offered;
    assert!((0.5..1.2).contains(&achieved), "{measured:?}");
    assert_eq!(measured.latencies.lost(), 0, "{measured:?}");
}

#[test]
fn an_answer_of_another_status_is_lost() {
    let (_runtime, target) = server(StatusCode::SERVICE_UNAVAILABLE, NONE);
    let measured = Generator::new(2)
        .unwrap()
        .step(&target, step(100.0))
        .unwrap();
    assert_eq!(measured.latencies.lost(), measured.latencies.count());
    assert!(measured.latencies.count() > 0 && measured.achieved == 0.0);
}

#[test]
fn a_server_that_never_answers_does_not_hold_up_the_generator() {
    let began = Instant::now();
    let hour = Duration::ZERO..Duration::from_secs(3600);
    let (_runtime, target) = server(StatusCode::CREATED, hour);
    let measured = Generator::new(2)
        .unwrap()
        .step(&target, step(100.0))
        .unwrap();
    assert_eq!(measured.latencies.percentile(0.01), None);
    assert_eq!(measured.latencies.lost(), measured.latencies.count());
    assert!(measured.latencies.count() > 50, "{measured:?}");
    assert!(began.elapsed() < Duration::from_secs(60));
}

#[test]
fn arrivals_are_as_many_as_the_rate_says_and_irregular() {
    let arrivals = Generator::new(1).unwrap().arrivals(step(10_000.0));
    assert!(
        (10_500..11_500).contains(&arrivals.len()),
        "{}",
        arrivals.len()
    );
    assert!(arrivals.is_sorted());
    let gaps: Vec<_> = arrivals.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let short = gaps.iter().filter(|gap| gap.as_micros() < 50).count();
    // Of exponential gaps, 39 % are shorter than half of their mean.
    assert!((35..44).contains(&(short * 100 / gaps.len())), "{short}");
}
