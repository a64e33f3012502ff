//! The judgement of a request of either protocol, and what of it is passed on.

use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderName, HeaderValue, PROXY_AUTHORIZATION, TE,
    TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, Method, Request, StatusCode, Uri, Version};

use super::head::{
    MOST_FIELDS, MOST_HEAD, MOST_TARGET, head_too_long, too_many_fields, uri_too_long,
};
use super::refusal::Refused;
use super::target::{HadFragment, is_host, path_is_plain, readable};

/// Fields that are between two neighbours, and end here.
const NEIGHBOURS: [HeaderName; 8] = [
    CONNECTION,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// Judges what both protocols have.
///
/// # Errors
/// What is wrong with it.
pub(super) fn judge<B>(request: &Request<B>) -> Result<(), Refused> {
    let (uri, headers) = (request.uri(), request.headers());
    size(uri, headers)?;
    host(request)?;
    scheme(request)?;
    if request.extensions().get::<HadFragment>().is_some() {
        return Err(Refused::malformed("the request's target has a fragment"));
    }
    // HTTP/1.1 heads were refused for that before; those of HTTP/2 come here with both.
    if headers.get_all(CONTENT_LENGTH).iter().count() > 1 {
        return Err(Refused::malformed(
            "there are several Content-Length fields",
        ));
    }
    let target = uri.path_and_query().map(|target| target.path());
    match target {
        Some(path) if path.starts_with('/') && request.method() != Method::CONNECT => {
            path_is_plain(path)?
        }
        _ => return Err(Refused::malformed("the request's target is not a path")),
    }
    let continues = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"100-continue");
    if !headers.get_all(EXPECT).iter().all(continues) {
        let status = StatusCode::EXPECTATION_FAILED;
        return Err(Refused::new(
            status,
            "unknown_expectation",
            "only 100-continue can be expected",
        ));
    }
    Ok(())
}

/// HTTP/1.1 heads were measured already; those of HTTP/2 come decoded.
fn size(uri: &Uri, headers: &HeaderMap) -> Result<(), Refused> {
    if uri
        .path_and_query()
        .is_some_and(|target| target.as_str().len() > MOST_TARGET)
    {
        return Err(uri_too_long());
    }
    if headers.len() > MOST_FIELDS {
        return Err(too_many_fields());
    }
    let bytes: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if bytes > MOST_HEAD {
        return Err(head_too_long());
    }
    Ok(())
}

/// A target that names its scheme is one of HTTP's; on HTTP/2 it names it wherever it names its authority.
fn scheme<B>(request: &Request<B>) -> Result<(), Refused> {
    let uri = request.uri();
    let is_ours = match uri.scheme_str() {
        Some(scheme) => ["http", "https"]
            .iter()
            .any(|ours| scheme.eq_ignore_ascii_case(ours)),
        None => request.version() != Version::HTTP_2 || uri.authority().is_none(),
    };
    if is_ours {
        Ok(())
    } else {
        let message = "the target's scheme is not one of HTTP";
        Err(Refused::malformed(message))
    }
}

/// A request names one host, once.
fn host<B>(request: &Request<B>) -> Result<(), Refused> {
    let named: Vec<&[u8]> = request
        .headers()
        .get_all(HOST)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    let authority = request
        .uri()
        .authority()
        .map(|authority| authority.as_str().as_bytes());
    let named = match (named.as_slice(), authority) {
        ([named], None) => named,
        ([], Some(authority)) if request.version() == Version::HTTP_2 => authority,
        ([named], Some(authority)) if named.eq_ignore_ascii_case(authority) => named,
        ([], _) => return Err(Refused::malformed("there is no Host field")),
        ([_], _) => {
            return Err(Refused::malformed(
                "the Host field is not the target's authority",
            ));
        }
        _ => return Err(Refused::malformed("there are several Host fields")),
    };
    if is_host(named) {
        Ok(())
    } else {
        Err(Refused::malformed("the Host field does not name a host"))
    }
}

/// The request as it is passed on, to be completed with its body: an origin's target, no field for neighbours, and no
/// method that dropshot would take for another (it does not mind the case).
pub(super) fn passed_on<B>(request: &mut Request<B>) {
    let target = request.uri().path_and_query();
    let target = target.map(|target| readable(target).unwrap_or_else(|| target.clone()));
    let authority = request.uri().authority().cloned();
    *request.uri_mut() = target.map_or_else(Uri::default, Uri::from);
    let known = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
    ];
    if !known.contains(request.method()) {
        // Nothing is registered under this name: the answer is 404, or 405 with the methods that are.
        *request.method_mut() = Method::from_bytes(b"UNKNOWN").unwrap_or(Method::TRACE);
    }
    *request.version_mut() = Version::HTTP_11;
    let headers = request.headers_mut();
    for name in named_by_connection(headers).iter().chain(&NEIGHBOURS) {
        headers.remove(name);
    }
    if let (false, Some(authority)) = (headers.contains_key(HOST), authority)
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        headers.insert(HOST, host);
    }
}

/// The fields that `Connection` says are for neighbours; but none that the way of a request depends on.
fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let names = values.flat_map(|value| value.split(','));
    names
        .filter_map(|name| name.trim().parse::<HeaderName>().ok())
        .filter(|name| name.as_str().starts_with("x-") || name == "http2-settings")
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, uri: &str) -> Request<()> {
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header(HOST, "h:1");
        request.body(()).unwrap()
    }

    fn status(request: &Request<()>) -> u16 {
        judge(request)
            .err()
            .map_or(0, |refused| refused.status.as_u16())
    }

    #[test]
    fn a_path_with_an_empty_segment_is_no_path_of_ours() {
        for path in [
            "//",
            "//v1",
            "/v1/",
            "/v1//regions",
            "/v1/regions//",
            "/v1/?x=y",
        ] {
            assert_eq!(status(&request("GET", path)), 404, "{path}");
        }
        for path in ["/", "/v1", "/v1?x=//", "/v1/a%2F%2Fb"] {
            assert_eq!(status(&request("GET", path)), 0, "{path}");
        }
    }

    #[test]
    fn targets_that_are_no_paths_are_refused() {
        assert_eq!(status(&request("OPTIONS", "*")), 400);
        assert_eq!(status(&request("CONNECT", "h:1")), 400);
        for scheme in ["http", "https", "HTTPS"] {
            assert_eq!(status(&request("GET", &format!("{scheme}://h:1/x"))), 0);
        }
        for scheme in ["ftp", "ws", "file", "httpx", "gopher"] {
            let target = format!("{scheme}://h:1/x");
            assert_eq!(status(&request("GET", &target)), 400, "{target}");
        }
    }

    #[test]
    fn a_request_names_one_host_once() {
        let with = |hosts: &[&str], uri: &str, version| {
            let mut request = request("GET", uri);
            request.headers_mut().remove(HOST);
            for host in hosts {
                request
                    .headers_mut()
                    .append(HOST, HeaderValue::from_str(host).unwrap());
            }
            *request.version_mut() = version;
            status(&request)
        };
        let (one, two) = (Version::HTTP_11, Version::HTTP_2);
        for hosts in [
            &[][..],
            &["a", "b"],
            &["a", "a"],
            &[""],
            &["a b"],
            &["a/b"],
            &["a@b"],
            &["a\tb"],
            &["[::1"],
            &["::1]"],
            &["[]"],
            &["[g]"],
            &["[::1]x"],
            &["a:65536"],
            &["a:+1"],
            &["a:1:1"],
            &["a,b"],
            &[":1"],
        ] {
            assert_eq!(with(hosts, "/", one), 400, "{hosts:?}");
        }
        for host in [
            "a",
            "a:",
            "a:65535",
            "[::1]:1",
            "[::1]",
            "127.0.0.1",
            "A.example",
            "x--y_z",
        ] {
            assert_eq!(with(&[host], "/", one), 0, "{host}");
        }
        assert_eq!(with(&["a"], "http://b/", one), 400);
        assert_eq!(with(&[], "http://a/", one), 400);
        assert_eq!(with(&[], "http://a/", two), 0);
        assert_eq!(with(&["b"], "http://a/", two), 400);
        assert_eq!(with(&[], "/", two), 400);
    }

    #[test]
    fn a_method_is_never_taken_for_another() {
        for method in ["post", "Post", "PURGE", "GETX"] {
            let mut request = request(method, "/x");
            passed_on(&mut request);
            assert_eq!(request.method().as_str(), "UNKNOWN", "{method}");
        }
    }

    #[test]
    fn fields_for_neighbours_end_here() {
        let mut request = request("GET", "http://h:1/x?y");
        let headers = request.headers_mut();
        for (name, value) in [
            ("connection", "x-mine, authorization, close"),
            ("x-mine", "1"),
            ("authorization", "2"),
            ("te", "trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "h2c"),
            ("http2-settings", "x"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        passed_on(&mut request);
        let mut left: Vec<_> = request.headers().keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["authorization", "host", "http2-settings"]);
        assert_eq!(request.uri(), "/x?y");
    }
}
