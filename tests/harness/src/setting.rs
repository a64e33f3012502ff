//! How a stage is set.

use std::sync::Arc;
use std::time::Duration;

use kubemint_sandbox::WorldOptions;
use kubemint_server::config::Config;
use kubemint_server::sandbox::CLUSTER;

use crate::Stage;

type Change = Arc<dyn Fn(&mut Config) + Send + Sync>;

/// How a stage is set: the world, and how the server's configuration differs from the sandbox's.
pub struct Setting {
    pub(crate) world: WorldOptions,
    pub(crate) edits: Vec<(String, String)>,
    pub(crate) changes: Vec<Change>,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            world: WorldOptions::with_clusters(&[CLUSTER]),
            edits: Vec::new(),
            changes: Vec::new(),
        }
    }
}

impl Setting {
    /// Another world.
    #[must_use]
    pub fn world(mut self, world: WorldOptions) -> Self {
        self.world = world;
        self
    }

    /// Replaces a text of the configuration file, everywhere, before the server reads it. It must be there.
    /// `{issuer}` in the new one stands for the issuer's URL.
    #[must_use]
    pub fn edit(mut self, from: &str, to: &str) -> Self {
        self.edits.push((from.to_owned(), to.to_owned()));
        self
    }

    /// Sets what is not in the file, whenever the server starts.
    #[must_use]
    pub fn change(mut self, change: impl Fn(&mut Config) + Send + Sync + 'static) -> Self {
        self.changes.push(Arc::new(change));
        self
    }

    /// Lets the role `viewer` live as short as a second.
    #[must_use]
    pub fn short_lives(self) -> Self {
        let role = "[clusters.roles.viewer]\n";
        self.edit(role, &format!("{role}min_ttl = \"1s\"\n"))
    }

    /// Gives a cluster this long for one operation.
    #[must_use]
    pub fn patience(self, deadline: Duration) -> Self {
        self.change(move |config| config.limits.deadline = deadline)
    }

    /// Raises the curtain.
    pub async fn start(self) -> Stage {
        Stage::set(self).await
    }
}
