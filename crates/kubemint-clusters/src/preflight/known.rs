//! Whether a cluster is the one that a store knows it for: told before a server that would be out of order is started.

use kubemint::ports::ClusterError;

use super::{Finding, Lines};
use crate::identity::{ANOTHER, Sight};
use crate::member::Member;

impl Member {
    /// Compares the namespaces that are noted with those that are there. One that is as it was is enough.
    pub(super) async fn known_for(&self, lines: &mut Lines<'_>) -> Result<(), ClusterError> {
        let Some(noted) = &self.noted else {
            return Ok(());
        };
        let (mut same, mut differs) = (false, false);
        for landmark in noted {
            match self.sight(&landmark.namespace).await? {
                Sight::Uid(uid) if uid == landmark.uid => same = true,
                Sight::Uid(_) | Sight::Absent => differs = true,
                Sight::Unreadable(_) => {}
            }
        }
        match (same, differs) {
            (true, _) => lines.add(Finding::Ok, "it is the cluster that it was".to_owned()),
            (false, true) => lines.add(Finding::Another, ANOTHER.to_owned()),
            // Nothing is noted, or nothing can be read: the roles' lines tell that.
            (false, false) => {}
        }
        Ok(())
    }
}
