//! The domain's clock and identifiers, from the operating system.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kubemint::KubeconfigId;
use kubemint::ports::{Clock, Ids};
use uuid::Uuid;

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// Identifiers from the system's cryptographic randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomIds;

impl Ids for RandomIds {
    fn uid(&self) -> Uuid {
        Uuid::new_v4()
    }

    fn kubeconfig_id(&self) -> KubeconfigId {
        // A version 4 UUID has 6 fixed bits, in bytes 6 and 8; twelve bytes from two of them leave those out.
        let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
        let mut random = [0; 12];
        random[..6].copy_from_slice(&a.as_bytes()[..6]);
        random[6..].copy_from_slice(&b.as_bytes()[..6]);
        KubeconfigId::generated(random)
    }
}
