//! The ledger: every change is one row in the transaction that makes it.
//!
//! Writers only append, so they never wait for each other. Each row carries a
//! MAC under a key outside the database, so a row that somebody inserts or
//! alters by hand is known at once. Every few seconds a sealer gives the new
//! rows their place in a Merkle tree per zone (RFC 6962) and signs its head. An
//! insider who has database and keys and rebuilds everything is found by a head
//! that was kept outside.
//!
//! Personal values that must one day go are sealed in `before`/`after` under
//! the key of their owner ([`Tx::seal`]); destroying that key erases them while
//! every proof still holds.

use crate::{Db, Doing, Error, Result, Tx, from_row, sql};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;
use vault::canonical::Canonical;
use vault::field::DataKey;
use vault::hash::{hex, unhex};
use vault::head::{SignedHead, TreeHead};
use vault::merkle::{self, Frontier, Hash};

/// Rows sealed in one go.
const SEAL_BATCH: i64 = 4_000;
/// Rows of each zone by which it is seen whether the keys fit.
const NEWEST: i64 = 20;
/// Rows written by one statement.
const APPEND_BATCH: usize = 200;
/// Rows read at a time by `verify`.
const VERIFY_BATCH: i64 = 5_000;

/// A change, as a desk reports it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The zone in which it happened.
    pub zone_id: Uuid,
    /// When, in UTC milliseconds.
    pub at: i64,
    /// Who; `None` when a rule of the program acted.
    pub actor_id: Option<Uuid>,
    /// For whom, when not for himself.
    pub behalf_of: Option<Uuid>,
    /// Through what: `page`, `api`, `link`, `import`, `rule`, `command`.
    pub via: &'static str,
    /// What was done, as `job.verb`.
    pub action: &'static str,
    /// The table of the record.
    pub subject: &'static str,
    /// The record.
    pub subject_id: Uuid,
    /// The enterprise, carrier or project whose timeline shows it.
    pub about_id: Option<Uuid>,
    /// The changed fields before.
    pub before: Option<Json>,
    /// The changed fields after.
    pub after: Option<Json>,
    /// The reason that was given.
    pub note: Option<String>,
}

/// A row as it is stored.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields of Entry, and the row's place in the tree")]
pub struct LedgerRow {
    pub zone_id: Uuid,
    pub id: Uuid,
    pub at: i64,
    pub actor_id: Option<Uuid>,
    pub behalf_of: Option<Uuid>,
    pub via: String,
    pub action: String,
    pub subject: String,
    pub subject_id: Uuid,
    pub about_id: Option<Uuid>,
    pub before: Option<String>,
    pub after: Option<String>,
    pub note: Option<String>,
    pub mac: Vec<u8>,
    pub seq: Option<i64>,
}

from_row!(LedgerRow {
    zone_id,
    id,
    at,
    actor_id,
    behalf_of,
    via,
    action,
    subject,
    subject_id,
    about_id,
    before,
    after,
    note,
    mac,
    seq,
});

impl LedgerRow {
    fn new(keyring: &vault::keyring::Keyring, entry: Entry) -> Self {
        let mut row = Self {
            zone_id: entry.zone_id,
            id: Uuid::now_v7(),
            at: entry.at,
            actor_id: entry.actor_id,
            behalf_of: entry.behalf_of,
            via: entry.via.to_owned(),
            action: entry.action.to_owned(),
            subject: entry.subject.to_owned(),
            subject_id: entry.subject_id,
            about_id: entry.about_id,
            before: entry.before.map(|json| json.to_string()),
            after: entry.after.map(|json| json.to_string()),
            note: entry.note,
            mac: Vec::new(),
            seq: None,
        };
        row.mac = vault::mac::row(keyring, &row.canonical()).to_vec();
        row
    }

    /// The bytes that the MAC and the leaf of the tree are made from.
    fn canonical(&self) -> Vec<u8> {
        let id = |id: &Option<Uuid>| id.map(|id| id.to_string());
        Canonical::new("buting.ledger.v1")
            .str(&self.zone_id.to_string())
            .str(&self.id.to_string())
            .i64(self.at)
            .opt_str(id(&self.actor_id).as_deref())
            .opt_str(id(&self.behalf_of).as_deref())
            .str(&self.via)
            .str(&self.action)
            .str(&self.subject)
            .str(&self.subject_id.to_string())
            .opt_str(id(&self.about_id).as_deref())
            .opt_str(self.before.as_deref())
            .opt_str(self.after.as_deref())
            .opt_str(self.note.as_deref())
            .finish()
    }

    fn leaf(&self) -> Hash {
        merkle::leaf_hash(&self.canonical())
    }

    /// `before` as a document; null when there is none.
    pub fn before(&self) -> Json {
        document(self.before.as_deref())
    }

    /// `after` as a document; null when there is none.
    pub fn after(&self) -> Json {
        document(self.after.as_deref())
    }
}

fn document(text: Option<&str>) -> Json {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(Json::Null)
}

impl Tx {
    /// Writes a row of the ledger; answers its id.
    pub fn record(&mut self, entry: Entry) -> Doing<'_, Uuid> {
        Box::pin(async move {
            let row = LedgerRow::new(self.db().keyring(), entry);
            let id = row.id;
            self.append(&[row]).await?;
            Ok(id)
        })
    }

    /// Writes many rows of the ledger, in their order.
    pub fn record_all(&mut self, entries: Vec<Entry>) -> Doing<'_, ()> {
        Box::pin(async move {
            let keyring = Arc::clone(self.db().keyring());
            let rows: Vec<_> = entries.into_iter().map(|entry| LedgerRow::new(&keyring, entry)).collect();
            for some in rows.chunks(APPEND_BATCH) {
                self.append(some).await?;
            }
            Ok(())
        })
    }

    async fn append(&mut self, rows: &[LedgerRow]) -> Result<()> {
        let mut insert = crate::Sql::from(
            "INSERT INTO ledger (zone_id, id, at, actor_id, behalf_of, via, action, subject,
               subject_id, about_id, before, after, note, mac) VALUES ",
        );
        for (i, row) in rows.iter().enumerate() {
            insert.push(if i == 0 { "(" } else { ", (" }).arg(row.zone_id).push(", ").arg(row.id);
            insert.push(", ").arg(row.at).push(", ").arg(row.actor_id).push(", ").arg(row.behalf_of);
            insert.push(", ").arg(&row.via).push(", ").arg(&row.action).push(", ").arg(&row.subject);
            insert.push(", ").arg(row.subject_id).push(", ").arg(row.about_id).push(", ").arg(&row.before);
            insert.push(", ").arg(&row.after).push(", ").arg(&row.note).push(", ").arg(&row.mac).push(")");
        }
        self.run(insert).await.map(drop)
    }

    /// Seals a personal value under the key of its owner, for `before`/`after`.
    pub fn seal<'a>(&'a mut self, zone_id: Uuid, owner_id: Uuid, at: i64, plain: &'a str) -> Doing<'a, Json> {
        Box::pin(async move {
            let key = self.data_key(zone_id, owner_id, at).await?;
            let sealed = key.seal(&aad(zone_id, owner_id), plain.as_bytes());
            Ok(json!({ "sealed": hex(&sealed), "owner": owner_id }))
        })
    }

    /// Opens a value that [`Tx::seal`] made; `None` when its key was destroyed.
    pub fn open<'a>(&'a mut self, zone_id: Uuid, value: &'a Json) -> Doing<'a, Option<String>> {
        Box::pin(async move {
            let (Some(sealed), Some(owner)) = (value["sealed"].as_str(), value["owner"].as_str()) else {
                return Ok(None);
            };
            let owner_id = Uuid::parse_str(owner).map_err(|e| Error::Shape(e.to_string()))?;
            let Some(wrapped) = self.wrapped_key(zone_id, owner_id).await? else { return Ok(None) };
            let Ok(key) = DataKey::unwrap(self.db().keyring(), &wrapped) else { return Ok(None) };
            let Some(sealed) = unhex(sealed) else { return Ok(None) };
            let plain = key.open(&aad(zone_id, owner_id), &sealed).ok();
            Ok(plain.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok()))
        })
    }

    /// Destroys the key of an owner: what it sealed can never be read again.
    pub async fn destroy_key(&mut self, zone_id: Uuid, owner_id: Uuid) -> Result<bool> {
        let n = self.run(sql!("DELETE FROM field_key WHERE zone_id = $1 AND owner_id = $2", zone_id, owner_id)).await?;
        Ok(n == 1)
    }

    /// The key of an owner, for reading; `None` when there is none or it was destroyed.
    pub fn known_key(&mut self, zone_id: Uuid, owner_id: Uuid) -> Doing<'_, Option<DataKey>> {
        Box::pin(async move {
            let wrapped = self.wrapped_key(zone_id, owner_id).await?;
            Ok(wrapped.and_then(|wrapped| DataKey::unwrap(self.db().keyring(), &wrapped).ok()))
        })
    }

    async fn wrapped_key(&mut self, zone_id: Uuid, owner_id: Uuid) -> Result<Option<Vec<u8>>> {
        self.opt_value(sql!("SELECT wrapped FROM field_key WHERE zone_id = $1 AND owner_id = $2", zone_id, owner_id))
            .await
    }

    /// The key of an owner, made on first use.
    pub fn data_key(&mut self, zone_id: Uuid, owner_id: Uuid, at: i64) -> Doing<'_, DataKey> {
        Box::pin(async move {
            let unusable = |_| Error::Shape("a field key does not open with the keys of this installation".into());
            if let Some(wrapped) = self.wrapped_key(zone_id, owner_id).await? {
                return DataKey::unwrap(self.db().keyring(), &wrapped).map_err(unusable);
            }
            let key = DataKey::generate();
            let wrapped = key.wrap(self.db().keyring());
            self.run(sql!(
                "INSERT INTO field_key (zone_id, owner_id, wrapped, created_at) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (zone_id, owner_id) DO NOTHING",
                zone_id,
                owner_id,
                wrapped,
                at
            ))
            .await?;
            let wrapped = self.wrapped_key(zone_id, owner_id).await?.ok_or(Error::Missing)?;
            DataKey::unwrap(self.db().keyring(), &wrapped).map_err(unusable)
        })
    }
}

fn aad(zone_id: Uuid, owner_id: Uuid) -> String {
    format!("ledger:{zone_id}:{owner_id}")
}

/// What one run of the sealer did in one zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The zone.
    pub zone_id: Uuid,
    /// Rows that got their place.
    pub rows: i64,
    /// Rows refused because their MAC is wrong: they were not written by this program.
    pub refused: i64,
}

/// The sealer.
#[derive(Clone)]
pub struct Seal(Db);

impl Seal {
    /// The sealer of a database.
    pub fn new(db: Db) -> Self {
        Self(db)
    }

    /// Seals what is new in every zone. Safe to run in several processes.
    pub async fn run(&self, at: i64) -> Result<Vec<Sealed>> {
        let zones: Vec<(Uuid,)> =
            self.0.read().await?.list("SELECT DISTINCT zone_id FROM ledger WHERE seq IS NULL").await?;
        let mut done = Vec::new();
        for (zone_id,) in zones {
            loop {
                let sealed = self.batch(zone_id, at).await?;
                // Where every row was refused, the next batch would be the same one.
                let full = sealed.rows > 0 && sealed.rows + sealed.refused == SEAL_BATCH;
                done.push(sealed);
                if !full {
                    break;
                }
            }
        }
        Ok(done)
    }

    async fn batch(&self, zone_id: Uuid, at: i64) -> Result<Sealed> {
        let mut tx = self.0.write().await?;
        // On PostgreSQL this row is the lock between sealers.
        tx.run(sql!(
            "INSERT INTO ledger_tree (zone_id, size, peaks) VALUES ($1, 0, $2)
             ON CONFLICT (zone_id) DO UPDATE SET size = ledger_tree.size",
            zone_id,
            Vec::<u8>::new()
        ))
        .await?;
        let (size, peaks): (i64, Vec<u8>) =
            tx.one(sql!("SELECT size, peaks FROM ledger_tree WHERE zone_id = $1", zone_id)).await?;
        let mut edge = frontier(size, &peaks)?;
        let rows: Vec<LedgerRow> = tx
            .list(sql!(
                "SELECT zone_id, id, at, actor_id, behalf_of, via, action, subject, subject_id,
                   about_id, before, after, note, mac, seq
                 FROM ledger WHERE zone_id = $1 AND seq IS NULL ORDER BY id LIMIT $2",
                zone_id,
                SEAL_BATCH
            ))
            .await?;
        let keyring = self.0.keyring();
        let (good, bad): (Vec<_>, Vec<_>) =
            rows.iter().partition(|row| vault::mac::verify(keyring, &row.canonical(), &row.mac));
        let mut sealed = Sealed { zone_id, rows: 0, refused: bad.len() as i64 };
        if good.is_empty() {
            return Ok(sealed);
        }
        let mut nodes = Vec::new();
        for row in &good {
            let seq = edge.size() as i64;
            nodes.push((0_i64, seq, row.leaf()));
            for node in edge.append(row.leaf()) {
                if node.level > 0 {
                    nodes.push((i64::from(node.level), node.index as i64, node.hash));
                }
            }
            tx.run(sql!("UPDATE ledger SET seq = $1 WHERE zone_id = $2 AND id = $3", seq, zone_id, row.id)).await?;
            sealed.rows += 1;
        }
        for chunk in nodes.chunks(200) {
            let mut insert = sql!("INSERT INTO ledger_node (zone_id, level, idx, hash) VALUES ");
            for (i, (level, index, hash)) in chunk.iter().enumerate() {
                insert.push(if i == 0 { "(" } else { ", (" });
                insert.arg(zone_id).push(", ").arg(*level).push(", ").arg(*index);
                insert.push(", ").arg(hash.as_slice()).push(")");
            }
            tx.run(insert).await?;
        }
        let head = TreeHead { zone: zone_id.to_string(), size: edge.size(), root: edge.root(), at_ms: at };
        let signed = head.sign(keyring);
        tx.run(sql!(
            "UPDATE ledger_tree SET size = $2, peaks = $3 WHERE zone_id = $1",
            zone_id,
            edge.size() as i64,
            edge.peaks().concat()
        ))
        .await?;
        tx.run(sql!(
            "INSERT INTO ledger_head (zone_id, size, root, at, key_id, signature)
             VALUES ($1, $2, $3, $4, $5, $6)",
            zone_id,
            edge.size() as i64,
            head.root.as_slice(),
            at,
            signed.key_id,
            signed.signature.as_slice()
        ))
        .await?;
        tx.commit().await?;
        Ok(sealed)
    }
}

fn frontier(size: i64, peaks: &[u8]) -> Result<Frontier> {
    let peaks: Vec<Hash> = peaks.chunks(32).filter_map(|c| c.try_into().ok()).collect();
    u64::try_from(size)
        .ok()
        .and_then(|size| Frontier::from_peaks(size, peaks).ok())
        .ok_or_else(|| Error::Shape("the edge of the ledger's tree does not fit its size".into()))
}

/// Something that does not hold in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The zone.
    pub zone_id: Uuid,
    /// What is wrong: `altered`, `removed`, `inserted`, `reordered`, `tree`, `head`, `outside_head`.
    pub kind: &'static str,
    /// The row's place, where it has one.
    pub seq: Option<i64>,
    /// The row, where there is one.
    pub id: Option<Uuid>,
    /// A sentence for people.
    pub text: String,
}

/// The result of [`Db::verify`].
#[derive(Clone, Debug, Default)]
pub struct VerifyReport {
    /// Rows that were checked.
    pub rows: i64,
    /// Rows not sealed yet, whole by their MAC.
    pub unsealed: i64,
    /// Signed heads that were checked.
    pub heads: i64,
    /// What does not hold; empty when the ledger is whole.
    pub faults: Vec<Fault>,
}

/// A proof that one row is in the tree of a signed head.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The row.
    pub row: LedgerRow,
    /// The leaf made from it.
    pub leaf: Hash,
    /// The path to the root (RFC 6962 §2.1.1).
    pub path: Vec<Hash>,
    /// The head that the path leads to.
    pub head: TreeHead,
    /// Its signature.
    pub signed: SignedHead,
}

impl Db {
    /// The last signed head of a zone.
    pub async fn ledger_head(&self, zone_id: Uuid) -> Result<Option<(TreeHead, SignedHead)>> {
        let mut tx = self.read().await?;
        last_head(&mut tx, zone_id).await
    }

    /// Proves that the row at `seq` is in the tree of the last head.
    pub async fn ledger_proof(&self, zone_id: Uuid, seq: i64) -> Result<Option<Proof>> {
        let mut tx = self.snapshot().await?;
        let Some((head, signed)) = last_head(&mut tx, zone_id).await? else { return Ok(None) };
        let row: Option<LedgerRow> = tx
            .opt(sql!(
                "SELECT zone_id, id, at, actor_id, behalf_of, via, action, subject, subject_id,
                   about_id, before, after, note, mac, seq
                 FROM ledger WHERE zone_id = $1 AND seq = $2",
                zone_id,
                seq
            ))
            .await?;
        let (Some(row), Ok(index)) = (row, u64::try_from(seq)) else { return Ok(None) };
        let mut nodes = BTreeMap::new();
        for (level, idx) in merkle::proof_nodes(index, head.size) {
            let hash: Vec<u8> = tx
                .value(sql!(
                    "SELECT hash FROM ledger_node WHERE zone_id = $1 AND level = $2 AND idx = $3",
                    zone_id,
                    i64::from(level),
                    idx as i64
                ))
                .await?;
            nodes.insert((level, idx), hash);
        }
        let path = merkle::inclusion_proof(index, head.size, |level, idx| {
            nodes.get(&(level, idx)).and_then(|hash| hash.as_slice().try_into().ok())
        })
        .map_err(|e| Error::Shape(e.to_string()))?;
        Ok(Some(Proof { leaf: row.leaf(), row, path, head, signed }))
    }

    /// Whether the keys at hand are those that the ledger was written with: one of
    /// its newest rows holds by them, or it has none. Rows that are sealed were
    /// checked then, so they speak first; a single altered row does not decide.
    pub async fn keys_fit(&self) -> Result<bool> {
        let mut tx = self.read().await?;
        let zones: Vec<(Uuid,)> = tx.list("SELECT zone_id FROM ledger_tree WHERE size > 0").await?;
        let mut rows: Vec<LedgerRow> = Vec::new();
        for (zone_id,) in zones {
            let newest = sql!(
                "SELECT zone_id, id, at, actor_id, behalf_of, via, action, subject, subject_id,
                   about_id, before, after, note, mac, seq
                 FROM ledger WHERE zone_id = $1 AND seq IS NOT NULL ORDER BY seq DESC LIMIT $2",
                zone_id,
                NEWEST
            );
            rows.extend(tx.list::<LedgerRow>(newest).await?);
        }
        if rows.is_empty() {
            let newest = sql!(
                "SELECT zone_id, id, at, actor_id, behalf_of, via, action, subject, subject_id,
                   about_id, before, after, note, mac, seq
                 FROM ledger WHERE seq IS NULL ORDER BY id DESC LIMIT $1",
                NEWEST
            );
            rows = tx.list(newest).await?;
        }
        let ours = |row: &LedgerRow| vault::mac::verify(self.keyring(), &row.canonical(), &row.mac);
        Ok(rows.is_empty() || rows.iter().any(ours))
    }

    /// Checks every row, the tree and every signed head; with `outside`, also
    /// that the tree continues a head that was kept elsewhere.
    pub async fn verify(&self, outside: &[(TreeHead, SignedHead)]) -> Result<VerifyReport> {
        let mut tx = self.snapshot().await?;
        let zones: Vec<(Uuid,)> =
            tx.list("SELECT zone_id FROM ledger_tree UNION SELECT DISTINCT zone_id FROM ledger ORDER BY 1").await?;
        let mut report = VerifyReport::default();
        for (zone_id,) in zones {
            Verifier { db: self, tx: &mut tx, zone_id, report: &mut report }.run(outside).await?;
        }
        for (head, _) in outside {
            let known: Option<Vec<u8>> = match Uuid::parse_str(&head.zone) {
                Ok(zone_id) => tx.opt_value(sql!("SELECT peaks FROM ledger_tree WHERE zone_id = $1", zone_id)).await?,
                Err(_) => None,
            };
            if known.is_none() {
                report.faults.push(Fault {
                    zone_id: Uuid::parse_str(&head.zone).unwrap_or_default(),
                    kind: "outside_head",
                    seq: None,
                    id: None,
                    text: "The zone of the head kept outside has no ledger here.".into(),
                });
            }
        }
        tx.commit().await?;
        Ok(report)
    }
}

/// `size, root, at, key_id, signature` of a signed head.
type HeadRow = (i64, Vec<u8>, i64, String, Vec<u8>);

async fn last_head(tx: &mut Tx, zone_id: Uuid) -> Result<Option<(TreeHead, SignedHead)>> {
    let row: Option<HeadRow> = tx
        .opt(sql!(
            "SELECT size, root, at, key_id, signature FROM ledger_head
             WHERE zone_id = $1 ORDER BY size DESC LIMIT 1",
            zone_id
        ))
        .await?;
    row.map(|row| head_of(zone_id, row)).transpose()
}

fn head_of(
    zone_id: Uuid,
    (size, root, at_ms, key_id, signature): (i64, Vec<u8>, i64, String, Vec<u8>),
) -> Result<(TreeHead, SignedHead)> {
    let shape = |what: &str| Error::Shape(format!("the {what} of a ledger head"));
    let head = TreeHead {
        zone: zone_id.to_string(),
        size: u64::try_from(size).map_err(|_| shape("size"))?,
        root: root.try_into().map_err(|_| shape("root"))?,
        at_ms,
    };
    let signature = signature.try_into().map_err(|_| shape("signature"))?;
    Ok((head, SignedHead { key_id, signature }))
}

struct Verifier<'a> {
    db: &'a Db,
    tx: &'a mut Tx,
    zone_id: Uuid,
    report: &'a mut VerifyReport,
}

impl Verifier<'_> {
    fn fault(&mut self, kind: &'static str, seq: Option<i64>, id: Option<Uuid>, text: String) {
        self.report.faults.push(Fault { zone_id: self.zone_id, kind, seq, id, text });
    }

    async fn run(mut self, outside: &[(TreeHead, SignedHead)]) -> Result<()> {
        let (size, peaks): (i64, Vec<u8>) = self
            .tx
            .opt(sql!("SELECT size, peaks FROM ledger_tree WHERE zone_id = $1", self.zone_id))
            .await?
            .unwrap_or((0, Vec::new()));
        let heads = self.heads().await?;
        let zone = self.zone_id.to_string();
        let kept: Vec<_> = outside.iter().filter(|(head, _)| head.zone == zone).collect();
        // The roots that the tree must pass through, by size.
        let mut wanted: BTreeMap<u64, Vec<(Hash, &'static str)>> = BTreeMap::new();
        for (head, _) in &heads {
            wanted.entry(head.size).or_default().push((head.root, "head"));
        }
        for (head, _) in &kept {
            wanted.entry(head.size).or_default().push((head.root, "outside_head"));
        }
        let mut edge = Frontier::new();
        self.walk(size, &mut edge, &wanted).await?;
        if edge.size() == size.unsigned_abs() && edge.peaks().concat() != peaks {
            self.fault("tree", None, None, "The edge of the tree is not the one that its rows make.".into());
        }
        let last = heads.last().map_or(0, |(head, _)| head.size);
        if last != size.unsigned_abs() {
            let text = format!("The last signed head is at {last}, the tree at {size}.");
            self.fault("head", None, None, text);
        }
        for (head, _) in kept {
            if head.size > size.unsigned_abs() {
                let text = format!(
                    "A head kept outside covers {} rows; here are only {size}. Rows were removed or the ledger was rebuilt.",
                    head.size
                );
                self.fault("outside_head", None, None, text);
            }
        }
        self.unsealed().await
    }

    /// Every signed head, oldest first, its signature checked.
    async fn heads(&mut self) -> Result<Vec<(TreeHead, SignedHead)>> {
        let rows: Vec<HeadRow> = self
            .tx
            .list(sql!(
                "SELECT size, root, at, key_id, signature FROM ledger_head WHERE zone_id = $1 ORDER BY size",
                self.zone_id
            ))
            .await?;
        let keyring = Arc::clone(self.db.keyring());
        let keys = keyring.public_keys();
        let mut heads = Vec::new();
        for row in rows {
            let size = row.0;
            match head_of(self.zone_id, row) {
                Ok((head, signed)) if head.verify(&signed, keys) => heads.push((head, signed)),
                _ => {
                    self.fault("head", None, None, format!("The signature of the head at {size} does not hold."));
                }
            }
        }
        self.report.heads += heads.len() as i64;
        Ok(heads)
    }

    /// Reads the sealed rows in order, compares each with its leaf, and grows
    /// the tree anew through every signed root.
    async fn walk(
        &mut self,
        size: i64,
        edge: &mut Frontier,
        wanted: &BTreeMap<u64, Vec<(Hash, &'static str)>>,
    ) -> Result<()> {
        let mut next = 0_i64;
        while next < size {
            let rows: Vec<LedgerRow> = self
                .tx
                .list(sql!(
                    "SELECT zone_id, id, at, actor_id, behalf_of, via, action, subject, subject_id,
                       about_id, before, after, note, mac, seq
                     FROM ledger WHERE zone_id = $1 AND seq >= $2 AND seq < $3 ORDER BY seq",
                    self.zone_id,
                    next,
                    next + VERIFY_BATCH
                ))
                .await?;
            let leaves: BTreeMap<i64, Vec<u8>> = self
                .tx
                .list::<(i64, Vec<u8>)>(sql!(
                    "SELECT idx, hash FROM ledger_node WHERE zone_id = $1 AND level = 0 AND idx >= $2 AND idx < $3",
                    self.zone_id,
                    next,
                    next + VERIFY_BATCH
                ))
                .await?
                .into_iter()
                .collect();
            let by_seq: BTreeMap<i64, &LedgerRow> = rows.iter().filter_map(|row| Some((row.seq?, row))).collect();
            for seq in next..(next + VERIFY_BATCH).min(size) {
                self.check_row(seq, by_seq.get(&seq).copied(), leaves.get(&seq));
                // The tree is grown from the stored leaves, so that one altered
                // row is one fault and not a fault at every later head.
                let leaf = leaves
                    .get(&seq)
                    .and_then(|hash| hash.as_slice().try_into().ok())
                    .or_else(|| by_seq.get(&seq).map(|row| row.leaf()))
                    .unwrap_or_default();
                edge.append(leaf);
                for (root, kind) in wanted.get(&edge.size()).into_iter().flatten() {
                    if *root != edge.root() {
                        let text = match *kind {
                            "head" => format!("The tree over the first {} rows is not the signed one.", edge.size()),
                            _ => format!(
                                "The first {} rows are not those of the head kept outside: the ledger was rewritten.",
                                edge.size()
                            ),
                        };
                        self.fault(kind, None, None, text);
                    }
                }
            }
            next += VERIFY_BATCH;
        }
        let beyond: Vec<(i64, Uuid)> = self
            .tx
            .list(sql!("SELECT seq, id FROM ledger WHERE zone_id = $1 AND seq >= $2", self.zone_id, size))
            .await?;
        for (seq, id) in beyond {
            self.fault("inserted", Some(seq), Some(id), format!("Row {id} claims place {seq} beyond the tree."));
        }
        Ok(())
    }

    fn check_row(&mut self, seq: i64, row: Option<&LedgerRow>, leaf: Option<&Vec<u8>>) {
        self.report.rows += 1;
        match (row, leaf) {
            (None, _) => self.fault("removed", Some(seq), None, format!("Row {seq} was removed.")),
            (Some(row), leaf) => {
                let genuine = vault::mac::verify(self.db.keyring(), &row.canonical(), &row.mac);
                let same = leaf.map(|leaf| row.leaf().as_slice() == leaf.as_slice());
                let (kind, what) = match (genuine, same) {
                    (true, Some(true)) => return,
                    (true, Some(false)) => ("reordered", "stands in another row's place"),
                    (true, None) => ("tree", "has lost its leaf in the tree"),
                    (false, _) => ("altered", "was altered"),
                };
                self.fault(kind, Some(seq), Some(row.id), format!("Row {seq} ({}) {what}.", row.id));
            }
        }
    }

    /// Rows without a place yet: whole by their MAC, or inserted by hand.
    async fn unsealed(&mut self) -> Result<()> {
        let rows: Vec<LedgerRow> = self
            .tx
            .list(sql!(
                "SELECT zone_id, id, at, actor_id, behalf_of, via, action, subject, subject_id,
                   about_id, before, after, note, mac, seq
                 FROM ledger WHERE zone_id = $1 AND seq IS NULL ORDER BY id",
                self.zone_id
            ))
            .await?;
        for row in rows {
            if vault::mac::verify(self.db.keyring(), &row.canonical(), &row.mac) {
                self.report.unsealed += 1;
            } else {
                let text = format!("Row {} was inserted or altered before it was sealed.", row.id);
                self.fault("inserted", None, Some(row.id), text);
            }
        }
        Ok(())
    }
}
