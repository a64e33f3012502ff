//! Whether the file can be written, and its trail with it.

use std::sync::Arc;
use std::time::Instant;

use kubemint::ports::StoreError;

use super::condition::Condition;
use super::rows::EventRow;
use super::writer::Writer;
use crate::deadlines::PROMPT;
use crate::trail;

/// Writes as a request would, and leaves no event. It is one piece of work, and none once nobody waits for it any more: probes of a
/// disk that hangs must not fill the queue.
pub(super) async fn ping(writer: &Writer, condition: &Arc<Condition>) -> Result<(), StoreError> {
    let condition = Arc::clone(condition);
    let row = EventRow::new(trail::probe());
    let write = writer.run_before(Instant::now() + PROMPT, move |connection| {
        // In the writer's turn, since it blocks: whoever wants to write waits for room, too.
        if let Err(unfit) = condition.in_place().and_then(|()| condition.room()) {
            return Ok(Err(unfit));
        }
        // A write like any other, to the disk: a file that can only be read must not look well. It is a small one, and says nothing of
        // room.
        row.try_insert(connection)?;
        connection
            .prepare_cached("UPDATE instance SET pings = pings + 1")?
            .execute([])?;
        Ok(Ok(()))
    });
    write.await?
}
