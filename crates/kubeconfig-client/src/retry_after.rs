//! `Retry-After`, in both of its forms (RFC 9110, section 10.2.3).

use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

use crate::Failure;

/// How long an answer asks to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// So long.
    Wait(Duration),
    /// It asks, and not so that it can be understood.
    Unreadable,
}

/// What the answer of a failure asks for, whoever gave it; `None` if it does not, or there is none.
pub(crate) fn of(failure: &Failure) -> Option<Told> {
    match failure {
        Failure::ErrorResponse(answer) => read(answer.headers(), SystemTime::now()),
        Failure::UnexpectedResponse(answer) => read(answer.headers(), SystemTime::now()),
        _ => None,
    }
}

fn read(headers: &HeaderMap, now: SystemTime) -> Option<Told> {
    let value = headers.get(RETRY_AFTER)?.to_str().unwrap_or_default();
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More than fits is long enough.
        let seconds = value.parse().unwrap_or(u64::MAX);
        return Some(Told::Wait(Duration::from_secs(seconds)));
    }
    let Ok(then) = httpdate::parse_http_date(value) else {
        return Some(Told::Unreadable);
    };
    // By the clock that made it, if that is told.
    let now = date(headers, &DATE).unwrap_or(now);
    Some(Told::Wait(then.duration_since(now).unwrap_or_default()))
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn both_forms_are_read_and_what_is_neither_is_not_taken_for_none() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let told = |value: &'static str| {
            let value = HeaderValue::from_static(value);
            read(&HeaderMap::from_iter([(RETRY_AFTER, value)]), now)
        };
        let wait = |seconds| Some(Told::Wait(Duration::from_secs(seconds)));
        assert_eq!(told("0"), wait(0));
        assert_eq!(told("120"), wait(120));
        assert_eq!(told("99999999999999999999999"), wait(u64::MAX));
        // The three forms of a date (RFC 9110, section 5.6.7).
        assert_eq!(told("Sun, 06 Nov 1994 09:49:37 GMT"), wait(3600));
        assert_eq!(told("Sunday, 06-Nov-94 08:49:39 GMT"), wait(2));
        assert_eq!(told("Sun Nov  6 08:49:38 1994"), wait(1));
        assert_eq!(told("Sun, 06 Nov 1994 08:00:00 GMT"), wait(0), "it is over");
        for value in ["", "soon", "1.5", "-1", "+1", "1 minute"] {
            assert_eq!(told(value), Some(Told::Unreadable), "{value:?}");
        }
        assert_eq!(read(&HeaderMap::new(), now), None);
    }

    #[test]
    fn a_date_is_held_against_the_clock_that_made_it() {
        let headers = HeaderMap::from_iter([
            (
                DATE,
                HeaderValue::from_static("Sun, 06 Nov 1994 08:49:37 GMT"),
            ),
            (
                RETRY_AFTER,
                HeaderValue::from_static("Sun, 06 Nov 1994 08:49:47 GMT"),
            ),
        ]);
        let told = read(&headers, SystemTime::now());
        assert_eq!(told, Some(Told::Wait(Duration::from_secs(10))));
    }
}
