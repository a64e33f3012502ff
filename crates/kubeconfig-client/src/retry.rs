//! When a request that failed is sent again.

use std::error::Error;
use std::io;
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::Failure;
use crate::retry_after::{self, Told};

/// For how long a request is repeated, and how long to wait in between.
///
/// A request is repeated if it was refused with 408, 429, 502, 503 or 504, by whomever, or got no answer (unless the server's
/// certificate is not trusted). The answer's `Retry-After` says when at the earliest (RFC 9110, 10.2.3: seconds or a date). To it
/// is added a pause that doubles from one try to the next and is shortened at random, so that many clients that failed together
/// do not come back together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    within: Duration,
    first: Duration,
    longest: Duration,
}

impl Default for Retry {
    /// Two minutes: after a server was killed, an idempotency key is held for one before an issue with it can go on.
    fn default() -> Self {
        Self::within(Duration::from_secs(120))
    }
}

impl Retry {
    /// Nothing is repeated.
    pub const NEVER: Self = Self::within(Duration::ZERO);
    /// The longest pause that can be asked for: longer than anyone lives, and short enough to be multiplied.
    const MOST: Duration = Duration::from_secs(u32::MAX as u64);

    /// No try begins later than this after the first one. (The last try may take its own time: 60 seconds, unless
    /// [`crate::Client::http`] is changed.) The pauses begin with a quarter of a second, and are 20 seconds at most.
    #[must_use]
    pub const fn within(within: Duration) -> Self {
        Self {
            within,
            first: Duration::from_millis(250),
            longest: Duration::from_secs(20),
        }
    }

    /// Other pauses: `first` before the second try, `longest` at most. If `Retry-After` is more than `longest`, the error is
    /// returned at once: a client certificate cannot be revoked for hours.
    #[must_use]
    pub fn pauses(mut self, first: Duration, longest: Duration) -> Self {
        self.first = first.min(Self::MOST);
        self.longest = longest.min(Self::MOST);
        self
    }

    /// Calls `send` until it succeeds, fails for good, or the time is over. `send` must be safe to repeat: a `GET`, a `DELETE`,
    /// or a `POST` with the same idempotency key each time.
    ///
    /// # Errors
    /// The last failure.
    pub async fn send<T, F>(&self, mut send: impl FnMut() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut tries = self.tries();
        loop {
            match send().await {
                Ok(done) => return Ok(done),
                Err(failure) => tries.again(failure).await?,
            }
        }
    }

    /// From now on.
    pub(crate) fn tries(&self) -> Tries<'_> {
        Tries {
            retry: self,
            began: Instant::now(),
            done: 0,
        }
    }

    /// How long to wait after so many tries in so long a time, when at least so much was asked for; `None` if there is to be no
    /// other.
    fn pause(&self, done: u32, elapsed: Duration, told: Option<Told>) -> Option<Duration> {
        let told = match told {
            Some(Told::Wait(told)) => told,
            Some(Told::Unreadable) => self.longest,
            None => Duration::ZERO,
        };
        if told > self.longest {
            return None;
        }
        let doubled = self.first.saturating_mul(1 << done.min(16));
        let pause = told + doubled.min(self.longest).mul_f64(chance());
        (elapsed.saturating_add(pause) < self.within).then_some(pause)
    }
}

/// How often something was tried, and since when.
pub(crate) struct Tries<'a> {
    retry: &'a Retry,
    began: Instant,
    done: u32,
}

impl Tries<'_> {
    /// Waits until what failed is to be sent again.
    ///
    /// # Errors
    /// The failure, if it is not to be.
    pub(crate) async fn again(&mut self, failure: Failure) -> Result<(), Failure> {
        let again = may_end_otherwise(&failure) && self.wait(retry_after::of(&failure)).await;
        if again { Ok(()) } else { Err(failure) }
    }

    /// Waits before another try; false, at once, if there is to be none.
    pub(crate) async fn wait(&mut self, told: Option<Told>) -> bool {
        let pause = self.retry.pause(self.done, self.began.elapsed(), told);
        self.done += 1;
        match pause {
            Some(pause) => {
                tokio::time::sleep(pause).await;
                true
            }
            None => false,
        }
    }
}

fn may_end_otherwise(failure: &Failure) -> bool {
    match failure {
        // It was never sent, and would not be the next time.
        Failure::CommunicationError(error) if error.is_builder() => false,
        Failure::CommunicationError(error) if error.is_connect() => !is_not_believed(error),
        // The answer broke off: what is sent here is safe to repeat.
        Failure::ResponseBodyError(_) => true,
        _ => failure.is_retryable(),
    }
}

/// Whether TLS came to nothing: the other one's certificate is not believed, or it does not speak TLS. It is an [`io::Error`] of
/// that kind, and nothing else of a connection is.
fn is_not_believed(error: &(dyn Error + 'static)) -> bool {
    let inner = match error.downcast_ref::<io::Error>() {
        Some(io) if io.kind() == io::ErrorKind::InvalidData => return true,
        // Its source is that of what it holds.
        Some(io) => io.get_ref().map(|held| held as &(dyn Error + 'static)),
        None => error.source(),
    };
    inner.is_some_and(is_not_believed)
}

/// From a half to one. Two random octets of a UUID are enough for that, and need no further crate.
fn chance() -> f64 {
    let [a, b, ..] = Uuid::new_v4().into_bytes();
    0.5 + f64::from(u16::from_be_bytes([a, b])) / f64::from(u16::MAX) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    fn seconds(number: u64) -> Duration {
        Duration::from_secs(number)
    }

    #[test]
    fn what_the_server_says_is_the_least_and_what_is_too_long_is_not_waited_for() {
        let retry = Retry::default();
        let told = |number| Some(Told::Wait(seconds(number)));
        for number in [0, 3, 20] {
            let pause = retry.pause(0, NOW, told(number)).unwrap();
            let added = pause.checked_sub(seconds(number)).unwrap();
            assert!(added >= Duration::from_millis(125), "{number}: {added:?}");
            assert!(added <= Duration::from_millis(250), "{number}: {added:?}");
        }
        assert_eq!(retry.pause(0, NOW, told(21)), None);
        assert_eq!(retry.pause(0, NOW, told(u64::MAX)), None);
        let unread = retry.pause(0, NOW, Some(Told::Unreadable)).unwrap();
        assert!(unread >= seconds(20), "{unread:?}");
    }

    #[test]
    fn the_pause_doubles_up_to_a_bound_and_is_shortened_by_chance() {
        let retry = Retry::within(Duration::MAX);
        for (done, longest) in [(0, 250), (1, 500), (2, 1000), (7, 20_000), (99, 20_000)] {
            let longest = Duration::from_millis(longest);
            let pauses: Vec<_> = (0..20)
                .map(|_| retry.pause(done, NOW, None).unwrap())
                .collect();
            for pause in &pauses {
                assert!(
                    *pause >= longest / 2 && *pause <= longest,
                    "{done}: {pause:?}"
                );
            }
            assert!(pauses.iter().any(|pause| *pause != pauses[0]), "{pauses:?}");
        }
        let patient = retry.pauses(Duration::MAX, Duration::MAX);
        assert!(patient.pause(99, NOW, None).is_some());
    }

    #[test]
    fn no_try_begins_when_the_time_is_over() {
        let retry = Retry::within(seconds(60));
        assert!(retry.pause(0, seconds(59), None).is_some());
        assert_eq!(retry.pause(0, seconds(60), None), None);
        // Nor is waited for what would be too late.
        let told = Some(Told::Wait(seconds(10)));
        assert!(retry.pause(0, seconds(49), told).is_some());
        assert_eq!(retry.pause(0, seconds(50), told), None);
        assert_eq!(Retry::NEVER.pause(0, NOW, None), None);
    }

    #[test]
    fn by_default_a_key_is_waited_for_as_long_as_a_server_that_was_killed_holds_it() {
        // A minute, and each try waits ten seconds for the first one.
        let (held, tries) = (seconds(60 + 10), 7);
        let told = Some(Told::Wait(seconds(2)));
        assert!(Retry::default().pause(tries, held, told).is_some());
    }
}
