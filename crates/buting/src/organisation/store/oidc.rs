//! The SQL of sign-in at a provider.

use crate::time::Time;
use ::store::{Result, Tx, from_row, sql};
use uuid::Uuid;

/// Somebody who is away at the provider.
pub struct Away {
    pub zone_id: Uuid,
    pub nonce: String,
    pub verifier: String,
    pub account_id: Option<Uuid>,
    pub next: String,
    pub created_at: Time,
}

from_row!(Away { zone_id, nonce, verifier, account_id, next, created_at });

pub async fn leave(tx: &mut Tx, digest: &[u8; 32], away: &Away) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO oidc_attempt (zone_id, digest, nonce, verifier, account_id, next, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        away.zone_id,
        digest.as_slice(),
        away.nonce,
        away.verifier,
        away.account_id,
        away.next,
        away.created_at
    ))
    .await
    .map(drop)
}

/// Takes the one with that state; it works once.
pub async fn come_back(tx: &mut Tx, digest: &[u8; 32]) -> Result<Option<Away>> {
    tx.opt(sql!(
        "DELETE FROM oidc_attempt WHERE digest = $1
         RETURNING zone_id, nonce, verifier, account_id, next, created_at",
        digest.as_slice()
    ))
    .await
}

pub async fn account(tx: &mut Tx, issuer: &str, subject: &str) -> Result<Option<(Uuid, Uuid)>> {
    tx.opt(sql!("SELECT zone_id, account_id FROM account_oidc WHERE issuer = $1 AND subject = $2", issuer, subject))
        .await
}

pub async fn link(tx: &mut Tx, zone: Uuid, account: Uuid, issuer: &str, subject: &str, at: Time) -> Result<()> {
    tx.run(sql!(
        "INSERT INTO account_oidc (zone_id, account_id, issuer, subject, linked_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (zone_id, account_id) DO UPDATE
           SET issuer = excluded.issuer, subject = excluded.subject, linked_at = excluded.linked_at",
        zone,
        account,
        issuer,
        subject,
        at
    ))
    .await
    .map(drop)
}
