//! A server of a few lines, and requests written byte by byte.

use dropshot::{ConfigDropshot, HttpServer, RequestContext, ServerBuilder};
use kubeconfig_api::*;
use kubeconfig_types::{CacheControl, Kubeconfig, KubeconfigList, KubeconfigYaml};
use openapi_runtime::{Authenticator, Fault, Guarded, Limits, Refusal, RequestHead};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The only caller who is let in.
pub(crate) const TOKEN: &str = "good";
/// A cluster's kubeconfigs.
pub(crate) const PATH: &str = "/v1/regions/r1/projects/p1/compute/clusters/c1/kubeconfigs";

/// What the server saw.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) seen: Mutex<Vec<String>>,
}

impl World {
    fn note(&self, what: impl Into<String>) {
        self.seen
            .lock()
            .expect("no test panics with it")
            .push(what.into());
    }
}

impl Authenticator for World {
    type Caller = String;

    async fn authenticate(&self, request: &RequestHead<'_>) -> Result<String, Refusal> {
        self.note(format!("authenticate {}", request.operation));
        let internal = "a test".to_owned();
        match request.bearer {
            TOKEN => Ok("alice".to_owned()),
            "often" => Err(Refusal::TooManyRequests {
                retry_after: 7,
                internal,
            }),
            "down" => Err(Refusal::Unavailable {
                retry_after: 9,
                internal,
            }),
            "panic" => panic!("the authenticator panics"),
            _ => Err(Refusal::Unauthorized { internal }),
        }
    }

    fn limits(&self) -> Limits {
        Limits {
            body_timeout: Duration::from_millis(200),
            ..Limits::DEFAULT
        }
    }

    async fn refused(&self, caller: &String, request: &RequestHead<'_>, status: u16, _: &Fault) {
        self.note(format!("refused {caller} {} {status}", request.operation));
    }

    fn answered(&self, operation: &'static str, status: u16, _: Duration) {
        self.note(format!("answered {operation} {status}"));
    }

    fn panicked(&self, operation: &'static str) {
        self.note(format!("panicked {operation}"));
    }
}

pub(crate) enum Server {}

type Rqctx = RequestContext<Arc<World>>;
type Request<O> = Guarded<Arc<World>, O>;

impl KubeconfigApi for Server {
    type Context = Arc<World>;

    async fn issue_kubeconfig(
        rqctx: Rqctx,
        request: Request<IssueKubeconfig>,
    ) -> Result<IssueKubeconfigResponse, IssueKubeconfigError> {
        let user = request.body.user.map(|user| user.to_string());
        rqctx
            .context()
            .note(format!("issue for {user:?} by {}", request.caller));
        match user.as_deref() {
            Some("panic") => panic!("the handler panics"),
            Some("taken") => Err(IssueKubeconfigError::Conflict(Fault::because(
                "id_taken",
                "the id is taken",
            ))),
            Some("busy") => Err(IssueKubeconfigError::ServiceUnavailable(
                Fault::because("cluster_unavailable", "later").retry_after(30),
            )),
            _ => Ok(IssueKubeconfigResponse {
                body: Kubeconfig::default(),
                location: "/v1/x".parse().expect("a reference"),
            }),
        }
    }

    async fn list_kubeconfigs(
        _: Rqctx,
        request: Request<ListKubeconfigs>,
    ) -> Result<ListKubeconfigsResponse, ListKubeconfigsError> {
        let token = format!("size-{}", request.query.page_size.get())
            .parse()
            .expect("a token");
        Ok(ListKubeconfigsResponse {
            body: KubeconfigList {
                kubeconfigs: Vec::new().try_into().expect("none are not too many"),
                next_page_token: Some(token),
            },
        })
    }

    async fn get_kubeconfig(
        _: Rqctx,
        request: Request<GetKubeconfig>,
    ) -> Result<GetKubeconfigResponse, GetKubeconfigError> {
        Ok(GetKubeconfigResponse {
            body: Kubeconfig {
                id: Some(request.path.id),
                ..Kubeconfig::default()
            },
        })
    }

    async fn revoke_kubeconfig(
        _: Rqctx,
        _: Request<RevokeKubeconfig>,
    ) -> Result<RevokeKubeconfigResponse, RevokeKubeconfigError> {
        Ok(RevokeKubeconfigResponse {})
    }

    async fn revoke_kubeconfigs(
        _: Rqctx,
        _: Request<RevokeKubeconfigs>,
    ) -> Result<RevokeKubeconfigsResponse, RevokeKubeconfigsError> {
        Err(RevokeKubeconfigsError::Forbidden(Fault::because(
            "not_permitted",
            "not here",
        )))
    }

    async fn download_kubeconfig(
        _: Rqctx,
        _: Request<DownloadKubeconfig>,
    ) -> Result<DownloadKubeconfigResponse, DownloadKubeconfigError> {
        let body: KubeconfigYaml = "apiVersion: v1\nkind: Config\n".parse().expect("a file");
        Ok(DownloadKubeconfigResponse {
            body,
            cache_control: CacheControl::NoStore,
        })
    }

    async fn get_kubeconfig_file(
        _: Rqctx,
        _: Request<GetKubeconfigFile>,
    ) -> Result<GetKubeconfigFileResponse, GetKubeconfigFileError> {
        Err(GetKubeconfigFileError::Conflict(Fault::because(
            "expired",
            "it has expired",
        )))
    }
}

/// A running server.
pub(crate) struct Running {
    pub(crate) world: Arc<World>,
    server: HttpServer<Arc<World>>,
}

/// An answer, taken apart.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Reply {
    /// The error body: its code must be the status.
    pub(crate) fn error(&self) -> serde_json::Value {
        let body: serde_json::Value =
            serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"));
        assert_eq!(body["error"]["code"], self.status, "{self:?}");
        assert_eq!(self.headers["content-type"], "application/json");
        let typed: Result<kubeconfig_types::Error, _> = serde_json::from_value(body.clone());
        assert!(typed.is_ok(), "{typed:?}: {body}");
        let checked = openapi_runtime::strict::check(&body, &schemas::ERROR);
        assert!(checked.is_ok(), "{checked:?}: {body}");
        body["error"].clone()
    }

    /// The field of the first detail.
    pub(crate) fn field(&self) -> String {
        self.error()["details"][0]["field"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

impl Running {
    pub(crate) fn start() -> Running {
        let world = Arc::new(World::default());
        let log = slog::Logger::root(slog::Discard, slog::o!());
        let config = ConfigDropshot {
            bind_address: ([127, 0, 0, 1], 0).into(),
            ..ConfigDropshot::default()
        };
        let server = ServerBuilder::new(api::<Server>(), Arc::clone(&world), log)
            .config(config)
            .start()
            .expect("a free port");
        Running { world, server }
    }

    /// Sends the bytes and reads until the server closes or says nothing for a while.
    pub(crate) async fn raw(&self, request: impl AsRef<[u8]>) -> Reply {
        let mut stream = TcpStream::connect(self.server.local_addr())
            .await
            .expect("the server listens");
        stream
            .write_all(request.as_ref())
            .await
            .expect("the server reads");
        let mut bytes = Vec::new();
        // `Connection: close` is in every request, so the answer ends with the stream.
        tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut bytes))
            .await
            .expect("an answer in time")
            .expect("an answer");
        let text = String::from_utf8(bytes).expect("text");
        let (head, body) = text
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("no answer: {text:?}"));
        let mut lines = head.lines();
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .and_then(|code| code.parse().ok())
            .expect("a status");
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(n, v)| (n.to_lowercase(), v.to_owned()));
        Reply {
            status,
            headers: headers.collect(),
            body: body.to_owned(),
        }
    }

    /// A request with these header lines (each ended by CR LF) and body.
    pub(crate) async fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Reply {
        let length = if body.is_empty() {
            String::new()
        } else {
            format!("Content-Length: {}\r\n", body.len())
        };
        self.raw(format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{length}{headers}\r\n{body}")).await
    }

    /// A request of the caller who is let in.
    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(
            "GET",
            path,
            &format!("Authorization: Bearer {TOKEN}\r\n"),
            "",
        )
        .await
    }

    /// The issue operation, by the caller who is let in.
    pub(crate) async fn issue(&self, body: &str) -> Reply {
        self.send(
            "POST",
            PATH,
            &format!("Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n"),
            body,
        )
        .await
    }

    pub(crate) fn seen(&self) -> Vec<String> {
        self.world
            .seen
            .lock()
            .expect("no test panics with it")
            .clone()
    }

    pub(crate) async fn stop(self) {
        self.server.close().await.expect("the server stops");
    }
}
