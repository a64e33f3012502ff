//! The bytes of a request body: their type, their size, and the time that they take.

use crate::{Detail, Fault, Limits};
use bytes::BytesMut;
use dropshot::Body;
use http::{HeaderMap, header};
use http_body_util::BodyExt;
use std::time::Duration;

/// Reads a body of this media type.
///
/// # Errors
/// 415, 413, 408 or 400, in this order of judgement.
pub(crate) async fn bytes(
    headers: &HeaderMap,
    mut body: Body,
    expected: &str,
    limits: Limits,
) -> Result<BytesMut, (u16, Fault)> {
    let bytes = match media_type(headers, expected) {
        Ok(()) => read(headers, &mut body, limits).await,
        Err(refused) => Err(refused),
    };
    if let Err((413 | 415, _)) = bytes {
        drain(headers, &mut body, limits).await;
    }
    bytes
}

fn media_type(headers: &HeaderMap, expected: &str) -> Result<(), (u16, Fault)> {
    let refuse = |name: &str, message: &str| {
        let detail = Detail::new("unsupported_media_type").field(name);
        (415, Fault::new(message).detail(detail))
    };
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (first, more) = (types.next(), types.next());
    let text = first
        .filter(|_| more.is_none())
        .and_then(|value| value.to_str().ok());
    match text.map(|text| is(text, expected)) {
        Some(Ok(())) => {}
        Some(Err(Unlike::Parameter)) => {
            let message =
                format!("the body must be {expected}, whose only parameter may be charset=utf-8");
            return Err(refuse("Content-Type", &message));
        }
        Some(Err(Unlike::Type)) | None => {
            let message = format!("the body must be {expected}");
            return Err(refuse("Content-Type", &message));
        }
    }
    let identity = |value: &http::HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"identity");
    if !headers
        .get_all(header::CONTENT_ENCODING)
        .iter()
        .all(identity)
    {
        return Err(refuse(
            "Content-Encoding",
            "the body must not be compressed",
        ));
    }
    Ok(())
}

/// How a media type is not the one that is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unlike {
    Type,
    Parameter,
}

/// Whether it is the media type that is expected, with no parameter but `charset=utf-8`. A semicolon may have no parameter
/// behind it (RFC 9110, section 5.6.6).
fn is(text: &str, expected: &str) -> Result<(), Unlike> {
    let essence = |text: &str| text.split(';').next().unwrap_or_default().trim().to_owned();
    if !essence(text).eq_ignore_ascii_case(&essence(expected)) {
        return Err(Unlike::Type);
    }
    let mut parameters = text.split(';').skip(1).map(str::trim);
    let fit = parameters.all(|part| {
        let fit = ["", "charset=utf-8", "charset=\"utf-8\""];
        fit.iter().any(|fit| part.eq_ignore_ascii_case(fit))
    });
    if fit { Ok(()) } else { Err(Unlike::Parameter) }
}

async fn read(
    headers: &HeaderMap,
    body: &mut Body,
    limits: Limits,
) -> Result<BytesMut, (u16, Fault)> {
    let too_large = || {
        let limit = limits.body_bytes;
        let detail = Detail::new("body_too_large").limit(i64::try_from(limit).unwrap_or(i64::MAX));
        (
            413,
            Fault::new(format!("the body is larger than {limit} bytes")).detail(detail),
        )
    };
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limits.body_bytes as u64) {
        return Err(too_large());
    }
    let all = async {
        let mut bytes = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| {
                (
                    400,
                    Fault::because("body_unreadable", "the body could not be read to its end")
                        .log(error.to_string()),
                )
            })?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if bytes.len() + data.len() > limits.body_bytes {
                return Err(too_large());
            }
            bytes.extend_from_slice(&data);
        }
        Ok(bytes)
    };
    tokio::time::timeout(limits.body_timeout, all)
        .await
        .unwrap_or_else(|_| {
            let seconds = limits.body_timeout.as_secs();
            let detail =
                Detail::new("body_timeout").limit(i64::try_from(seconds).unwrap_or(i64::MAX));
            Err((
                408,
                Fault::new(format!("the body did not arrive within {seconds} seconds"))
                    .detail(detail),
            ))
        })
}

/// How much of a refused body is thrown away before the answer.
const DRAINED: usize = 1024 * 1024;

/// Throws away what a caller is sending already: were the connection closed with it unread, TCP would reset it, and
/// the caller might never see why. A caller who waits to be asked (`Expect`) sends nothing.
async fn drain(headers: &HeaderMap, body: &mut Body, limits: Limits) {
    if headers.contains_key(header::EXPECT) {
        return;
    }
    let all = async {
        let mut drained = 0;
        while let (true, Some(Ok(frame))) = (drained < DRAINED, body.frame().await) {
            drained += frame.data_ref().map_or(0, bytes::Bytes::len);
        }
    };
    // Whether it ends by size, time or the caller's end makes no difference to the answer.
    let _ = tokio::time::timeout(limits.body_timeout.min(Duration::from_secs(1)), all).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_has_no_parameter_but_its_charset() {
        for text in [
            "application/json",
            "Application/JSON ; charset=UTF-8",
            "application/json;charset=\"utf-8\"",
            "application/json;",
            "application/json; ; charset=utf-8",
        ] {
            assert_eq!(is(text, "application/json"), Ok(()), "{text}");
        }
        for (text, expected) in [
            ("text/json", Unlike::Type),
            ("application/jsonx", Unlike::Type),
            ("", Unlike::Type),
            ("application/json; charset=utf-16", Unlike::Parameter),
            ("application/json; foo=bar", Unlike::Parameter),
            ("application/json; ch\"arset=utf-8\"", Unlike::Parameter),
            ("application/json; \"charset=utf-8\"", Unlike::Parameter),
            ("application/json; charset=\"utf-8", Unlike::Parameter),
        ] {
            assert_eq!(is(text, "application/json"), Err(expected), "{text}");
        }
    }
}
