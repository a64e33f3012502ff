//! The client of the kubeconfig API, generated from spec/openapi.yaml.
