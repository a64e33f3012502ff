//! The dropshot API trait of the kubeconfig API, generated from `spec/openapi.yaml`.
//!
//! A server implements [`KubeconfigApi`], one method per operation, on a context that is an
//! [`Authenticator`](openapi_runtime::Authenticator), and registers it with [`api`]: forgetting an operation or the
//! authenticator does not compile. A method receives the caller, and the path, query, headers and body as types that
//! hold nothing outside the document; it answers with the operation's response or one of its declared errors.
//!
//! Before the method runs, and in this order: the caller is authenticated (401), path, query and headers are checked
//! (400, naming the parameter), the body is read under a deadline and a cap (415, 413, 408) and decoded strictly
//! against its whole schema (400). A method that panics is answered with 500.
//!
//! A context that does not know its callers is refused by the compiler:
//!
//! ```compile_fail,E0277
//! struct Careless;
//! enum Server {}
//! impl kubeconfig_api::KubeconfigApi for Server {
//!     type Context = Careless; // E0277: it is no `Authenticator`; the missing methods are E0046.
//! }
//! ```

#[rustfmt::skip]
#[allow(clippy::all, clippy::unwrap_used, missing_docs, unreachable_pub)]
mod generated;

pub use generated::*;
