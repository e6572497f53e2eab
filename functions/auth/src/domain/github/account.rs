//! A new user, who comes from GitHub.

use shared::data::DbError;
use shared::http::Problem;
use shared::identity::Role;
use shared::ledger::AuditEntry;
use shared::vault::BlindIndex;
use uuid::Uuid;

use super::{arrival, connection, link};
use crate::App;
use crate::domain::attempts::Attempt;
use crate::domain::sign_in::{self, Welcome};
use crate::domain::{Client, contacts, profile};
use crate::github::{Grant, Person};
use crate::model::{DisplayName, Profile, Username};
use crate::store::accounts::{self, Account, Status};
use crate::store::oauth_connections::{self as connections, New, Tokens};
use crate::store::{contacts as contact_rows, users};

/// How many names are tried: each has 16 random bits.
const MOST_NAMES: usize = 8;

/// The rows of a new user, sealed before the transaction begins.
struct Rows {
    user_id: Uuid,
    username: BlindIndex,
    profile: Vec<u8>,
    subject: BlindIndex,
    connection_id: Uuid,
    github_profile: Vec<u8>,
    tokens: Tokens,
    contact: Option<Contact>,
}

struct Contact {
    id: Uuid,
    address: Vec<u8>,
    index: BlindIndex,
}

/// Makes a user and signs them in; `None` where the name or the GitHub account was taken meanwhile.
pub(super) async fn create(
    app: &App,
    client: &Client,
    attempt: &Attempt,
    person: &Person,
    grant: &Grant,
) -> Result<Option<Welcome>, Problem> {
    let (username, index) = free_username(app, &person.login).await?;
    let display_name = DisplayName::parse(person.name.as_deref().unwrap_or_default());
    let display_name = display_name.or_else(|_| DisplayName::parse(&person.login))?;
    let rows = prepare(app, Profile { username, display_name }, index, person, grant).await?;
    match store(app, client, attempt, &rows).await {
        Err(StoreError::Taken) => Ok(None),
        Err(StoreError::Problem(problem)) => Err(problem),
        Ok(welcome) => Ok(Some(welcome)),
    }
}

/// The login, or the login with a random end where another user has it.
async fn free_username(app: &App, login: &str) -> Result<(Username, BlindIndex), Problem> {
    let platform = &app.platform;
    for attempt in 0..MOST_NAMES {
        let [high, low] = platform.random.bytes()?;
        let name = if attempt == 0 { login.to_owned() } else { format!("{login}-{high:02x}{low:02x}") };
        let username = Username::parse(&name)?;
        let index = platform.vault.blind_index(&platform.db, "users.username", None, &username.canonical()).await?;
        if accounts::find_id(&platform.db.unscoped(), "username", &index).await?.is_none() {
            return Ok((username, index));
        }
    }
    Err(Problem::unavailable())
}

async fn prepare(
    app: &App,
    profile: Profile,
    username: BlindIndex,
    person: &Person,
    grant: &Grant,
) -> Result<Rows, Problem> {
    let platform = &app.platform;
    let (user_id, connection_id) = (platform.new_id()?, platform.new_id()?);
    let contact = match person.addresses.iter().find(|address| address.primary) {
        Some(primary) => {
            let id = platform.new_id()?;
            let address = contacts::seal(platform, user_id, id, primary.address.as_str()).await?;
            Some(Contact { id, address, index: contacts::email_index(platform, &primary.address).await? })
        }
        None => None,
    };
    Ok(Rows {
        user_id,
        username,
        profile: profile::seal(platform, user_id, &profile).await?,
        subject: link::subject(platform, person).await?,
        connection_id,
        github_profile: connection::seal_profile(platform, user_id, connection_id, person).await?,
        tokens: connection::seal_tokens(platform, user_id, connection_id, grant).await?,
        contact,
    })
}

enum StoreError {
    Taken,
    Problem(Problem),
}

impl From<DbError> for StoreError {
    fn from(error: DbError) -> Self {
        let taken = error.violates(users::USERNAME_TAKEN) || error.violates(connections::SUBJECT_TAKEN);
        if taken { Self::Taken } else { Self::Problem(error.into()) }
    }
}

impl From<Problem> for StoreError {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// One transaction: what is taken undoes all of it.
async fn store(app: &App, client: &Client, attempt: &Attempt, rows: &Rows) -> Result<Welcome, StoreError> {
    let (platform, user_id, now) = (&app.platform, rows.user_id, app.platform.now());
    let attempt = attempt.by(app, user_id).await?;
    let entry = AuditEntry::of(user_id, client.request, "auth.register", "user", now).resource(user_id);
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    users::insert(&transaction, user_id, &rows.username, &rows.profile, now).await?;
    let new = New {
        id: rows.connection_id,
        user_id,
        subject: &rows.subject,
        profile: &rows.github_profile,
        tokens: &rows.tokens,
        now,
    };
    connections::insert(&transaction, &new).await?;
    if let Some(Contact { id, address, index }) = &rows.contact {
        // Where somebody has proved the address meanwhile it is theirs.
        let _is_free = contact_rows::insert_verified(&transaction, *id, user_id, "email", address, index, now).await?;
    }
    let account = Account::new(Role::User, Status::Active, rows.profile.clone());
    let proven = arrival::proven(user_id);
    let begun = sign_in::begin(app, &transaction, client, &proven, &account, Some(&attempt)).await?;
    transaction.commit().await?;
    Ok(begun.welcome(app, client, &account).await?)
}
