use super::OfMatter;
use crate::actor::Actor;
use crate::approval::store::{FACE, known};
use crate::time::Time;
use ::store::{Result, Sql, Tx};

/// What each matter adds, of the decided cases that somebody may know of.
pub async fn of_matters(tx: &mut Tx, who: &Actor, from: Time, to: Time) -> Result<Vec<OfMatter>> {
    let mut query = Sql::from("SELECT a.matter_id, m.title, count(*) AS decided, CAST(sum(CASE WHEN ");
    query.push(FACE).push(
        " THEN 0 ELSE 1 END) AS bigint) AS without,
           CAST(sum((SELECT count(*) FROM application_touch t WHERE t.zone_id = a.zone_id AND t.application_id = a.id
             AND t.channel IN ('window', 'meeting'))) AS bigint) AS trips
         FROM application a JOIN matter m ON m.zone_id = a.zone_id AND m.id = a.matter_id WHERE a.zone_id = ",
    );
    query.arg(who.zone_id).push(" AND a.decided_at >= ").arg(from).push(" AND a.decided_at < ").arg(to);
    query.append(known(who)).push(" GROUP BY a.matter_id, m.title ORDER BY m.title, a.matter_id");
    tx.list(query).await
}
