//! Builds, starts and stops a real Kubernetes control plane on loopback.
