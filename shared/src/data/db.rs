//! PostgreSQL: one pipelined round trip for a call without a decision, a transaction for one with.

use std::future::Future;
use std::time::Duration;

use deadpool_postgres::{
    Client, ClientWrapper, Hook, HookError, Manager, ManagerConfig, Metrics, Pool, RecyclingMethod, Timeouts,
};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::connect::Server;
use super::{DbError, IamTokens};
use crate::config::DatabaseSettings;
use crate::ledger::audit::{self, AuditEntry};

/// The role the functions work as, whoever they log in as: row-level security binds it.
const ROLE: &str = "ward_app";
/// The role of the maintenance function, which may also do what nobody asks for in a request.
const MAINTENANCE_ROLE: &str = "ward_maintenance";

const SET_USER: &str = "SELECT set_config('ward.user_id', $1, true)";

/// After this long without use a connection is checked before it is used again.
const IDLE: Duration = Duration::from_secs(30);

/// Longest wait for an answer: a little more than the server gives a statement.
const DEADLINE: Duration = Duration::from_secs(12);

/// Gives up on a server that has gone silent.
async fn in_time<T>(call: impl Future<Output = Result<T, DbError>>) -> Result<T, DbError> {
    tokio::time::timeout(DEADLINE, call).await.unwrap_or(Err(DbError::Unavailable("waiting for its answer")))
}

/// Parameters of a statement.
pub type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// Something statements can be run on: a single audited round trip, or a transaction.
///
/// Store functions take this, so that their caller chooses.
pub trait Statements: Sync {
    /// Runs one statement and gives its rows.
    fn query(&self, sql: &'static str, params: Params<'_>) -> impl Future<Output = Result<Vec<Row>, DbError>> + Send;
}

/// A pool of connections. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    pool: Pool,
}

impl Db {
    /// What the connections of functions are called, in `pg_stat_activity` and the server's log.
    pub const FUNCTIONS: &str = "ward";

    /// Opens nothing yet: the first call connects.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] where the settings can't be understood.
    pub fn new(settings: &DatabaseSettings, connections: usize, tokens: &IamTokens) -> Result<Self, DbError> {
        Self::open(Server::new(settings, tokens)?, connections, Self::FUNCTIONS, Some(ROLE))
    }

    /// The same as the role of the maintenance function.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] where the settings can't be understood.
    pub fn maintenance(settings: &DatabaseSettings, connections: usize, tokens: &IamTokens) -> Result<Self, DbError> {
        Self::open(Server::new(settings, tokens)?, connections, Self::FUNCTIONS, Some(MAINTENANCE_ROLE))
    }

    /// The same as whoever the login is: for the operator's commands, which see everybody's rows where the login may act
    /// as the tables' owner.
    ///
    /// # Errors
    /// [`DbError::Unavailable`] where the settings can't be understood.
    pub fn operator(settings: &DatabaseSettings, connections: usize, tokens: &IamTokens) -> Result<Self, DbError> {
        Self::open(Server::new(settings, tokens)?, connections, "ward operator", None)
    }

    fn open(server: Server, connections: usize, name: &str, role: Option<&str>) -> Result<Self, DbError> {
        let mut config = server.config().clone();
        config.application_name(name).connect_timeout(Duration::from_secs(3));
        // Before a proxy the login brings these with it.
        if !server.is_proxy() {
            let role = role.map(|role| format!("-c role={role} ")).unwrap_or_default();
            config.options(format!("{role}-c statement_timeout=10s -c TimeZone=UTC"));
        }
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let limit = Some(Duration::from_secs(5));
        let pool = Pool::builder(Manager::from_connect(config, server, recycling))
            .max_size(connections)
            .runtime(deadpool_postgres::Runtime::Tokio1)
            .timeouts(Timeouts { wait: limit, create: limit, recycle: limit })
            .pre_recycle(Hook::async_fn(check_if_idle))
            .build()
            .map_err(|_| DbError::Unavailable("building the pool"))?;
        Ok(Self { pool })
    }

    /// One audited access to the data of the entry's user: `BEGIN`, the row-level-security setting, the
    /// statement, the audit row and `COMMIT` in one round trip.
    pub fn scoped(&self, entry: AuditEntry) -> Scoped<'_> {
        Scoped { db: self, user: entry.user_id(), entry: Some(entry) }
    }

    /// One access in a user's name to what is not the user's data: data keys, sessions.
    pub fn unaudited(&self, user: Uuid) -> Scoped<'_> {
        Scoped { db: self, user, entry: None }
    }

    /// Statements that belong to no user; row-level security shows them no user's row.
    pub fn unscoped(&self) -> Unscoped<'_> {
        Unscoped(self)
    }

    /// A connection for a transaction with a decision in the middle.
    pub async fn connection(&self) -> Result<Connection, DbError> {
        self.client().await.map(|client| Connection(Some(client)))
    }

    async fn client(&self) -> Result<Client, DbError> {
        Ok(self.pool.get().await?)
    }
}

/// Asks a connection that was idle for long whether it still lives: a frozen sandbox does not hear it go.
fn check_if_idle<'a>(client: &'a mut ClientWrapper, metrics: &'a Metrics) -> BoxFuture<'a, Result<(), HookError>> {
    Box::pin(async move {
        if metrics.last_used() > IDLE {
            // The pool's own limits don't reach into a hook.
            let lives = tokio::time::timeout(Duration::from_secs(1), client.simple_query("")).await;
            lives.map_err(|_| HookError::message("silent"))?.map_err(HookError::Backend)?;
        }
        Ok(())
    })
}

/// A single audited round trip. Each statement run on it is a transaction of its own.
pub struct Scoped<'a> {
    db: &'a Db,
    user: Uuid,
    entry: Option<AuditEntry>,
}

impl Statements for Scoped<'_> {
    async fn query(&self, sql: &'static str, params: Params<'_>) -> Result<Vec<Row>, DbError> {
        in_time(self.pipeline(sql, params)).await
    }
}

impl Scoped<'_> {
    async fn pipeline(&self, sql: &'static str, params: Params<'_>) -> Result<Vec<Row>, DbError> {
        let client = self.db.client().await?;
        // Everything is prepared before anything is sent: a statement that waited for its preparation would be
        // overtaken by the COMMIT behind it.
        let (begin, set_user, statement, audit, commit) = (
            client.prepare_cached("BEGIN").await?,
            client.prepare_cached(SET_USER).await?,
            client.prepare_cached(sql).await?,
            client.prepare_cached(audit::INSERT).await?,
            client.prepare_cached("COMMIT").await?,
        );
        let user = self.user.to_string();
        let audit_row = self.entry.as_ref().map(AuditEntry::params);
        let write_audit = async {
            match &audit_row {
                Some(row) => client.execute(&audit, &row.as_refs()).await,
                None => Ok(0),
            }
        };
        let set_params: [&(dyn ToSql + Sync); 1] = [&user];
        // Biased: the futures are first polled, and so sent, in this order.
        let (opened, set, rows, audited, committed) = tokio::join!(biased;
            client.execute(&begin, &[]),
            client.query(&set_user, &set_params),
            client.query(&statement, params),
            write_audit,
            client.execute(&commit, &[]),
        );
        // After a failure PostgreSQL answers the COMMIT with a rollback, so the first error is the one to tell.
        opened?;
        set?;
        let rows = rows?;
        audited?;
        committed?;
        Ok(rows)
    }
}

/// Statements that belong to no user.
pub struct Unscoped<'a>(&'a Db);

impl Statements for Unscoped<'_> {
    async fn query(&self, sql: &'static str, params: Params<'_>) -> Result<Vec<Row>, DbError> {
        in_time(async {
            let client = self.0.client().await?;
            let statement = client.prepare_cached(sql).await?;
            Ok(client.query(&statement, params).await?)
        })
        .await
    }
}

/// A connection of the pool: given back with the commit, or dropped with this.
pub struct Connection(Option<Client>);

impl Connection {
    /// Begins a transaction that serves the entry's user, with the audit row as its first write.
    pub async fn begin(&mut self, entry: &AuditEntry) -> Result<Transaction<'_>, DbError> {
        // Made before anything is sent, so that whatever ends this call early rolls back.
        let transaction = Transaction(self);
        transaction.query("BEGIN", &[]).await?;
        transaction.query(SET_USER, &[&entry.user_id().to_string()]).await?;
        transaction.query(audit::INSERT, &entry.params().as_refs()).await?;
        Ok(transaction)
    }
}

/// A transaction with decisions in it. Dropped without [`Transaction::commit`], it is rolled back.
pub struct Transaction<'a>(&'a mut Connection);

impl Transaction<'_> {
    /// Makes everything durable, and gives the connection back to the pool: what comes after a commit may need one of
    /// its own, or wait for an outside service.
    pub async fn commit(self) -> Result<(), DbError> {
        self.query("COMMIT", &[]).await?;
        drop(self.0.0.take());
        Ok(())
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        if let Some(client) = &self.0.0 {
            // Sent when it is first polled; the next who uses the connection comes after it, so nobody has to wait.
            let _sent = client.batch_execute("ROLLBACK").now_or_never();
        }
    }
}

impl Statements for Transaction<'_> {
    async fn query(&self, sql: &'static str, params: Params<'_>) -> Result<Vec<Row>, DbError> {
        in_time(async {
            let client = self.0.0.as_ref().ok_or(DbError::Unavailable("using a connection that was given back"))?;
            let statement = client.prepare_cached(sql).await?;
            Ok(client.query(&statement, params).await?)
        })
        .await
    }
}
