//! The folder of a temporary store.

use std::fs::{self, DirBuilder};
use std::path::PathBuf;

use uuid::Uuid;

use super::open_error::OpenError;

/// A folder that is removed with its contents.
pub(super) struct TemporaryFolder(pub(super) PathBuf);

impl TemporaryFolder {
    /// A new one, for its owner alone.
    pub(super) fn make() -> Result<Self, OpenError> {
        let path = std::env::temp_dir().join(format!("kubemint-{}", Uuid::new_v4()));
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(&path)
            .map_err(|error| OpenError::Io(path.clone(), error))?;
        Ok(Self(path))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        // What cannot be removed is in the system's folder for temporary files, where it may stay.
        let _ = fs::remove_dir_all(&self.0);
    }
}
