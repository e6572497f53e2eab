//! The logins of the functions: each may work as one role, and as nothing else.
//!
//! Written for PostgreSQL 14 to 18 and a user with CREATEROLE who is no superuser, as RDS's master user: up to 15 that
//! one may grant any role; from 16 on only those it has with ADMIN OPTION, which it has of every role it made.

use serde::Serialize;
use shared::config::{DatabaseLogin, LoginRole};
use shared::data::DbError;
use shared::data::connect::Server;
use tokio_postgres::{Client, Row, Transaction};

use crate::connected;

/// A login could not be made as it should be. None has changed, but where it says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// A statement failed.
    #[error("{0} failed: {1}")]
    Failed(String, #[source] DbError),
    /// There is such a role, and it may do more than a function's login may.
    #[error("{0} is no login for a function: it is a role with rights of its own, or owns something")]
    Powerful(String),
    /// Somebody granted it what the migrating user can't take away, or the other way round.
    #[error("{0} has other roles than it should, and the migrating user may not change that")]
    Memberships(String),
    /// The server counts whoever made a login that signs in by token as one itself.
    #[error(
        "with these logins the migrating user could not sign in any more as it did now, so they were left without rds_iam: \
         let it sign in by IAM, too"
    )]
    LocksOut,
}

/// How a login signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignIn {
    /// By a token of IAM's, and by nothing else.
    Iam,
    /// It was made now and has no password: who signs in as it is for `pg_hba.conf`, or the operator, to say.
    NoPassword,
    /// As it did before.
    Unchanged,
}

/// A login, as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoginReport {
    /// Its name.
    pub login: String,
    /// What it works as.
    pub role: &'static str,
    /// How it signs in.
    pub sign_in: SignIn,
}

impl std::fmt::Display for LoginReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign_in = match self.sign_in {
            SignIn::Iam => "signs in by IAM only",
            SignIn::NoPassword => "is new and has no password",
            SignIn::Unchanged => "signs in as before",
        };
        write!(f, "{} works as {} and {sign_in}", self.login, self.role)
    }
}

/// Makes what is missing, all of it or nothing. The server's clients may hold what they have until they connect anew.
pub(crate) async fn set_up(
    client: &mut Client,
    logins: &[DatabaseLogin],
    server: &Server,
) -> Result<Vec<LoginReport>, LoginError> {
    if logins.is_empty() {
        return Ok(Vec::new());
    }
    let transaction = client.transaction().await.map_err(failed("setting up the logins", None))?;
    may_work_as_each_role(&transaction).await?;
    let by_token = is_rds(&transaction).await?;
    let mut reports = Vec::new();
    let mut newly_by_token = Vec::new();
    for login in logins {
        let made = make(&transaction, login).await?;
        only_its_role(&transaction, login).await?;
        defaults(&transaction, login).await?;
        if by_token && signs_in_by_token(&transaction, login).await? {
            newly_by_token.push(login);
        }
        let sign_in = match (by_token, made) {
            (true, _) => SignIn::Iam,
            (false, true) => SignIn::NoPassword,
            (false, false) => SignIn::Unchanged,
        };
        let (login, role) = (login.name.as_str().to_owned(), login.role.name());
        reports.push(LoginReport { login, role, sign_in });
    }
    transaction.commit().await.map_err(failed("setting up the logins", None))?;
    if !newly_by_token.is_empty() && locks_out(server).await {
        for login in newly_by_token {
            let revoke = format!("REVOKE rds_iam FROM {}", login.name.quoted());
            client.batch_execute(&revoke).await.map_err(failed("taking rds_iam from", Some(login)))?;
        }
        return Err(LoginError::LocksOut);
    }
    Ok(reports)
}

/// The error of a step that is named like this, and of the login it was for.
fn failed(step: &'static str, login: Option<&DatabaseLogin>) -> impl Fn(tokio_postgres::Error) -> LoginError {
    let of = login.map(|login| format!(" {}", login.name.as_str())).unwrap_or_default();
    move |error| LoginError::Failed(format!("{step}{of}"), error.into())
}

/// From 16 on, membership alone does not let one work as the role.
const MAY_WORK_AS: &str = "SELECT pg_has_role($1::name, $2::name,
    CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END)";

/// Who migrates may work as each role: only then may it make one a login's default, and the operator, who has the same
/// login, works as them.
async fn may_work_as_each_role(transaction: &Transaction<'_>) -> Result<(), LoginError> {
    let failed = failed("granting the roles to the migrating user", None);
    let user = transaction.query_one("SELECT current_user::text", &[]).await.map_err(&failed)?;
    for role in LoginRole::ALL.map(LoginRole::name) {
        let may = transaction.query_one(MAY_WORK_AS, &[&user.get::<_, &str>(0), &role]).await.map_err(&failed)?;
        if !may.get::<_, bool>(0) {
            let grant = format!("GRANT {role} TO CURRENT_USER");
            transaction.batch_execute(&grant).await.map_err(&failed)?;
        }
    }
    Ok(())
}

async fn is_rds(transaction: &Transaction<'_>) -> Result<bool, LoginError> {
    let sql = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_iam')";
    Ok(transaction.query_one(sql, &[]).await.map_err(failed("looking for rds_iam", None))?.get(0))
}

/// A login that owns something is not bound by row-level security there.
const KNOWN: &str = "SELECT rolcanlogin AND NOT rolinherit AS fits,
        rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls OR rolname = session_user
            OR EXISTS (SELECT FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = pg_roles.oid
                AND deptype = 'o') AS powerful
    FROM pg_roles WHERE rolname = $1::text";

/// Whether the login was made now. It inherits nothing: what it may do it does as its role.
async fn make(transaction: &Transaction<'_>, login: &DatabaseLogin) -> Result<bool, LoginError> {
    let failed = failed("making", Some(login));
    let known = transaction.query_opt(KNOWN, &[&login.name.as_str()]).await.map_err(&failed)?;
    let name = login.name.quoted();
    let statement = match &known {
        Some(known) if known.get("powerful") => return Err(LoginError::Powerful(login.name.as_str().to_owned())),
        Some(known) if known.get("fits") => return Ok(false),
        Some(_) => format!("ALTER ROLE {name} LOGIN NOINHERIT"),
        None => {
            format!("CREATE ROLE {name} LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS")
        }
    };
    transaction.batch_execute(&statement).await.map_err(&failed)?;
    Ok(known.is_none())
}

/// The roles a login has beside those it should have; one it may pass on is not as it should be either.
const FOREIGN: &str = "SELECT DISTINCT quote_ident(role.rolname) AS role FROM pg_auth_members
        JOIN pg_roles role ON role.oid = roleid JOIN pg_roles login ON login.oid = member
    WHERE login.rolname = $1::text AND (role.rolname <> ALL (ARRAY[$2::text, 'rds_iam']) OR admin_option)";

/// Takes away what was another's before, and gives the login its role.
async fn only_its_role(transaction: &Transaction<'_>, login: &DatabaseLogin) -> Result<(), LoginError> {
    let failed = failed("giving its role to", Some(login));
    let (name, role) = (login.name.as_str(), login.role.name());
    let foreign = async || transaction.query(FOREIGN, &[&name, &role]).await.map_err(&failed);
    for row in foreign().await? {
        let revoke = format!("REVOKE {} FROM {} CASCADE", row.get::<_, &str>("role"), login.name.quoted());
        transaction.batch_execute(&revoke).await.map_err(&failed)?;
    }
    let may = async || -> Result<bool, LoginError> {
        let row: Row = transaction.query_one(MAY_WORK_AS, &[&name, &role]).await.map_err(&failed)?;
        Ok(row.get(0))
    };
    if !may().await? {
        let grant = format!("GRANT {role} TO {}", login.name.quoted());
        transaction.batch_execute(&grant).await.map_err(&failed)?;
    }
    // Whoever may not take a role away is only warned.
    if foreign().await?.is_empty() && may().await? { Ok(()) } else { Err(LoginError::Memberships(name.to_owned())) }
}

/// What `shared::data` asks for at the start of a connection: RDS Proxy takes no such options.
async fn defaults(transaction: &Transaction<'_>, login: &DatabaseLogin) -> Result<(), LoginError> {
    let failed = failed("setting the defaults of", Some(login));
    let row = transaction.query_one("SELECT quote_ident(current_database())", &[]).await.map_err(&failed)?;
    let (name, role, database) = (login.name.quoted(), login.role.name(), row.get::<_, &str>(0));
    let statements = format!(
        "ALTER ROLE {name} IN DATABASE {database} RESET ALL;
         ALTER ROLE {name} RESET ALL;
         ALTER ROLE {name} SET role = '{role}';
         ALTER ROLE {name} SET statement_timeout = '10s';
         ALTER ROLE {name} SET TimeZone = 'UTC'"
    );
    transaction.batch_execute(&statements).await.map_err(&failed)
}

/// Lets the login sign in by token only; whether it could not before.
async fn signs_in_by_token(transaction: &Transaction<'_>, login: &DatabaseLogin) -> Result<bool, LoginError> {
    let failed = failed("granting rds_iam to", Some(login));
    let sql = "SELECT pg_has_role($1::name, 'rds_iam', 'MEMBER')";
    let row = transaction.query_one(sql, &[&login.name.as_str()]).await.map_err(&failed)?;
    if row.get(0) {
        return Ok(false);
    }
    let grant = format!("GRANT rds_iam TO {}", login.name.quoted());
    transaction.batch_execute(&grant).await.map_err(&failed)?;
    Ok(true)
}

/// Whether the server does not let us in any more. Members of `rds_iam`, also by way of others, have no password there, and
/// from PostgreSQL 16 on whoever makes a login is a member of it. Seen by trying: what RDS counts stands nowhere.
async fn locks_out(server: &Server) -> bool {
    let signed_in = connected(server, async |_| ()).await;
    // Class 28: invalid authorisation. A server that is away for a moment locks nobody out.
    matches!(signed_in, Err(DbError::Statement { sqlstate }) if sqlstate.starts_with("28"))
}
