//! How large the database is. How much room its disk has is not ours to see.

use deadpool_postgres::Object;
use kubemint::ports::Size;
use tokio_postgres::Error;

const SIZE: &str = "SELECT pg_database_size(current_database()),
     (SELECT coalesce(max(seq), 0) FROM kubeconfig),
     (SELECT coalesce(sum(head - pruned), 0)::bigint FROM audit_chain)";

pub(super) async fn of(db: &Object) -> Result<Size, Error> {
    let statement = db.prepare_cached(SIZE).await?;
    let row = db.query_one(&statement, &[]).await?;
    let number = |column| Ok::<_, Error>(row.try_get::<_, i64>(column)?.unsigned_abs());
    Ok(Size {
        bytes: number(0)?,
        log: None,
        free: None,
        kubeconfigs: number(1)?,
        events: number(2)?,
    })
}
