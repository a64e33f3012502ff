//! A server in a runtime of its own, as it is in a process of its own: it can be ended in order, or broken off.

use kubemint_server::config::Config;
use kubemint_server::serve::{self, Running, StartError};
use slog::Logger;
use tokio::runtime::{Builder, Runtime};

/// A running server, and what it runs on.
pub(crate) struct Process {
    pub(crate) running: Running,
    runtime: Home,
}

impl Process {
    /// Starts a server.
    pub(crate) async fn start(config: Config, log: Logger) -> Result<Self, StartError> {
        let runtime = Home::new();
        let started = runtime.run(async move { serve::start(config, &log).await });
        Ok(Self {
            running: started.await?,
            runtime,
        })
    }

    /// Ends it in order.
    pub(crate) async fn stop(self) {
        let Self { running, runtime } = self;
        runtime.run(running.stop()).await;
    }

    /// Breaks it off wherever it is, as a crash would: nothing that it does is finished.
    pub(crate) fn crash(self) {
        let Self { running, runtime } = self;
        // First the runtime, so that nothing learns of the end from `running`.
        drop(runtime);
        drop(running);
    }
}

/// A runtime that may be dropped anywhere, and then takes its tasks with it.
struct Home(Option<Runtime>);

impl Home {
    fn new() -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
        Self(Some(runtime.expect("a runtime")))
    }

    async fn run<F>(&self, work: F) -> F::Output
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let runtime = self.0.as_ref().expect("it is there until it is dropped");
        runtime.spawn(work).await.expect("no panic")
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
