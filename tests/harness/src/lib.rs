//! A stage for tests: a server on port 0, a sandbox world, a generated client.
