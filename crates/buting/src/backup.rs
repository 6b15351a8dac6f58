//! Backups: one file that either database can be restored from.
//!
//! The first line names the format and the SHA-256 of all that follows: a
//! compressed text whose first line describes the backup and whose other lines
//! are the rows (see [`store::dump`]). Keys that open personal fields are never
//! in it; they have a [key backup](KeyBackup) of their own.

use crate::app::{Now, SystemClock};
use crate::migrations::MIGRATIONS;
use crate::zone::default_time_zone;
use anyhow::{Context, Result, anyhow, bail, ensure};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::dump::{Counts, Table, tables};
use store::{Db, Migration, Options, Value, VerifyReport, sql};
use tokio::sync::mpsc;
use uuid::Uuid;
use vault::hash::{hex, unhex};
use vault::keyring::Keyring;

const BACKUP: &str = "buting-backup 1";
const KEYS: &str = "buting-keys 1";
/// What the name of a file ends in while it is being written.
const PART: &str = ".part";
/// Hexadecimal digits of a digest.
const DIGEST: usize = 64;

/// What a backup leaves out: field keys, so that an erasure reaches every backup
/// made before it; sessions and counters of guesses, which belong to the
/// moment.
const LEFT_OUT: &[&str] = &["field_key", "session", "attempt"];

/// The first line of the text: what the backup is of.
#[derive(Debug, Serialize, Deserialize)]
pub struct Head {
    /// When it was made, in UTC milliseconds.
    pub made_at: i64,
    /// The version of the program that made it.
    pub program: String,
    /// The steps of its schema: version, name, digest.
    migrations: Vec<(i64, String, String)>,
    /// The key of the ledger's rows and the public keys of its heads.
    keys: Vec<(String, String)>,
}

impl Head {
    /// The key files that the backup brings along: names and contents.
    pub fn keys(&self) -> &[(String, String)] {
        &self.keys
    }
}

/// Tables whose rows a backup holds.
fn kept(migrations: &[Migration]) -> Result<Vec<Table>> {
    let mut tables = tables(migrations)?;
    tables.retain(|table| !LEFT_OUT.contains(&table.name.as_str()));
    Ok(tables)
}

/// Makes a backup of a database at the schema of `migrations`, while it is in
/// use. The file appears under its name only when it is whole.
pub async fn make(db: &Db, migrations: &[Migration], file: &Path) -> Result<Counts> {
    ensure!(!file.exists(), "{} is there already", file.display());
    let head = Head {
        made_at: SystemClock.now().ms(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        migrations: migrations.iter().map(|step| (step.version, step.name.to_owned(), step.digest())).collect(),
        keys: db.keyring().for_backup(),
    };
    let tables = kept(migrations)?;
    let part = beside(file, PART);
    let (lines, received) = mpsc::channel::<String>(8);
    let to = part.clone();
    let writing = tokio::task::spawn_blocking(move || {
        write_sealed(&to, BACKUP, |out| {
            let mut out = GzEncoder::new(out, Compression::fast());
            serde_json::to_writer(&mut out, &head)?;
            out.write_all(b"\n")?;
            let mut received = received;
            while let Some(text) = received.blocking_recv() {
                out.write_all(text.as_bytes())?;
            }
            out.finish()?;
            Ok(())
        })
    });
    let dumped = db.dump(&tables, lines).await;
    let written = writing.await.context("the backup was given up")?;
    // A writer that failed is why the dump failed, so it speaks first.
    let done = written
        .with_context(|| format!("cannot write {}", part.display()))
        .and_then(|()| dumped.map_err(anyhow::Error::from))
        .and_then(|counts| put_in_place(&part, file).map(|()| counts));
    if done.is_err() {
        // What was begun is of no use; if it cannot be removed it does no harm.
        let _ = fs::remove_file(&part);
    }
    done
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Writes a first line with the digest of all that `content` writes, readable
/// by its owner only, and waits until it is on the disk.
fn write_sealed(path: &Path, title: &str, content: impl FnOnce(&mut Sealing) -> Result<()>) -> Result<()> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    let file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path)?;
    let mut out = Sealing { out: BufWriter::new(file), digest: Sha256::new() };
    writeln!(out.out, "{title} {}", "0".repeat(DIGEST))?;
    content(&mut out)?;
    let Sealing { out, digest } = out;
    let mut file = out.into_inner().map_err(|error| anyhow!(error.into_error()))?;
    file.seek(SeekFrom::Start(title.len() as u64 + 1))?;
    file.write_all(hex(&digest.finalize()).as_bytes())?;
    file.sync_all()?;
    Ok(())
}

struct Sealing {
    out: BufWriter<File>,
    digest: Sha256,
}

impl Write for Sealing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let n = self.out.write(bytes)?;
        self.digest.update(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

fn put_in_place(part: &Path, file: &Path) -> Result<()> {
    fs::rename(part, file)?;
    let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(dir)?.sync_all()?;
    Ok(())
}

/// Opens a sealed file and stands behind its first line, after reading all of it
/// to compare the digest.
fn open_sealed(path: &Path, title: &str) -> Result<BufReader<File>> {
    let shown = path.display();
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => anyhow!("there is no file {shown}"),
        _ => anyhow!("cannot read {shown}: {error}"),
    })?;
    let mut file = BufReader::new(file);
    let mut first = Vec::new();
    let length = title.len() + 1 + DIGEST + 1;
    file.by_ref().take(length as u64).read_to_end(&mut first)?;
    let told = std::str::from_utf8(&first)
        .ok()
        .and_then(|line| line.strip_prefix(title)?.strip_prefix(' ')?.strip_suffix('\n'))
        .with_context(|| format!("{shown} is not a backup of this program, or its beginning is damaged"))?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            n => digest.update(&buffer[..n]),
        }
    }
    ensure!(
        hex(&digest.finalize()) == told,
        "{shown} is damaged: its content is not what was written; nothing was restored"
    );
    file.seek(SeekFrom::Start(length as u64))?;
    Ok(file)
}

/// A backup that was opened and found whole.
pub struct Backup {
    path: PathBuf,
    /// What it is of.
    pub head: Head,
    migrations: Vec<Migration>,
    lines: BufReader<GzDecoder<BufReader<File>>>,
}

impl Backup {
    /// Opens a file; refuses one that is damaged or that this program cannot
    /// read. Reads the whole file.
    pub async fn open(path: &Path) -> Result<Self> {
        let path = path.to_owned();
        tokio::task::spawn_blocking(move || Self::open_now(path)).await.context("the reading was given up")?
    }

    fn open_now(path: PathBuf) -> Result<Self> {
        let mut lines = BufReader::new(GzDecoder::new(open_sealed(&path, BACKUP)?));
        let mut first = String::new();
        lines.read_line(&mut first)?;
        let head: Head = serde_json::from_str(&first).with_context(|| format!("{} has no head", path.display()))?;
        let mut migrations = Vec::new();
        for (version, name, digest) in &head.migrations {
            let own = MIGRATIONS.iter().find(|step| step.version == *version && step.digest() == *digest);
            match own {
                Some(step) => migrations.push(*step),
                None => bail!(
                    "the backup was made by another version of the program ({}; its migration {version} ({name}) is not here); restore it with that one",
                    head.program
                ),
            }
        }
        Ok(Self { path, head, migrations, lines })
    }

    /// Puts the keys of the ledger into a directory of keys.
    pub fn restore_keys(&self, dir: &Path) -> Result<()> {
        Keyring::restore(dir, &self.head.keys).with_context(|| format!("cannot write the keys in {}", dir.display()))
    }

    /// Fills an empty database and brings its schema up to date.
    pub async fn fill(self, db: &Db) -> Result<Counts> {
        let nothing_to_keep = async |_| Ok(());
        db.migrate(&self.migrations, nothing_to_keep).await?;
        let tables = kept(&self.migrations)?;
        let (send, received) = mpsc::channel(1024);
        let mut lines = self.lines;
        let reading = tokio::task::spawn_blocking(move || {
            loop {
                let mut line = String::new();
                let read = match lines.read_line(&mut line) {
                    Ok(0) => return,
                    Ok(_) => Ok(line),
                    Err(error) => Err(store::Error::from(error)),
                };
                // When nobody listens any more, the loading has failed and says why.
                if send.blocking_send(read).is_err() {
                    return;
                }
            }
        });
        let counts =
            db.load(&tables, received).await.with_context(|| format!("cannot restore {}", self.path.display()))?;
        reading.await.context("the reading was given up")?;
        db.migrate(MIGRATIONS, nothing_to_keep).await?;
        Ok(counts)
    }
}

/// Restores a backup into a scratch database and verifies its ledger: a backup
/// that was never restored is a hope.
pub async fn try_out(file: &Path, scratch: &Path) -> Result<VerifyReport> {
    let _ = fs::remove_dir_all(scratch);
    fs::create_dir_all(scratch)?;
    let tried = try_out_in(file, scratch).await;
    fs::remove_dir_all(scratch).with_context(|| format!("cannot remove {}", scratch.display()))?;
    tried
}

async fn try_out_in(file: &Path, scratch: &Path) -> Result<VerifyReport> {
    let backup = Backup::open(file).await?;
    let keys = scratch.join("keys");
    backup.restore_keys(&keys)?;
    let url = format!("sqlite:{}", scratch.join("buting.db").display());
    let db = Db::open(&Options { url, connections: 1 }, Arc::new(Keyring::open_or_create(&keys)?)).await?;
    backup.fill(&db).await?;
    let report = db.verify(&[]).await?;
    db.close().await;
    Ok(report)
}

/// The keys that a backup does not hold: those that open personal fields and the
/// one that signs the ledger's heads. Whoever has this and a backup can read
/// everything: keep it apart.
#[derive(Debug, Serialize, Deserialize)]
pub struct KeyBackup {
    made_at: i64,
    files: Vec<(String, String)>,
    /// Zone, owner, wrapped key, time.
    field_keys: Vec<(Uuid, Uuid, String, i64)>,
}

impl KeyBackup {
    /// Collects the keys of an installation.
    pub async fn collect(db: &Db, keys_dir: &Path) -> Result<Self> {
        let mut keys = Self::of_files(keys_dir)?;
        let rows: Vec<(Uuid, Uuid, Vec<u8>, i64)> = db
            .read()
            .await?
            .list("SELECT zone_id, owner_id, wrapped, created_at FROM field_key ORDER BY zone_id, owner_id")
            .await?;
        keys.field_keys = rows.into_iter().map(|(zone, owner, wrapped, at)| (zone, owner, hex(&wrapped), at)).collect();
        Ok(keys)
    }

    /// The key files of a directory, without the field keys of its database.
    pub fn of_files(keys_dir: &Path) -> Result<Self> {
        let mut files = Vec::new();
        for entry in fs::read_dir(keys_dir).with_context(|| format!("cannot read {}", keys_dir.display()))? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.extension().is_some_and(|ending| ending == "key") {
                files.push((name.to_owned(), fs::read_to_string(&path)?.trim().to_owned()));
            }
        }
        files.sort();
        Ok(Self { made_at: SystemClock.now().ms(), files, field_keys: Vec::new() })
    }

    /// Whether putting these files in place would overwrite one of the keys.
    pub fn is_touched_by(&self, files: &[(String, String)]) -> bool {
        let other = |(name, content): &(String, String)| files.iter().any(|(n, c)| n == name && c.trim() != content);
        self.files.iter().any(other)
    }

    /// The key files: their names and contents.
    pub fn files(&self) -> &[(String, String)] {
        &self.files
    }

    /// How many key files and field keys it holds.
    pub fn size(&self) -> (usize, usize) {
        (self.files.len(), self.field_keys.len())
    }

    /// Writes it to a new file that only its owner can read.
    pub fn write(&self, file: &Path) -> Result<()> {
        ensure!(!file.exists(), "{} is there already", file.display());
        let part = beside(file, PART);
        write_sealed(&part, KEYS, |out| Ok(serde_json::to_writer(out, self)?))
            .with_context(|| format!("cannot write {}", part.display()))?;
        put_in_place(&part, file)
    }

    /// Reads one; refuses a damaged one.
    pub fn read(file: &Path) -> Result<Self> {
        serde_json::from_reader(open_sealed(file, KEYS)?).with_context(|| format!("{} holds no keys", file.display()))
    }

    /// Writes the key files into a directory of keys.
    pub fn restore_files(&self, dir: &Path) -> Result<()> {
        fs::create_dir_all(dir)?;
        for (name, content) in &self.files {
            let plain = name.ends_with(".key") && !name.contains(['/', '\\']) && !name.starts_with('.');
            ensure!(plain, "the key backup names a file “{name}”");
            let path = dir.join(name);
            let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&path)?;
            writeln!(file, "{content}")?;
            file.sync_all()?;
        }
        Ok(())
    }

    /// Puts the field keys into a database that was restored.
    pub async fn restore_field_keys(&self, db: &Db) -> Result<()> {
        let mut tx = db.write().await?;
        for (zone, owner, wrapped, at) in &self.field_keys {
            let wrapped = unhex(wrapped).context("a field key is damaged")?;
            tx.run(sql!(
                "INSERT INTO field_key (zone_id, owner_id, wrapped, created_at) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (zone_id, owner_id) DO NOTHING",
                zone,
                owner,
                Value::Blob(wrapped),
                at
            ))
            .await?;
        }
        Ok(tx.commit().await?)
    }
}

/// The moment as it stands in the names of files, to the millisecond, so that two of
/// a second do not meet: `20261125-120000000`.
pub fn moment() -> String {
    SystemClock.now().local(&default_time_zone()).strftime("%Y%m%d-%H%M%S%3f").to_string()
}

/// A name for a backup made now: `buting-20261125-120000000-<why>.backup`.
pub fn file_name(why: &str) -> String {
    format!("buting-{}-{why}.backup", moment())
}

/// Removes all but the newest `keep` files with this ending that the schedule
/// has made, and what a process that was killed left half made.
pub fn remove_old(dir: &Path, ending: &str, keep: usize) -> Result<usize> {
    let ending = format!("-{ending}");
    let (mut whole, mut half) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !name.starts_with("buting-") {
            continue;
        }
        if name.ends_with(&ending) {
            whole.push(path);
        } else if name.strip_suffix(PART).is_some_and(|name| name.ends_with(&ending)) {
            half.push(path);
        }
    }
    // The time stands in the name, so names sort by age.
    whole.sort();
    let surplus = whole.len().saturating_sub(keep);
    for path in whole[..surplus].iter().chain(&half) {
        fs::remove_file(path)?;
    }
    Ok(surplus)
}
