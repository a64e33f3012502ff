//! Who is calling: OIDC discovery, key sets, bearer token to caller.
//!
//! A token goes through four gates, each cheaper than the next, and all refusals look alike to the caller:
//!
//! 1. its form: size, three parts, strict base64url and JSON, no header member that asks for trouble (`token`);
//! 2. its claims, against the configuration of the issuer that it names (`token::claims`);
//! 3. its key, from the issuer's published key set (`keys`);
//! 4. its signature.
//!
//! Key sets are fetched in the background, over HTTPS, within bounds of time and size. No request waits for an issuer
//! unless the key that it needs is not known or does not prove its token, and that wait is bounded and rationed. An issuer that is down, slow or
//! lying leaves the keys that are known as they are, for a day.
//!
//! An issuer may be asked besides, for what matters, whether a token is still active ([`Authn::confirm`]); then nothing goes
//! without its answer.
//!
//! ```no_run
//! # async fn demo(clock: std::sync::Arc<dyn kubemint::ports::Clock>, log: slog::Logger) -> Result<(), Box<dyn std::error::Error>> {
//! # let raw: Vec<kubemint_authn::RawIssuer> = Vec::new();
//! let issuers = kubemint_authn::validate(&raw, std::path::Path::new("/etc/kubemint"))?;
//! let authn = kubemint_authn::Authn::new(issuers, clock, log)?;
//! for issuer in authn.warm_up().await {
//!     println!("{}: {}", issuer.alias, if issuer.ok { "ok" } else { "unwell" });
//! }
//! let bearer = kubemint_authn::parse_authorization([b"Bearer e30.e30.e30".as_slice()])?;
//! let caller = authn.authenticate(bearer).await?;
//! # Ok(())
//! # }
//! ```

mod authn;
mod authorization;
mod config;
mod error;
mod fetch;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod introspect;
mod keys;
mod token;

pub use authn::{Authn, IssuerHealth};
pub use authorization::parse_authorization;
pub use config::{
    ConfigError, IssuerConfig, Problem, RawClaims, RawIntrospection, RawIssuer, validate, warnings,
};
pub use error::{AuthnError, BuildError, Reason};
pub use keys::Timing;
pub use token::{MAX_TOKEN, object as unambiguous_object};
