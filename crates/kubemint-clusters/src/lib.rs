//! The credential: ServiceAccounts in role namespaces, through each cluster's API.
