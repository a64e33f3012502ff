//! Whether the file can be written, and its trail with it.

use std::sync::Arc;

use kubemint::ports::StoreError;

use super::condition::Condition;
use super::rows::EventRow;
use super::writer::Writer;
use crate::trail;

/// Writes as a request would, and leaves no event.
pub(super) async fn ping(writer: &Writer, condition: &Arc<Condition>) -> Result<(), StoreError> {
    let condition = Arc::clone(condition);
    // In the writer's turn, since it blocks: whoever wants to write waits for room, too.
    writer.run(move |_| Ok(condition.room())).await??;
    let row = EventRow::new(trail::probe());
    // A write like any other, to the disk: a file that can only be read must not look well. It is a small one, and says nothing of
    // room.
    let write = writer.run(move |connection| {
        row.try_insert(connection)?;
        connection
            .prepare_cached("UPDATE instance SET pings = pings + 1")?
            .execute([])
            .map(drop)
    });
    write.await
}
