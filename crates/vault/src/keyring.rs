//! The keys of an installation: a directory of small files beside the
//! database, each readable by its owner only.

use crate::hash::{hex, sha256, unhex};
use crate::{Error, Result, random};
use ed25519_dalek::{SigningKey, VerifyingKey};
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const MAC: &str = "ledger-mac.key";
const SIGNING: &str = "ledger-signing.key";
const FIELD: &str = "field-";
const PUBLIC: &str = "ledger-public-";

/// The keys, loaded.
pub struct Keyring {
    dir: PathBuf,
    mac: Zeroizing<[u8; 32]>,
    signing: SigningKey,
    public: PublicKeys,
    /// Key-encryption keys by number; the last one wraps.
    field: BTreeMap<u32, Zeroizing<[u8; 32]>>,
}

/// Public keys of heads, by id: the present one and every earlier one.
#[derive(Clone, Debug, Default)]
pub struct PublicKeys(BTreeMap<String, VerifyingKey>);

impl PublicKeys {
    /// The key of that id.
    pub fn get(&self, id: &str) -> Option<&VerifyingKey> {
        self.0.get(id)
    }

    /// Every key: its id and its bytes.
    pub fn iter(&self) -> impl Iterator<Item = (&str, [u8; 32])> {
        self.0.iter().map(|(id, key)| (id.as_str(), key.to_bytes()))
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("dir", &self.dir).finish_non_exhaustive()
    }
}

/// The id of a public key: the beginning of its digest.
pub fn key_id(key: &VerifyingKey) -> String {
    hex(&sha256(key.as_bytes())[..8])
}

fn key_of(text: &str) -> Option<[u8; 32]> {
    let bytes = Zeroizing::new(unhex(text.trim())?);
    bytes.as_slice().try_into().ok()
}

impl Keyring {
    /// Opens the keys of a directory; makes those that are missing.
    pub fn open_or_create(dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir)?;
        restrict(dir, 0o700)?;
        let mac = read_or_make(&dir.join(MAC))?;
        let seed = read_or_make(&dir.join(SIGNING))?;
        if !fs::read_dir(dir)?.filter_map(EntryName::ok_entry).any(|name| name.starts_with(FIELD)) {
            read_or_make(&dir.join(format!("{FIELD}0001.key")))?;
        }
        let signing = SigningKey::from_bytes(&seed);
        let mut keys =
            Self { dir: dir.to_owned(), mac, signing, public: PublicKeys::default(), field: BTreeMap::new() };
        keys.publish()?;
        keys.load()?;
        Ok(keys)
    }

    /// Keys that live in memory only, for tests.
    pub fn ephemeral() -> Self {
        let signing = SigningKey::from_bytes(&random());
        let public = signing.verifying_key();
        Self {
            dir: PathBuf::new(),
            mac: Zeroizing::new(random()),
            public: PublicKeys([(key_id(&public), public)].into()),
            signing,
            field: [(1, Zeroizing::new(random()))].into(),
        }
    }

    /// Keeps the present public key beside the earlier ones.
    fn publish(&self) -> Result<()> {
        let public = self.signing.verifying_key();
        let path = self.dir.join(format!("{PUBLIC}{}.key", key_id(&public)));
        if path.exists() { Ok(()) } else { write(&path, &hex(public.as_bytes())) }
    }

    fn load(&mut self) -> Result<()> {
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let damaged = || Error::KeyFile(name.clone());
            let number = name.strip_prefix(FIELD).and_then(|rest| rest.strip_suffix(".key"));
            if let Some(number) = number {
                let number = number.parse().map_err(|_| damaged())?;
                let key = key_of(&fs::read_to_string(entry.path())?).ok_or_else(damaged)?;
                self.field.insert(number, Zeroizing::new(key));
            } else if name.starts_with(PUBLIC) {
                let bytes = key_of(&fs::read_to_string(entry.path())?).ok_or_else(damaged)?;
                let key = VerifyingKey::from_bytes(&bytes).map_err(|_| damaged())?;
                self.public.0.insert(key_id(&key), key);
            }
        }
        Ok(())
    }

    /// Adds a key-encryption key; new data keys are wrapped under it, old ones
    /// keep opening under theirs.
    pub fn rotate_field_key(&mut self) -> Result<u32> {
        let next = self.field.keys().next_back().map_or(1, |last| last + 1);
        let key = read_or_make(&self.dir.join(format!("{FIELD}{next:04}.key")))?;
        self.field.insert(next, key);
        Ok(next)
    }

    /// Replaces the signing key. Earlier heads still verify by their public key.
    pub fn rotate_signing_key(&mut self) -> Result<String> {
        let seed: [u8; 32] = random();
        write(&self.dir.join(SIGNING), &hex(&seed))?;
        self.signing = SigningKey::from_bytes(&seed);
        self.publish()?;
        self.load()?;
        Ok(key_id(&self.signing.verifying_key()))
    }

    /// What a backup carries so that the ledger can be verified where it is
    /// restored: the row key and the public keys, as file names and contents.
    /// Keys that open fields or sign heads are never among them.
    pub fn for_backup(&self) -> Vec<(String, String)> {
        let public = self.public.iter().map(|(id, bytes)| (format!("{PUBLIC}{id}.key"), hex(&bytes)));
        std::iter::once((MAC.to_owned(), hex(&*self.mac))).chain(public).collect()
    }

    /// Writes the keys of a backup into a directory that lacks them.
    pub fn restore(dir: &Path, files: &[(String, String)]) -> Result<()> {
        fs::create_dir_all(dir)?;
        restrict(dir, 0o700)?;
        for (name, content) in files {
            let ours = name == MAC || (name.starts_with(PUBLIC) && !name.contains(['/', '\\']));
            if !ours || key_of(content).is_none() {
                return Err(Error::KeyFile(name.clone()));
            }
            let path = dir.join(name);
            if name == MAC || !path.exists() {
                write(&path, content)?;
            }
        }
        Ok(())
    }

    /// The public keys of heads.
    pub fn public_keys(&self) -> &PublicKeys {
        &self.public
    }

    pub(crate) fn mac_key(&self) -> &[u8; 32] {
        &self.mac
    }

    pub(crate) fn signing_key(&self) -> &SigningKey {
        &self.signing
    }

    /// The present key-encryption key and its number.
    pub(crate) fn wrapping_key(&self) -> Option<(u32, &[u8; 32])> {
        self.field.iter().next_back().map(|(n, key)| (*n, &**key))
    }

    pub(crate) fn field_key(&self, number: u32) -> Option<&[u8; 32]> {
        self.field.get(&number).map(|key| &**key)
    }

    /// A key of the installation for a purpose, derived from its first
    /// key-encryption key, so that rotation does not change it.
    pub(crate) fn derived(&self, purpose: &str) -> [u8; 32] {
        let first = self.field.values().next().map_or([0; 32], |key| **key);
        crate::mac::hmac(&first, purpose.as_bytes())
    }
}

/// Names of directory entries, for `filter_map`.
trait EntryName {
    fn ok_entry(self) -> Option<String>;
}

impl EntryName for std::io::Result<fs::DirEntry> {
    fn ok_entry(self) -> Option<String> {
        Some(self.ok()?.file_name().to_string_lossy().into_owned())
    }
}

fn read_or_make(path: &Path) -> Result<Zeroizing<[u8; 32]>> {
    let name = || path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    match fs::read_to_string(path) {
        Ok(text) => key_of(&text).map(Zeroizing::new).ok_or_else(|| Error::KeyFile(name())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = Zeroizing::new(random());
            write(path, &hex(&*key))?;
            Ok(key)
        }
        Err(error) => Err(error.into()),
    }
}

/// Writes a key file so that it is whole or absent after a crash.
fn write(path: &Path, text: &str) -> Result<()> {
    let temporary = path.with_extension("new");
    let mut file = fs::File::create(&temporary)?;
    restrict(&temporary, 0o600)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    if let Some(dir) = path.parent() {
        fs::File::open(dir)?.sync_all()?;
    }
    Ok(())
}

#[cfg(unix)]
fn restrict(path: &Path, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    Ok(())
}

#[cfg(not(unix))]
fn restrict(_: &Path, _: u32) -> Result<()> {
    Ok(())
}
