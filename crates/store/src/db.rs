//! Connections, and the group commit of SQLite.
//!
//! SQLite has one writer. Desk functions that arrive together run as
//! savepoints of one transaction and are each answered after the one fsync
//! that makes all of them durable:
//!
//! * [`Db::write`] waits for the writer. Who finds no transaction open begins
//!   one and leaves behind a *flush* that queues for the writer like everybody
//!   else. The lock is fair, so all who waited already join the transaction
//!   before the flush commits it.
//! * [`Tx::commit`] releases the savepoint, hands the writer on, and returns
//!   when the flush has answered.
//! * A dropped [`Tx`] leaves a mark; the next holder rolls its savepoint back.

use crate::row::{from_postgres, from_sqlite};
use crate::{Dialect, Error, FromRow, FromValue, Kind, Result, Row, Sql, Value};
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{
    Arguments, AssertSqlSafe, ConnectOptions, Executor, PgConnection, PgPool, Postgres, Sqlite, SqliteConnection,
    SqlitePool,
};
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};
use vault::keyring::Keyring;

/// How long a writer waits for its turn before the request is refused.
const WRITER_WAIT: Duration = Duration::from_secs(10);
/// At most so many savepoints share one commit.
const BATCH: usize = 256;

/// How a database is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// `sqlite:PATH` or `postgres://…`.
    pub url: String,
    /// Connections for reading (and, on PostgreSQL, for writing).
    pub connections: u32,
}

impl Options {
    /// Whether the address can be one at all; the error says what is wrong with it.
    pub fn check(&self) -> Result<()> {
        match self.url.strip_prefix("sqlite:") {
            Some("") => Err(Error::Unavailable("sqlite: needs the path of a file".into())),
            Some(_) => Ok(()),
            None => match PgConnectOptions::from_str(&self.url) {
                Ok(_) => Ok(()),
                Err(error) => Err(Error::Unavailable(error.to_string())),
            },
        }
    }
}

/// The application's one database: clones share it.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    pool: Pool,
    keyring: Arc<Keyring>,
    commits: AtomicU64,
    acknowledged: AtomicU64,
}

enum Pool {
    Sqlite { path: PathBuf, readers: SqlitePool, writer: Arc<Mutex<Writer>>, waiting: AtomicUsize },
    Postgres(PgPool),
}

/// The one writing connection of SQLite and the state of the open batch.
struct Writer {
    connection: SqliteConnection,
    open: bool,
    /// A transaction was begun, and whoever asked went away before the answer.
    doubtful: bool,
    abandoned: bool,
    waiting_for_commit: Vec<oneshot::Sender<Result<(), Error>>>,
}

/// What a database call is doing. Boxed, so that the compiler proves once here,
/// and not again in every handler that ends here, that it may move between threads.
pub type Doing<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// A transaction, or a connection for reading.
pub struct Tx {
    db: Db,
    link: Link,
    done: bool,
}

enum Link {
    SqliteWrite(OwnedMutexGuard<Writer>),
    SqliteRead(sqlx::pool::PoolConnection<Sqlite>),
    PostgresWrite(sqlx::Transaction<'static, Postgres>),
    PostgresRead(sqlx::pool::PoolConnection<Postgres>),
}

impl Db {
    /// Opens the database; makes the file when there is none yet. Does not
    /// migrate: see [`Db::migrate`].
    pub async fn open(options: &Options, keyring: Arc<Keyring>) -> Result<Self> {
        let pool = if let Some(path) = options.url.strip_prefix("sqlite:") {
            Self::open_sqlite(Path::new(path), options.connections).await?
        } else {
            let connect = PgConnectOptions::from_str(&options.url)
                .map_err(|e| Error::Unavailable(e.to_string()))?
                .application_name("buting");
            Pool::Postgres(
                PgPoolOptions::new()
                    // A migration holds one for its lock, one for its step, one for the backup before it.
                    .max_connections(options.connections.max(3))
                    .acquire_timeout(WRITER_WAIT)
                    .connect_with(connect)
                    .await?,
            )
        };
        Ok(Self(Arc::new(Inner { pool, keyring, commits: AtomicU64::new(0), acknowledged: AtomicU64::new(0) })))
    }

    async fn open_sqlite(path: &Path, readers: u32) -> Result<Pool> {
        let base = sqlite_options(path);
        let connection = base.clone().create_if_missing(true).connect().await?;
        let pool = SqlitePoolOptions::new()
            .max_connections(readers.max(1))
            .acquire_timeout(WRITER_WAIT)
            // A reader that is kept would be checked by a ping before each use.
            .test_before_acquire(false)
            .connect_lazy_with(base.read_only(true));
        Ok(Pool::Sqlite {
            path: path.to_owned(),
            readers: pool,
            writer: Arc::new(Mutex::new(Writer {
                connection,
                open: false,
                doubtful: false,
                abandoned: false,
                waiting_for_commit: Vec::new(),
            })),
            waiting: AtomicUsize::new(0),
        })
    }

    /// Which database this is.
    pub fn dialect(&self) -> Dialect {
        match self.0.pool {
            Pool::Sqlite { .. } => Dialect::Sqlite,
            Pool::Postgres(_) => Dialect::Postgres,
        }
    }

    /// The keys of this installation.
    pub fn keyring(&self) -> &Arc<Keyring> {
        &self.0.keyring
    }

    /// The file of an embedded database.
    pub fn path(&self) -> Option<&Path> {
        match &self.0.pool {
            Pool::Sqlite { path, .. } => Some(path),
            Pool::Postgres(_) => None,
        }
    }

    /// Transactions made durable so far, and writes acknowledged by them. On
    /// SQLite several acknowledgements share one commit, hence one fsync.
    pub fn commits(&self) -> (u64, u64) {
        (self.0.commits.load(Ordering::Relaxed), self.0.acknowledged.load(Ordering::Relaxed))
    }

    /// A connection for reading. Each statement sees the last commit; use
    /// [`Db::snapshot`] when several must see the same.
    pub fn read(&self) -> Doing<'_, Tx> {
        Box::pin(async move {
            let link = match &self.0.pool {
                Pool::Sqlite { readers, .. } => Link::SqliteRead(readers.acquire().await?),
                Pool::Postgres(pool) => Link::PostgresRead(pool.acquire().await?),
            };
            Ok(Tx { db: self.clone(), link, done: true })
        })
    }

    /// A reading transaction whose statements all see one state. End it with
    /// [`Tx::commit`]; dropping it is as good.
    pub fn snapshot(&self) -> Doing<'_, Tx> {
        Box::pin(async move {
            let mut tx = self.read().await?;
            match &mut tx.link {
                Link::SqliteRead(c) => c.execute("BEGIN").await.map(drop)?,
                Link::PostgresRead(c) => {
                    c.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map(drop)?;
                }
                Link::SqliteWrite(_) | Link::PostgresWrite(_) => {}
            }
            tx.done = false;
            Ok(tx)
        })
    }

    /// A transaction for writing. Nothing is kept unless [`Tx::commit`] returns.
    pub fn write(&self) -> Doing<'_, Tx> {
        Box::pin(async move {
            let link = match &self.0.pool {
                Pool::Postgres(pool) => Link::PostgresWrite(pool.begin().await?),
                Pool::Sqlite { writer, waiting, .. } => {
                    waiting.fetch_add(1, Ordering::Relaxed);
                    let turn = tokio::time::timeout(WRITER_WAIT, Arc::clone(writer).lock_owned()).await;
                    waiting.fetch_sub(1, Ordering::Relaxed);
                    let mut writer = turn.map_err(|_| Error::Unavailable("the writer is busy".to_owned()))?;
                    writer.clean_up().await;
                    if !writer.open {
                        writer.doubtful = true;
                        writer.connection.execute("BEGIN IMMEDIATE").await?;
                        writer.doubtful = false;
                        writer.open = true;
                        tokio::spawn(self.clone().flush());
                    }
                    writer.connection.execute("SAVEPOINT desk").await?;
                    Link::SqliteWrite(writer)
                }
            };
            Ok(Tx { db: self.clone(), link, done: false })
        })
    }

    /// Commits the open batch after those who were already waiting have joined.
    async fn flush(self) {
        let Pool::Sqlite { writer, waiting, .. } = &self.0.pool else { return };
        let mut turns = 0;
        let mut writer = loop {
            let guard = Arc::clone(writer).lock_owned().await;
            // Those who came while the batch was at work wait behind this lock;
            // letting them in first makes one fsync serve them too.
            let joined = guard.waiting_for_commit.len();
            if waiting.load(Ordering::Relaxed) > 0 && joined < BATCH && turns < 8 {
                turns += 1;
                drop(guard);
                tokio::task::yield_now().await;
                continue;
            }
            break guard;
        };
        writer.clean_up().await;
        if !writer.open {
            return;
        }
        let result = writer.connection.execute("COMMIT").await.map(drop).map_err(Error::from);
        writer.open = false;
        if result.is_err() {
            // After a full disk the transaction may be gone already; then this
            // statement fails and nothing is open either way.
            let _ = writer.connection.execute("ROLLBACK").await;
        } else {
            self.0.commits.fetch_add(1, Ordering::Relaxed);
        }
        for waiter in writer.waiting_for_commit.drain(..) {
            // A waiter that has gone away does not need the answer.
            let _ = waiter.send(match &result {
                Ok(()) => {
                    self.0.acknowledged.fetch_add(1, Ordering::Relaxed);
                    Ok(())
                }
                Err(Error::Full) => Err(Error::Full),
                Err(error) => Err(Error::Unavailable(error.to_string())),
            });
        }
    }

    /// Lets SQLite look at how values are spread over its indexes. Without that it
    /// takes every zone for ten rows and enters large tables by the wrong index.
    /// PostgreSQL does so by itself.
    pub async fn optimize(&self) -> Result<()> {
        let Pool::Sqlite { writer, .. } = &self.0.pool else { return Ok(()) };
        self.clone().flush().await;
        let mut writer = writer.lock().await;
        writer.clean_up().await;
        if !writer.open {
            // All tables, those included that this connection has not asked yet (0x10000); of
            // those that grew (0x2) a sample (0x10), so that nobody waits long for the writer.
            writer.connection.execute("PRAGMA optimize=0x10012").await?;
        }
        Ok(())
    }

    /// Waits for the open batch and closes every connection.
    pub async fn close(&self) {
        match &self.0.pool {
            Pool::Postgres(pool) => pool.close().await,
            Pool::Sqlite { readers, writer, .. } => {
                self.clone().flush().await;
                readers.close().await;
                let mut writer = writer.lock().await;
                // Leaves a tidy file behind; the WAL is as good if it fails.
                let _ = writer.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").await;
            }
        }
    }
}

fn sqlite_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        .statement_cache_capacity(512)
        .pragma("secure_delete", "ON")
        .pragma("temp_store", "MEMORY")
        .pragma("cache_size", "-32768")
        .disable_statement_logging()
}

impl Writer {
    /// Undoes what somebody left behind who went away: a transaction that may
    /// have begun, a savepoint that was not committed. The marks fall when it is
    /// done, since whoever does it may go away too.
    async fn clean_up(&mut self) {
        if self.doubtful {
            // Fails when nothing had begun, which is as well.
            let _ = self.connection.execute("ROLLBACK").await;
            self.doubtful = false;
        }
        if !self.abandoned {
            return;
        }
        let undone = self.connection.execute("ROLLBACK TO desk; RELEASE desk").await;
        if undone.is_err() {
            self.fail_batch("the batch was rolled back by the database").await;
        }
        self.abandoned = false;
    }

    /// SQLite may roll a whole transaction back on its own (full disk, I/O
    /// error). Then nobody in the batch was stored, and all must hear it.
    async fn fail_batch(&mut self, why: &str) {
        let _ = self.connection.execute("ROLLBACK").await;
        self.open = false;
        for waiter in self.waiting_for_commit.drain(..) {
            let _ = waiter.send(Err(Error::Unavailable(why.to_owned())));
        }
    }
}

impl Tx {
    /// The database that this belongs to.
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// Which dialect its statements are read in.
    pub fn dialect(&self) -> Dialect {
        self.db.dialect()
    }

    /// All rows of a query.
    pub fn all(&mut self, statement: impl Into<Sql>) -> Doing<'_, Vec<Row>> {
        let (text, args) = statement.into().into_parts();
        Box::pin(async move {
            match self.connection() {
                Connected::Sqlite(c) => {
                    let (text, keep) = (for_sqlite(text, args.len()), args.len() <= MANY);
                    let args = sqlite_arguments(args)?;
                    from_sqlite(match text {
                        Cow::Borrowed(text) => sqlx::query_with(text, args).persistent(keep).fetch_all(c).await?,
                        Cow::Owned(text) => {
                            sqlx::query_with(AssertSqlSafe(text), args).persistent(keep).fetch_all(c).await?
                        }
                    })
                }
                Connected::Postgres(c) => {
                    let keep = args.len() <= MANY;
                    let args = postgres_arguments(args)?;
                    from_postgres(match text {
                        Cow::Borrowed(text) => sqlx::query_with(text, args).persistent(keep).fetch_all(c).await?,
                        Cow::Owned(text) => {
                            sqlx::query_with(AssertSqlSafe(text), args).persistent(keep).fetch_all(c).await?
                        }
                    })
                }
            }
        })
    }

    /// All rows, each read as `T` (a struct with [`from_row!`](crate::from_row!), or a tuple).
    pub fn list<'a, T: FromRow + 'a>(&'a mut self, statement: impl Into<Sql>) -> Doing<'a, Vec<T>> {
        let statement = statement.into();
        Box::pin(async move { self.all(statement).await?.iter().map(Row::read).collect() })
    }

    /// The first row, if any.
    pub fn opt<'a, T: FromRow + 'a>(&'a mut self, statement: impl Into<Sql>) -> Doing<'a, Option<T>> {
        let statement = statement.into();
        Box::pin(async move { self.all(statement).await?.first().map(Row::read).transpose() })
    }

    /// The first row; [`Error::Missing`] when there is none.
    pub fn one<'a, T: FromRow + 'a>(&'a mut self, statement: impl Into<Sql>) -> Doing<'a, T> {
        let statement = statement.into();
        Box::pin(async move { self.opt(statement).await?.ok_or(Error::Missing) })
    }

    /// The first column of the first row; [`Error::Missing`] when there is none.
    pub fn value<'a, T: FromValue + 'a>(&'a mut self, statement: impl Into<Sql>) -> Doing<'a, T> {
        let statement = statement.into();
        Box::pin(async move { self.one::<(T,)>(statement).await.map(|(value,)| value) })
    }

    /// The first column of the first row, if any.
    pub fn opt_value<'a, T: FromValue + 'a>(&'a mut self, statement: impl Into<Sql>) -> Doing<'a, Option<T>> {
        let statement = statement.into();
        Box::pin(async move { Ok(self.opt::<(T,)>(statement).await?.map(|(value,)| value)) })
    }

    /// Runs a statement; answers how many rows it changed.
    pub fn run(&mut self, statement: impl Into<Sql>) -> Doing<'_, u64> {
        let (text, args) = statement.into().into_parts();
        Box::pin(async move {
            Ok(match self.connection() {
                Connected::Sqlite(c) => {
                    let (text, keep) = (for_sqlite(text, args.len()), args.len() <= MANY);
                    let args = sqlite_arguments(args)?;
                    match text {
                        Cow::Borrowed(text) => sqlx::query_with(text, args).persistent(keep).execute(c).await?,
                        Cow::Owned(text) => {
                            sqlx::query_with(AssertSqlSafe(text), args).persistent(keep).execute(c).await?
                        }
                    }
                    .rows_affected()
                }
                Connected::Postgres(c) => {
                    let keep = args.len() <= MANY;
                    let args = postgres_arguments(args)?;
                    match text {
                        Cow::Borrowed(text) => sqlx::query_with(text, args).persistent(keep).execute(c).await?,
                        Cow::Owned(text) => {
                            sqlx::query_with(AssertSqlSafe(text), args).persistent(keep).execute(c).await?
                        }
                    }
                    .rows_affected()
                }
            })
        })
    }

    /// Runs a script of several statements without arguments (migrations).
    pub(crate) fn script(&mut self, text: String) -> Doing<'_, ()> {
        Box::pin(async move {
            match self.connection() {
                Connected::Sqlite(c) => c.execute(AssertSqlSafe(text)).await.map(drop)?,
                Connected::Postgres(c) => c.execute(AssertSqlSafe(text)).await.map(drop)?,
            }
            Ok(())
        })
    }

    /// Begins a part of the transaction that may fail without spoiling the rest: on
    /// PostgreSQL a statement that is refused ends the whole transaction otherwise.
    /// End it with [`Tx::keep_part`] or [`Tx::drop_part`]; one at a time.
    pub fn begin_part(&mut self) -> Doing<'_, ()> {
        self.script("SAVEPOINT part".to_owned())
    }

    /// Ends a part that holds.
    pub fn keep_part(&mut self) -> Doing<'_, ()> {
        self.script("RELEASE SAVEPOINT part".to_owned())
    }

    /// Ends a part as if it had never begun.
    pub fn drop_part(&mut self) -> Doing<'_, ()> {
        self.script("ROLLBACK TO SAVEPOINT part; RELEASE SAVEPOINT part".to_owned())
    }

    /// Makes the changes durable; returns when they are.
    pub fn commit(mut self) -> Doing<'static, ()> {
        Box::pin(async move {
            self.done = true;
            let db = self.db.clone();
            // `link` moves out of a type with Drop through a placeholder-free swap:
            // the match below consumes self by parts.
            let answer = match &mut self.link {
                Link::SqliteWrite(writer) => {
                    if let Err(error) = writer.connection.execute("RELEASE desk").await {
                        let error = Error::from(error);
                        writer.fail_batch("the batch was rolled back by the database").await;
                        return Err(error);
                    }
                    let (send, receive) = oneshot::channel();
                    writer.waiting_for_commit.push(send);
                    receive
                }
                Link::SqliteRead(c) => {
                    c.execute("COMMIT").await?;
                    return Ok(());
                }
                Link::PostgresRead(c) => {
                    c.execute("COMMIT").await?;
                    return Ok(());
                }
                Link::PostgresWrite(c) => {
                    c.execute("COMMIT").await?;
                    db.0.commits.fetch_add(1, Ordering::Relaxed);
                    db.0.acknowledged.fetch_add(1, Ordering::Relaxed);
                    return Ok(());
                }
            };
            drop(self);
            answer.await.map_err(|_| Error::Unavailable("the commit was given up".to_owned()))?
        })
    }

    fn connection(&mut self) -> Connected<'_> {
        match &mut self.link {
            Link::SqliteWrite(writer) => Connected::Sqlite(&mut writer.connection),
            Link::SqliteRead(c) => Connected::Sqlite(c),
            Link::PostgresWrite(c) => Connected::Postgres(c),
            Link::PostgresRead(c) => Connected::Postgres(c),
        }
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        match &mut self.link {
            Link::SqliteWrite(writer) => writer.abandoned = true,
            // A reader must not go back to the pool inside a transaction.
            Link::SqliteRead(c) => c.close_on_drop(),
            Link::PostgresRead(c) => c.close_on_drop(),
            Link::PostgresWrite(_) => {}
        }
    }
}

enum Connected<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

/// Statements with more arguments than this are written for one use and not kept.
const MANY: usize = 100;

/// A statement as SQLite takes it quickest.
///
/// SQLite looks every `$7` up by name, when it reads the statement and again when an
/// argument is bound: with thousands of them that is most of the work. Where they
/// stand in order, each once, as in an INSERT of many rows, they need no names.
fn for_sqlite(text: Cow<'static, str>, args: usize) -> Cow<'static, str> {
    if args <= MANY {
        return text;
    }
    let mut bare = String::with_capacity(text.len());
    let (mut rest, mut next) = (text.as_ref(), 1);
    while let Some((before, after)) = rest.split_once('$') {
        let digits = after.bytes().take_while(u8::is_ascii_digit).count();
        if after[..digits].parse() != Ok(next) {
            return text;
        }
        bare.push_str(before);
        bare.push('?');
        rest = &after[digits..];
        next += 1;
    }
    bare.push_str(rest);
    if next == args + 1 { Cow::Owned(bare) } else { text }
}

fn sqlite_arguments(values: Vec<Value>) -> Result<SqliteArguments> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        match value {
            Value::Null(_) => arguments.add(None::<i64>),
            Value::Int(n) => arguments.add(n),
            Value::Real(n) => arguments.add(n),
            Value::Text(text) => arguments.add(text),
            Value::Blob(bytes) => arguments.add(bytes),
            Value::Uuid(uuid) => arguments.add(uuid.as_bytes().to_vec()),
            Value::Bool(yes) => arguments.add(yes),
            Value::Json(json) => arguments.add(json.to_string()),
        }
        .map_err(|e| Error::Shape(e.to_string()))?;
    }
    Ok(arguments)
}

fn postgres_arguments(values: Vec<Value>) -> Result<PgArguments> {
    let mut arguments = PgArguments::default();
    for value in values {
        match value {
            Value::Null(Kind::Int) => arguments.add(None::<i64>),
            Value::Null(Kind::Real) => arguments.add(None::<f64>),
            Value::Null(Kind::Text) => arguments.add(None::<String>),
            Value::Null(Kind::Blob) => arguments.add(None::<Vec<u8>>),
            Value::Null(Kind::Uuid) => arguments.add(None::<uuid::Uuid>),
            Value::Null(Kind::Bool) => arguments.add(None::<bool>),
            Value::Null(Kind::Json) => arguments.add(None::<serde_json::Value>),
            Value::Int(n) => arguments.add(n),
            Value::Real(n) => arguments.add(n),
            // PostgreSQL's text cannot hold NUL; the edge refuses it, and an
            // inner caller gets an error rather than a broken statement.
            Value::Text(text) => arguments.add(text),
            Value::Blob(bytes) => arguments.add(bytes),
            Value::Uuid(uuid) => arguments.add(uuid),
            Value::Bool(yes) => arguments.add(yes),
            Value::Json(json) => arguments.add(json),
        }
        .map_err(|e| Error::Shape(e.to_string()))?;
    }
    Ok(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_arguments_in_order_need_no_names() {
        let numbered = |n: usize| (1..=n).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ");
        for (text, args, bare) in [
            (numbered(200), 200, vec!["?"; 200].join(", ")),
            // Few arguments, one used twice, one out of order, or a `$` that is none: as they are.
            (numbered(20), 20, numbered(20)),
            (format!("{}, $1", numbered(200)), 200, format!("{}, $1", numbered(200))),
            (format!("$2, {}", numbered(200)), 200, format!("$2, {}", numbered(200))),
            (format!("'$.x', {}", numbered(200)), 200, format!("'$.x', {}", numbered(200))),
        ] {
            assert_eq!(for_sqlite(Cow::Owned(text), args), bare);
        }
    }
}
