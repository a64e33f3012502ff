//! The disk that the store is on: a store in memory would make every commit look free.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::latency::Latencies;

/// How often the disk is asked to make a little durable.
const PROBES: usize = 50;

/// A folder on a disk.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    /// The folder.
    pub(crate) folder: PathBuf,
    /// The file system's type, such as `ext4`; `unknown` where the system does not tell.
    pub(crate) file_system: String,
    /// How long it takes to append 4 KiB and make them durable: the median.
    pub(crate) fsync: Duration,
}

impl Disk {
    /// Looks at the disk under a folder.
    ///
    /// # Errors
    /// It is a file system in memory, or cannot be written.
    pub(crate) fn under(folder: &Path) -> Result<Self> {
        let folder = folder.canonicalize()?;
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let file_system = file_system(&mounts, &folder).unwrap_or("unknown");
        if matches!(file_system, "tmpfs" | "ramfs" | "devtmpfs") {
            bail!(
                "{} is in memory ({file_system}): name a folder on a disk with --folder",
                folder.display()
            );
        }
        let fsync =
            probe(&folder).with_context(|| format!("cannot write in {}", folder.display()))?;
        Ok(Self {
            file_system: file_system.to_owned(),
            folder,
            fsync,
        })
    }
}

/// The type of the file system that a folder is on, by the system's table of mounts.
fn file_system<'a>(mounts: &'a str, folder: &Path) -> Option<&'a str> {
    let mounts = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((fields.next()?, fields.next()?))
    });
    // A later mount on the same place hides the earlier: the last of the longest.
    mounts
        .filter(|(place, _)| folder.starts_with(place))
        .max_by_key(|(place, _)| place.len())
        .map(|(_, kind)| kind)
}

fn probe(folder: &Path) -> std::io::Result<Duration> {
    let path = folder.join("probe");
    let mut file = File::create(&path)?;
    let mut took = Vec::with_capacity(PROBES);
    for _ in 0..PROBES {
        let start = Instant::now();
        file.write_all(&[0; 4096])?;
        file.sync_data()?;
        took.push(start.elapsed());
    }
    fs::remove_file(path)?;
    Ok(Latencies::new(took, 0).percentile(0.5).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
/dev/vda / ext4 rw 0 0
tmpfs /run tmpfs rw 0 0
/dev/vdb /run/disk xfs rw 0 0
tmpfs /over tmpfs rw 0 0
/dev/vdc /over ext4 rw 0 0
";

    #[test]
    fn a_folder_is_on_the_innermost_mount() {
        let on = |folder| file_system(MOUNTS, Path::new(folder));
        assert_eq!(on("/home/target"), Some("ext4"));
        assert_eq!(on("/run/user"), Some("tmpfs"));
        assert_eq!(on("/run/disk/target"), Some("xfs"));
        assert_eq!(on("/runner"), Some("ext4"));
        assert_eq!(on("/over"), Some("ext4"));
    }

    #[test]
    fn the_time_of_a_durable_write_is_measured() {
        let folder = tempfile::tempdir().unwrap();
        assert!(probe(folder.path()).unwrap() > Duration::ZERO);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
