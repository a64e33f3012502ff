//! Request and response types of the kubeconfig API, generated from spec/openapi.yaml.
