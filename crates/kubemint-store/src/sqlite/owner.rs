//! Whose the database's file is: whoever puts another into its place may be root, and the server is not.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;

/// Gives a new file the owner and the permissions of the one that it replaces; without one, the owner of its folder.
pub(super) fn inherit(new: &Path, replaced: &Path) -> io::Result<()> {
    match inherit_owner(new, replaced)? {
        Some(mode) => fs::set_permissions(new, fs::Permissions::from_mode(mode)),
        None => Ok(()),
    }
}

/// Gives a new file the owner of another one; where that is not there, the owner of its folder. Returns the other one's permissions.
pub(super) fn inherit_owner(new: &Path, replaced: &Path) -> io::Result<Option<u32>> {
    let found = fs::metadata(new)?;
    let (model, mode) = match fs::metadata(replaced) {
        Ok(model) => {
            let mode = model.mode() & 0o777;
            (model, Some(mode))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let folder = replaced.parent().unwrap_or(Path::new("."));
            (fs::metadata(folder)?, None)
        }
        Err(error) => return Err(error),
    };
    if (found.uid(), found.gid()) != (model.uid(), model.gid()) {
        let given = chown(new, Some(model.uid()), Some(model.gid()));
        match given {
            // Only root gives files away. A folder of root's is no reason to fail another, who can serve what it made.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && mode.is_none() => {}
            given => given?,
        }
    }
    Ok(mode)
}

/// Why a file cannot be opened, as far as that is its permissions: whose it is.
pub(super) fn forbidden(path: &Path) -> Option<String> {
    let opened = fs::OpenOptions::new().read(true).write(true).open(path);
    let error = opened.err()?;
    if error.kind() != io::ErrorKind::PermissionDenied {
        return None;
    }
    let found = fs::metadata(path).ok()?;
    Some(format!(
        "it belongs to user {} and group {} with mode {:o}",
        found.uid(),
        found.gid(),
        found.mode() & 0o777
    ))
}
