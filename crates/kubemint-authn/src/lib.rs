//! Who is calling: OIDC discovery, key sets, bearer token to caller.
