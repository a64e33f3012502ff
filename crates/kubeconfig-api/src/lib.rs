//! The dropshot API trait of the kubeconfig API, generated from spec/openapi.yaml.
