//! 证照送达: a licence goes to its holder by courier, free of charge: to an address that he
//! gave and agreed to, under a number, until it is in his hands, refused, come back or lost.

mod api;
pub mod desk;
pub mod pages;
mod store;

use super::{Application, Part};
use crate::http::api::Versioned;
use crate::http::routes::Routes;
use crate::time::Time;
use crate::words;
use ::store::from_row;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

words! {
    /// How a delivery stands.
    pub enum DeliveryState {
        /// 待寄
        ToPack = "to_pack",
        /// 已交寄
        Dispatched = "dispatched",
        /// 已签收
        Delivered = "delivered",
        /// 拒收
        Refused = "refused",
        /// 退回
        Returned = "returned",
        /// 丢失
        Lost = "lost",
    }
}

impl DeliveryState {
    /// Whether something is still to come of it.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::ToPack | Self::Dispatched)
    }

    /// Whether it may become the other.
    pub const fn becomes(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::ToPack, Self::Dispatched)
                | (Self::Dispatched, Self::Delivered | Self::Refused | Self::Returned | Self::Lost)
        )
    }
}

/// A delivery.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Delivery {
    /// Key.
    pub id: Uuid,
    /// The application.
    pub application_id: Uuid,
    /// Its number.
    pub number: String,
    /// What was applied for.
    pub matter_title: String,
    /// The short name of the enterprise.
    pub enterprise_name: String,
    /// How it stands.
    pub state: DeliveryState,
    /// Who receives it; empty for those who do not send it.
    pub recipient: String,
    /// His number; empty likewise.
    pub phone: String,
    /// Where it goes; empty likewise.
    pub address: String,
    /// When the holder agreed that it is sent there.
    pub consent_at: Time,
    /// The courier.
    pub carrier: Option<String>,
    /// Its number with the courier.
    pub parcel_no: Option<String>,
    /// The papers in it.
    pub licences: Option<String>,
    /// When it was decided.
    pub decided_at: Option<Time>,
    /// When it was handed to the courier.
    pub dispatched_at: Option<Time>,
    /// When it arrived, or was found not to.
    pub ended_at: Option<Time>,
    /// How that is proved.
    pub proof: Option<String>,
    /// When the address was given.
    pub made_at: Time,
    /// Whether the decision is made, so that it can go.
    pub ready: bool,
    /// Counts the changes.
    pub version: i64,
}

from_row!(Delivery {
    id,
    application_id,
    number,
    matter_title,
    enterprise_name,
    state,
    recipient,
    phone,
    address,
    consent_at,
    carrier,
    parcel_no,
    licences,
    decided_at,
    dispatched_at,
    ended_at,
    proof,
    made_at,
    ready,
    version,
});

impl Delivery {
    /// Days from the decision until it arrived, begun ones counted.
    pub fn days(&self) -> Option<i64> {
        let arrived = self.ended_at.filter(|_| self.state == DeliveryState::Delivered)?;
        let ms = arrived.ms() - self.decided_at?.ms();
        Some((ms.max(0) + crate::time::DAY_MS - 1) / crate::time::DAY_MS)
    }
}

impl Versioned for Delivery {
    fn version(&self) -> i64 {
        self.version
    }
}

/// Where a licence is to go.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDelivery {
    /// Client-chosen key.
    pub id: Option<Uuid>,
    /// The application.
    pub application_id: Uuid,
    /// Who receives it.
    pub recipient: String,
    /// His number.
    pub phone: String,
    /// Where.
    pub address: String,
    /// That the holder agrees to have it sent there.
    pub consent: bool,
}

/// What somebody does with a delivery.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(tag = "action", rename_all = "snake_case", deny_unknown_fields)]
pub enum DeliveryAct {
    /// Another address, as long as it has not gone.
    Address {
        /// Who receives it.
        recipient: String,
        /// His number.
        phone: String,
        /// Where.
        address: String,
    },
    /// Handed to the courier.
    Dispatch {
        /// Which.
        carrier: String,
        /// Its number there; an S10 number is checked.
        parcel_no: String,
        /// The papers in it.
        licences: String,
    },
    /// In the hands of the holder.
    Arrive {
        /// Who signed, or how else it is proved.
        proof: String,
    },
    /// The receiver did not take it.
    Refused {
        /// How that is known.
        proof: String,
    },
    /// It came back.
    Returned {
        /// Why.
        proof: String,
    },
    /// It was lost.
    Lost {
        /// How that is known.
        proof: String,
    },
}

/// Whether somebody may say where the licence of a case goes: the applicant and the
/// specialist, while none is on its way or was received.
pub fn may_address(a: &Application, all: &[Delivery], parts: &[Part]) -> bool {
    let waits = a.state.is_examined() || a.state.is_granted() || a.state == super::State::Submitted;
    let by = parts.contains(&Part::Applicant) || parts.contains(&Part::Specialist);
    waits && by && !all.iter().any(|one| one.state.is_open() || one.state == DeliveryState::Delivered)
}

/// Whether somebody sends the licence of a case out.
pub fn may_send(a: &Application, parts: &[Part]) -> bool {
    a.state.is_granted() && (parts.contains(&Part::Specialist) || parts.contains(&Part::Desk))
}

/// Adds this job's routes.
pub fn routes(routes: &mut Routes) {
    api::routes(routes);
    pages::routes(routes);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Lang;

    #[test]
    fn what_becomes_of_a_delivery() {
        use DeliveryState::{Delivered, Dispatched, Lost, Refused, Returned, ToPack};
        for (from, to) in [
            (ToPack, vec![Dispatched]),
            (Dispatched, vec![Delivered, Refused, Returned, Lost]),
            (Delivered, vec![]),
            (Refused, vec![]),
            (Returned, vec![]),
            (Lost, vec![]),
        ] {
            let next: Vec<_> = DeliveryState::ALL.iter().copied().filter(|next| from.becomes(*next)).collect();
            assert_eq!(next, to, "{from}");
            assert_eq!(from.is_open(), !to.is_empty(), "{from}");
        }
    }

    #[test]
    fn every_word_has_its_label() {
        for lang in [Lang::Zh, Lang::En] {
            assert!(DeliveryState::ALL.iter().all(|word| lang.has(&format!("courier-state-{word}"))));
        }
    }
}
