//! Where an installation lives: the options that every command takes, the
//! environment, and the file of settings, in this order of authority.

use super::usage;
use crate::app::{App, Config, SystemClock};
use crate::attachment::scan::Scanner;
use crate::attachment::{Limits, MOST_MIB};
use crate::delivery::address::Networks;
use crate::migrations::MIGRATIONS;
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use serde::Deserialize;
use std::net::IpAddr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{Db, Options};
use vault::keyring::Keyring;

/// Connections of a command, which does one thing at a time.
pub const FEW: u32 = 2;
/// Connections of a process that serves.
pub const MANY: u32 = 8;
/// Bytes of a mebibyte.
const MIB: usize = 1024 * 1024;
/// Nightly backups that are kept unless the settings say otherwise.
const KEEP_BACKUPS: usize = 14;

/// Where the installation lives.
#[derive(Args, Clone, Debug)]
pub struct Place {
    /// `sqlite:PATH` or `postgres://…`; without it, `buting.db` in the data directory.
    #[arg(long, env = "BUTING_DATABASE_URL", value_name = "URL", hide_env_values = true, global = true)]
    database: Option<String>,
    /// Where keys, backups and the embedded database live [default: data].
    #[arg(long, env = "BUTING_DATA_DIR", value_name = "DIR", global = true)]
    data: Option<PathBuf>,
    /// A TOML file of settings [default: /etc/buting/buting.toml, where there is one].
    #[arg(long, env = "BUTING_CONFIG", value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    /// ClamAV's daemon, which is asked about every file: HOST:PORT or unix:/PATH.
    #[arg(long, env = "BUTING_SCAN_CLAMD", value_name = "PLACE", global = true, hide = true)]
    scan_clamd: Option<String>,
    /// Internal networks that notices may be sent into: addresses with `/` and the length, with commas between.
    #[arg(long, env = "BUTING_OUTGOING_INTERNAL", value_name = "NETWORKS", global = true, hide = true)]
    outgoing_internal: Option<String>,
}

/// The file of settings of an installation by package.
pub const INSTALLED: &str = "/etc/buting/buting.toml";

/// The file of settings; see `docs/src/admin/settings.md`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    listen: Option<String>,
    database: Option<String>,
    data: Option<PathBuf>,
    #[serde(default)]
    https: bool,
    #[serde(default)]
    trusted_proxies: Vec<IpAddr>,
    #[serde(default)]
    trusted_origins: Vec<String>,
    keep_backups: Option<usize>,
    key_backups: Option<PathBuf>,
    #[serde(default)]
    attachments: Files,
    #[serde(default)]
    scan: Scan,
    #[serde(default)]
    outgoing: Outgoing,
}

/// The most that a setting may allow of one person within a day (MiB).
const MOST_MIB_A_DAY: usize = 100 * 1024;

/// How many files are taken, and how large.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Files {
    max_mb: Option<usize>,
    max_files: Option<usize>,
    max_mb_per_day: Option<usize>,
}

impl Files {
    fn limits(&self) -> Result<Limits> {
        let usual = Limits::default();
        let mib = self.max_mb.unwrap_or(usual.bytes / MIB);
        let files = self.max_files.unwrap_or(usual.files);
        if !(1..=MOST_MIB).contains(&mib) {
            return Err(usage(format!("attachments.max_mb lies between 1 and {MOST_MIB}")));
        }
        if !(1..=200).contains(&files) {
            return Err(usage("attachments.max_files lies between 1 and 200"));
        }
        let day = self.max_mb_per_day.unwrap_or(usual.day / MIB);
        if !(mib..=MOST_MIB_A_DAY).contains(&day) {
            return Err(usage(format!("attachments.max_mb_per_day lies between max_mb and {MOST_MIB_A_DAY}")));
        }
        Ok(Limits { bytes: mib * MIB, files, day: day * MIB })
    }
}

/// Who is asked about files before anybody opens them.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scan {
    clamd: Option<String>,
    command: Option<Vec<String>>,
}

impl Scan {
    /// The scanner; `clamd` of the environment goes before the file.
    fn scanner(self, clamd: Option<String>) -> Result<Option<Scanner>> {
        let named = clamd.map_or(self, |clamd| Self { clamd: Some(clamd), command: None });
        let place = |text: &str| {
            text.strip_prefix("unix:").is_some_and(|path| path.starts_with('/'))
                || text.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
        };
        match (named.clamd, named.command) {
            (Some(_), Some(_)) => Err(usage("scan names either clamd or a command, not both")),
            (Some(clamd), None) if !place(&clamd) => Err(usage("scan.clamd is given as HOST:PORT or unix:/PATH")),
            (None, Some(command)) if command.is_empty() => Err(usage("scan.command names no program")),
            (Some(clamd), None) => Ok(Some(Scanner::Clamd(clamd))),
            (None, Some(command)) => Ok(Some(Scanner::Command(command))),
            (None, None) => Ok(None),
        }
    }
}

/// Where notices may be sent.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Outgoing {
    #[serde(default)]
    internal: Vec<String>,
}

impl Outgoing {
    /// The internal networks that are open; those of the environment go before the file's.
    fn networks(&self, named: Option<&str>) -> Result<Networks> {
        let read = match named {
            Some(named) => Networks::read(named.split(',').filter(|text| !text.trim().is_empty())),
            None => Networks::read(self.internal.iter().map(String::as_str)),
        };
        read.map_err(|error| usage(format!("outgoing.internal: {error}")))
    }
}

/// What options, environment and file come to.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Address and port to listen on, when any of them says so.
    pub listen: Option<String>,
    /// Address of the database, with its password.
    pub url: String,
    /// What the application is told.
    pub config: Config,
}

impl Place {
    /// Brings options, environment and file together.
    pub fn settings(&self) -> Result<Settings> {
        self.settings_beside(Some(Path::new(INSTALLED)))
    }

    /// The same; `installed` is the file that is read when none is named.
    pub fn settings_beside(&self, installed: Option<&Path>) -> Result<Settings> {
        let file = match (&self.config, installed) {
            (Some(path), _) => read_file(path).map_err(|error| usage(format!("{error:#}")))?,
            (None, Some(path)) if path.exists() => self.installed(path)?,
            _ => File::default(),
        };
        let data_dir = self.data.clone().or(file.data).unwrap_or_else(|| PathBuf::from("data"));
        let url = match self.database.clone().or(file.database) {
            None => format!("sqlite:{}", data_dir.join("buting.db").display()),
            Some(url) if ["sqlite:", "postgres://", "postgresql://"].iter().any(|known| url.starts_with(known)) => url,
            Some(_) => return Err(usage("the database is given as sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME")),
        };
        Options { url: url.clone(), connections: FEW }
            .check()
            .map_err(|error| usage(format!("the address of the database cannot be read: {error}")))?;
        let backups = data_dir.join("backups");
        if file.key_backups.as_ref().is_some_and(|dir| dir.starts_with(&backups)) {
            return Err(usage(format!(
                "key_backups must lie elsewhere than the backups in {}: who has both can read everything",
                backups.display()
            )));
        }
        let config = Config {
            data_dir,
            https: file.https,
            trusted_proxies: file.trusted_proxies,
            trusted_origins: file.trusted_origins,
            demo: false,
            keep_backups: file.keep_backups.unwrap_or(KEEP_BACKUPS),
            key_backups: file.key_backups,
            files: file.attachments.limits()?,
            scanner: file.scan.scanner(self.scan_clamd.clone())?,
            outgoing: file.outgoing.networks(self.outgoing_internal.as_deref())?,
        };
        Ok(Settings { listen: file.listen, url, config })
    }

    /// The file of the installation on this machine, unless another one is meant: a
    /// rehearsal in a directory of its own must not meet the real database.
    fn installed(&self, path: &Path) -> Result<File> {
        let file = match (read_file(path), &self.data) {
            (Ok(file), _) => file,
            // Who names a directory of his own needs no right to read the file.
            (Err(error), Some(_)) if is_denied(&error) => return Ok(File::default()),
            (Err(error), _) => return Err(usage(format!("{error:#}; name another file with --config"))),
        };
        let other = self.data.as_ref().is_some_and(|named| file.data.as_ref() != Some(named));
        Ok(if other { File::default() } else { file })
    }
}

fn is_denied(error: &anyhow::Error) -> bool {
    let denied = |error: &std::io::Error| error.kind() == std::io::ErrorKind::PermissionDenied;
    error.downcast_ref::<std::io::Error>().is_some_and(denied)
}

fn read_file(path: &Path) -> Result<File> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("{} is not a file of settings", path.display()))
}

impl Settings {
    /// The file of an embedded database.
    pub fn file(&self) -> Option<&Path> {
        self.url.strip_prefix("sqlite:").map(Path::new)
    }

    /// The address of the database without its password.
    pub fn shown_url(&self) -> String {
        match self.url.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?))) {
            Some((scheme, (user, host))) => {
                format!("{scheme}://{}@{host}", user.split(':').next().unwrap_or_default())
            }
            None => self.url.clone(),
        }
    }

    /// Where the keys are.
    pub fn keys_dir(&self) -> PathBuf {
        self.config.data_dir.join("keys")
    }

    /// Where backups are made.
    pub fn backups_dir(&self) -> PathBuf {
        self.config.data_dir.join("backups")
    }

    /// Makes the data directory if it is not there, and sees that it can be
    /// written to before anything is begun.
    pub fn make_data_dir(&self) -> Result<()> {
        let dir = &self.config.data_dir;
        let trial = dir.join(".writable");
        // Nobody else on the machine reads what lies here.
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)
            .and_then(|()| std::fs::write(&trial, b"x"))
            .and_then(|()| std::fs::remove_file(&trial))
            .map_err(|error| match error.kind() {
                std::io::ErrorKind::StorageFull => anyhow!("the disk that holds {} is full", dir.display()),
                _ => anyhow!(
                    "the data directory {} cannot be written to ({error}); choose another with --data, or give it to the user who runs this",
                    dir.display()
                ),
            })
    }

    /// Opens the database, making directory, keys and file where they lack.
    pub async fn open_or_make(&self, connections: u32) -> Result<Db> {
        self.make_data_dir()?;
        let keys = self.keys_dir();
        let keyring =
            Keyring::open_or_create(&keys).with_context(|| format!("cannot open the keys in {}", keys.display()))?;
        self.open_with(Arc::new(keyring), connections).await
    }

    /// Opens a database that must be there already.
    pub async fn open(&self, connections: u32) -> Result<Db> {
        let keys = self.keys_dir();
        if let Some(file) = self.file()
            && !file.exists()
        {
            bail!(
                "there is no database at {}; name the installation with --data DIR or --database URL",
                file.display()
            );
        }
        if !keys.is_dir() {
            bail!("there are no keys in {}; name the installation's data directory with --data DIR", keys.display());
        }
        let keyring =
            Keyring::open_or_create(&keys).with_context(|| format!("cannot open the keys in {}", keys.display()))?;
        self.open_with(Arc::new(keyring), connections).await
    }

    /// Opens the database with these keys.
    pub async fn open_with(&self, keyring: Arc<Keyring>, connections: u32) -> Result<Db> {
        let options = Options { url: self.url.clone(), connections };
        Db::open(&options, keyring).await.with_context(|| format!("cannot open the database {}", self.shown_url()))
    }

    /// Refuses to go on with keys that the ledger was not written with: what is
    /// written with them could never be verified, and no sealed field would open.
    pub async fn check_keys(&self, db: &Db) -> Result<()> {
        if db.keys_fit().await? {
            return Ok(());
        }
        bail!(
            "the keys in {} are not those of the database {}: none of the newest rows of its ledger was written with them. Nothing was changed. Name the data directory that belongs to it with --data, or bring its keys back (`buting restore … --keys FILE`, or copy its `keys` directory)",
            self.keys_dir().display(),
            self.shown_url()
        )
    }

    /// Like [`Settings::app`], for commands that write.
    pub async fn writing_app(&self) -> Result<Arc<App>> {
        let app = self.app().await?;
        self.check_keys(&app.db).await?;
        Ok(app)
    }

    /// The application of an installation whose schema is this program's.
    pub async fn app(&self) -> Result<Arc<App>> {
        let db = self.open(FEW).await?;
        let version = db.schema_version().await?;
        let own = MIGRATIONS.last().map_or(0, |step| step.version);
        if version != own {
            bail!("the database is at schema {version}, this program is at {own}; run `buting migrate` first");
        }
        Ok(App::new(db, self.config.clone(), Arc::new(SystemClock)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(database: Option<&str>, config: Option<&str>) -> (Place, Option<tempfile::NamedTempFile>) {
        let file = config.map(|text| {
            let file = tempfile::NamedTempFile::new().expect("a file");
            std::fs::write(file.path(), text).expect("writes");
            file
        });
        let config = file.as_ref().map(|file| file.path().to_owned());
        (
            Place {
                database: database.map(str::to_owned),
                data: None,
                config,
                scan_clamd: None,
                outgoing_internal: None,
            },
            file,
        )
    }

    #[test]
    fn options_go_before_the_file() {
        let text =
            "listen = \"0.0.0.0:80\"\ndatabase = \"postgres://a:b@host/c\"\ndata = \"/var/lib/buting\"\nhttps = true\n";
        let (from_file, _kept) = place(None, Some(text));
        let settings = from_file.settings_beside(None).expect("settings");
        assert_eq!(settings.url, "postgres://a:b@host/c");
        assert_eq!(settings.shown_url(), "postgres://a@host/c");
        assert_eq!(settings.listen.as_deref(), Some("0.0.0.0:80"));
        assert!(settings.config.https);
        let (both, _kept) = place(Some("sqlite:x.db"), Some(text));
        let settings = both.settings_beside(None).expect("settings");
        assert_eq!((settings.url.as_str(), settings.file()), ("sqlite:x.db", Some(Path::new("x.db"))));
        let (neither, _) = place(None, None);
        assert_eq!(neither.settings_beside(None).expect("settings").url, "sqlite:data/buting.db");
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for (database, config) in [
            (Some("mysql://x"), None),
            (Some("sqlite:"), None),
            (Some("postgres://host:port/name"), None),
            (None, Some("lisen = 1\n")),
            (None, Some("keep_backups = -1")),
            (None, Some("attachments = { max_mb = 51 }")),
            (None, Some("attachments = { max_files = 0 }")),
            (None, Some("attachments = { max_mb = 20, max_mb_per_day = 19 }")),
            (None, Some("scan = { clamd = \"localhost\" }")),
            (None, Some("scan = { clamd = \"unix:/a\", command = [\"b\"] }")),
            (None, Some("scan = { command = [] }")),
            (None, Some("data = \"d\"\nkey_backups = \"d/backups/keys\"")),
        ] {
            let (place, _kept) = place(database, config);
            let error = place.settings_beside(None).expect_err("refused");
            assert!(error.chain().any(|cause| cause.is::<super::super::Usage>()), "{database:?} {config:?}: {error:#}");
        }
    }

    #[test]
    fn the_installed_file_is_read_unless_another_installation_is_meant() {
        let (_, kept) = place(None, Some("data = \"/srv/b\"\ndatabase = \"postgres://a@h/c\"\n"));
        let installed = kept.as_ref().map(tempfile::NamedTempFile::path);
        let url = |data: Option<&str>, database: Option<&str>| {
            let place = Place { data: data.map(PathBuf::from), ..place(database, None).0 };
            place.settings_beside(installed).expect("settings").url
        };
        assert_eq!(url(None, None), "postgres://a@h/c");
        assert_eq!(url(Some("/srv/b"), None), "postgres://a@h/c", "the same installation");
        assert_eq!(url(Some("/tmp/drill"), None), "sqlite:/tmp/drill/buting.db", "a rehearsal");
        assert_eq!(url(None, Some("sqlite:x.db")), "sqlite:x.db");
        let (named, _other) = place(None, Some("data = \"/srv/o\"\n"));
        assert_eq!(named.settings_beside(installed).expect("settings").url, "sqlite:/srv/o/buting.db");
        let missing = Path::new("/nowhere/buting.toml");
        assert_eq!(place(None, None).0.settings_beside(Some(missing)).expect("settings").url, "sqlite:data/buting.db");
    }
}
