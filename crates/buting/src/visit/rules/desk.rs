//! Reading and setting the rules.

use super::{Rules, SETTING};
use crate::actor::Actor;
use crate::app::App;
use crate::error::{Error, FieldError, Result};
use crate::settings;
use crate::zone::Zone;
use ::store::Tx;
use uuid::Uuid;

/// The rules of a zone.
pub async fn get(tx: &mut Tx, zone: Uuid) -> Result<Rules> {
    Ok(Rules::of(&Zone::get(tx, zone).await?.settings))
}

/// Sets the rules.
pub async fn set(app: &App, who: &Actor, rules: &Rules) -> Result<Uuid> {
    who.must(settings::desk::KEEPERS)?;
    let mut wrong = Vec::new();
    for (field, value, min, max) in [
        ("cap", rules.cap, 0, 100),
        ("cap_days", rules.cap_days, 1, 366),
        ("answer_days", rules.answer_days, 1, 60),
        ("many_departments", rules.many_departments, 0, 50),
        ("item_days", rules.item_days, 1, 366),
    ] {
        if !(min..=max).contains(&value) {
            wrong.push(FieldError::new(field, "range").with("min", min).with("max", max));
        }
    }
    if !wrong.is_empty() {
        return Err(Error::Invalid(wrong));
    }
    let body = serde_json::to_value(rules).map_err(|e| Error::Internal(e.to_string()))?;
    let mut work = app.work(who).await?;
    settings::desk::set_zone_in(&mut work, &[(SETTING, body)]).await?;
    let zone = work.zone();
    work.commit(zone).await
}
