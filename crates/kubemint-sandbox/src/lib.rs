//! A laptop-sized world: an OIDC issuer and a Kubernetes API subset over TLS.
