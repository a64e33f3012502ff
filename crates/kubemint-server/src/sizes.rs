//! How large the store is, and how much room it has: for metrics, and for an operator who asks.

use kubemint::ports::Size;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

/// With less room than this, in bytes, a warning is due whatever the store's size: a burst of requests fills it in an hour.
const LEAST: u64 = 1 << 30;

/// More than any transaction of the service writes, in bytes.
const WRITE: u64 = 256 * 1024;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Part {
    part: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Table {
    table: &'static str,
}

/// A gauge that is shown once its value is known.
type NoLabels = [(&'static str, &'static str); 0];

/// The gauges.
#[derive(Default)]
pub(crate) struct Sizes {
    bytes: Family<Part, Gauge>,
    free: Family<NoLabels, Gauge>,
    rows: Family<Table, Gauge>,
}

impl Sizes {
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "store_size",
            "How large the store is: its database, and the log beside the embedded one",
            Unit::Bytes,
            self.bytes.clone(),
        );
        registry.register_with_unit(
            "store_free",
            "How much room is left on the embedded store's disk",
            Unit::Bytes,
            self.free.clone(),
        );
        registry.register(
            "store_rows",
            "Rows of the audit trail, and kubeconfigs that were ever begun (about)",
            self.rows.clone(),
        );
    }

    pub(crate) fn show(&self, size: &Size) {
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let bytes = [("database", Some(size.bytes)), ("log", size.log)];
        for (part, value) in bytes {
            if let Some(value) = value {
                let gauge = self.bytes.get_or_create(&Part { part });
                gauge.set(number(value));
            }
        }
        if let Some(free) = size.free {
            let none: NoLabels = [];
            self.free.get_or_create(&none).set(number(free));
        }
        for (table, count) in [("audit", size.events), ("kubeconfig", size.kubeconfigs)] {
            self.rows.get_or_create(&Table { table }).set(number(count));
        }
    }
}

/// A size in a line.
pub(crate) fn told(size: &Size) -> String {
    let mut text = mebibytes(size.bytes);
    if let Some(log) = size.log {
        text += &format!(" and {} of log", mebibytes(log));
    }
    if let Some(free) = size.free {
        text += &format!(", {} free", mebibytes(free));
    }
    let Size {
        events,
        kubeconfigs,
        ..
    } = size;
    text + &format!("; {events} rows of audit, about {kubeconfigs} kubeconfigs ever begun")
}

/// Why nothing can be written, where there is no room for it.
pub(crate) fn full(size: &Size) -> Option<String> {
    let free = size.free.filter(|free| *free < WRITE)?;
    Some(format!(
        "the disk is full: {free} bytes are free, and a request may write {WRITE}; every request that is audited is answered 503"
    ))
}

/// What is wrong with the room that is left: a copy beside the store, and what retention moves, want as much as the store.
pub(crate) fn cramped(size: &Size) -> Option<String> {
    let wanted = size.bytes.saturating_add(size.log.unwrap_or_default());
    let wanted = wanted.max(LEAST);
    let free = size.free.filter(|free| *free < wanted)?;
    Some(format!(
        "only {} are free, and {} should be: when it is full, every request that is audited is answered 503; see \
         `retention.audit`",
        mebibytes(free),
        mebibytes(wanted)
    ))
}

fn mebibytes(bytes: u64) -> String {
    let tenths = bytes / (1024 * 1024 / 10);
    format!("{}.{} MiB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_without_room_for_a_write_is_full() {
        let free = |free| Size {
            bytes: 5 << 20,
            log: None,
            free,
            kubeconfigs: 0,
            events: 0,
        };
        assert!(full(&free(Some(0))).unwrap().contains(" 0 bytes are free"));
        assert!(full(&free(Some(WRITE - 1))).is_some());
        assert_eq!((full(&free(Some(WRITE))), full(&free(None))), (None, None));
    }

    #[test]
    fn little_room_is_told_with_what_should_be() {
        let size = |bytes, free| Size {
            bytes,
            log: Some(0),
            free,
            kubeconfigs: 2,
            events: 30,
        };
        assert_eq!(cramped(&size(5 << 20, Some(LEAST))), None);
        assert_eq!(cramped(&size(5 << 20, None)), None, "another machine's");
        let small = cramped(&size(5 << 20, Some(LEAST - 1))).unwrap();
        assert!(small.contains("1024.0 MiB should be"), "{small}");
        assert!(cramped(&size(3 << 30, Some(2 << 30))).is_some());
        assert_eq!(
            told(&size(5 << 20, Some(3 << 19))),
            "5.0 MiB and 0.0 MiB of log, 1.5 MiB free; 30 rows of audit, about 2 kubeconfigs ever begun"
        );
    }
}
