//! When a request that failed is sent again.

use std::time::Duration;

use kubeconfig_types::Error as Body;
use progenitor_client::ResponseValue;
use reqwest::header::RETRY_AFTER;
use uuid::Uuid;

use crate::Failure;

/// How often a request is sent, and how long to wait in between.
///
/// Sent again is what may end otherwise: what was refused with 408, 429, 502, 503 or 504, and what got no answer at all
/// ([`progenitor_client::Error::is_retryable`]). The answer's `Retry-After` says when (RFC 9110, 10.2.3; this API gives seconds);
/// without it the pause doubles, and is shortened by chance, so that many who failed together do not come back together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    /// How often it is sent at most, the first time included.
    pub attempts: u32,
    /// The pause after the first answer that names none.
    pub pause: Duration,
    /// The longest pause that is waited for. Who is told to come back later than that gets the error at once: a client certificate
    /// is not revocable for hours.
    pub longest: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            attempts: 5,
            pause: Duration::from_millis(250),
            longest: Duration::from_secs(20),
        }
    }
}

impl Retry {
    /// Nothing is sent twice.
    pub const NEVER: Self = Self {
        attempts: 1,
        pause: Duration::ZERO,
        longest: Duration::ZERO,
    };

    /// Sends until it is answered otherwise, or has been sent often enough. `send` must be safe to repeat: a `GET`, a `DELETE`, or a
    /// `POST` with the same idempotency key each time.
    ///
    /// # Errors
    /// The last failure.
    pub async fn send<T, F>(&self, mut send: impl FnMut() -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut sent = 0;
        loop {
            sent += 1;
            match send().await {
                Ok(done) => return Ok(done),
                Err(failure) => self.pause(failure, sent).await?,
            }
        }
    }

    /// Waits before what was sent so often is sent again.
    ///
    /// # Errors
    /// The failure, if it is not to be.
    pub(crate) async fn pause(&self, failure: Failure, sent: u32) -> Result<(), Failure> {
        match self.before_another(&failure, sent) {
            Some(pause) => {
                tokio::time::sleep(pause).await;
                Ok(())
            }
            None => Err(failure),
        }
    }

    /// How long to wait after a failure of what was sent so often; `None` if it is not to be sent again.
    fn before_another(&self, failure: &Failure, sent: u32) -> Option<Duration> {
        if sent >= self.attempts || !may_end_otherwise(failure) {
            return None;
        }
        let told = match failure {
            Failure::ErrorResponse(answer) => retry_after(answer),
            _ => None,
        };
        let doubled = self.pause.saturating_mul(1 << (sent - 1).min(16));
        let pause = told.unwrap_or_else(|| doubled.min(self.longest).mul_f64(chance()));
        (pause <= self.longest).then_some(pause)
    }
}

fn may_end_otherwise(failure: &Failure) -> bool {
    match failure {
        // It was never sent, and would not be the next time.
        Failure::CommunicationError(error) if error.is_builder() => false,
        // The answer broke off: what is sent here is safe to repeat.
        Failure::ResponseBodyError(_) => true,
        _ => failure.is_retryable(),
    }
}

fn retry_after(answer: &ResponseValue<Body>) -> Option<Duration> {
    let seconds = answer.headers().get(RETRY_AFTER)?.to_str().ok()?;
    seconds.parse().ok().map(Duration::from_secs)
}

/// From a half to one.
fn chance() -> f64 {
    0.5 + f64::from(Uuid::new_v4().as_bytes()[0]) / 510.0
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;
    use reqwest::header::{HeaderMap, HeaderValue};

    use super::*;

    fn answered(status: u16, retry_after: Option<&'static str>) -> Failure {
        let body = r#"{"error": {"code": 503, "message": "x", "details": []}}"#;
        let mut headers = HeaderMap::new();
        if let Some(seconds) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        Failure::ErrorResponse(ResponseValue::new(
            serde_json::from_str(body).unwrap(),
            StatusCode::from_u16(status).unwrap(),
            headers,
        ))
    }

    #[test]
    fn what_the_server_says_is_waited_for_unless_it_is_too_long() {
        let retry = Retry::default();
        let pause = |failure: &Failure, sent| retry.before_another(failure, sent);
        let seconds = |number| Some(Duration::from_secs(number));
        assert_eq!(pause(&answered(429, Some("3")), 1), seconds(3));
        assert_eq!(pause(&answered(503, Some("20")), 4), seconds(20));
        assert_eq!(pause(&answered(503, Some("21")), 1), None);
        assert_eq!(pause(&answered(503, Some("3")), 5), None, "often enough");
        for status in [400, 401, 403, 404, 409, 413, 415, 500] {
            assert_eq!(pause(&answered(status, Some("1")), 1), None, "{status}");
        }
    }

    #[test]
    fn without_a_word_of_the_servers_the_pause_doubles_up_to_a_bound() {
        let retry = Retry {
            attempts: 100,
            ..Retry::default()
        };
        for (sent, longest) in [(1, 250), (2, 500), (3, 1000), (8, 20_000), (99, 20_000)] {
            let pause = retry.before_another(&answered(503, None), sent).unwrap();
            let longest = Duration::from_millis(longest);
            assert!(
                pause >= longest / 2 && pause <= longest,
                "{sent}: {pause:?}"
            );
        }
        assert_eq!(Retry::NEVER.before_another(&answered(503, None), 1), None);
    }
}
