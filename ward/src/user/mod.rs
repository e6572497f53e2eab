//! `ward user`: accounts, from the machine's side. It makes the first administrator, and helps where none is left.

mod help;
mod table;

use auth::admin::{self, Link, ManagedUser, NewUser};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use shared::Platform;
use shared::config::Lookup;
use shared::identity::Role;
use shared::vault::erasure::Tombstone;

use crate::command::{CommandError, SettingsFile};
use crate::erasure::erase;

/// What `ward user` is asked for.
#[derive(Args, Debug)]
pub struct User {
    #[command(flatten)]
    file: SettingsFile,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Make a user, and print a link to open the account by within an hour
    #[command(after_long_help = help::CREATE_EXAMPLES)]
    Create(Create),
    /// Show the users: id, username, role, status and display name
    #[command(long_about = help::LIST_ABOUT)]
    List(List),
    /// Give a user another role
    #[command(long_about = help::ROLE_ABOUT)]
    Role {
        /// Who
        username: String,
        /// What the user is to be
        #[arg(value_parser = role())]
        role: Role,
    },
    /// Let nobody sign in as a user any more, and end the user's sessions
    Disable {
        /// Who
        username: String,
    },
    /// Let a disabled user sign in again
    Enable {
        /// Who
        username: String,
    },
    /// Erase a user and everything of theirs, for good
    #[command(long_about = help::ERASE_ABOUT)]
    Erase {
        /// Who: username or id
        username: String,
        /// Yes, for good
        #[arg(long, required = true)]
        yes: bool,
        /// Also the last active administrator
        #[arg(long)]
        even_the_last: bool,
    },
    /// Print a new link into an account, in place of the earlier ones
    #[command(long_about = help::LINK_ABOUT)]
    Link {
        /// Whose
        username: String,
    },
}

#[derive(Args, Debug)]
struct Create {
    /// What the user signs in by: 1 to 64 visible characters
    username: String,
    /// What the user is called; the username where it is not said
    #[arg(long, value_name = "NAME")]
    display_name: Option<String>,
    /// An email address, for recovery once the user has proved it
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// Make an administrator
    #[arg(long, conflicts_with = "role")]
    admin: bool,
    /// What the user is to be
    #[arg(long, default_value = "user", value_parser = role())]
    role: Role,
}

#[derive(Args, Debug)]
struct List {
    /// Only users of this role
    #[arg(long, value_parser = role())]
    role: Option<Role>,
    /// Only users of this status
    #[arg(long, value_parser = ["invited", "active", "disabled"])]
    status: Option<String>,
}

fn role() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::ALL.map(Role::name)).try_map(|name| Role::parse(&name).ok_or("no such role"))
}

pub use help::{ABOUT, EXAMPLES};

/// Runs the command on the database of the settings. What it answers goes to standard output, what it explains to standard
/// error.
///
/// # Errors
/// [`CommandError`].
pub async fn run(user: User, environment: Lookup) -> Result<(), CommandError> {
    let settings = user.file.settings(&environment)?;
    let cache_is_shared = settings.cache.is_some();
    let platform = Platform::connect(settings).await?;
    let app = auth::App::new(platform.clone())?;
    match user.command {
        Command::Create(create) => {
            let role = if create.admin { Role::Admin } else { create.role };
            let display_name = create.display_name.as_deref().unwrap_or(&create.username);
            let email = create.email.as_deref();
            let new = NewUser { username: &create.username, display_name, email, role };
            show_link(&admin::create(&app, new).await?);
        }
        Command::Link { username } => show_link(&admin::link(&app, &username).await?),
        Command::List(List { role, status }) => list(&app, role, status.as_deref()).await?,
        Command::Role { username, role } => show(&admin::set_role(&app, &username, role).await?, cache_is_shared),
        Command::Disable { username } => show(&admin::disable(&app, &username).await?, cache_is_shared),
        Command::Erase { username, yes: _, even_the_last } => {
            let user = match username.parse() {
                Ok(id) => id,
                Err(_) => admin::find(&app, &username).await?,
            };
            if !even_the_last && admin::is_last_administrator(&app, user).await? {
                return Err(CommandError::Unfit(
                    "this is the last active administrator: make another one first, or add --even-the-last".into(),
                ));
            }
            let db = platform.operator_db(1)?;
            erase(&platform, &db, Tombstone { subject: user, erased_at: platform.now() }).await?;
            println!("erased {user}");
        }
        Command::Enable { username } => show(&admin::enable(&app, &username).await?, cache_is_shared),
    }
    Ok(())
}

async fn list(app: &auth::App, role: Option<Role>, status: Option<&str>) -> Result<(), CommandError> {
    let mut users = Vec::new();
    loop {
        let after = users.last().map(|user: &ManagedUser| user.id);
        let (page, more) = admin::list(app, role, status, after).await?;
        users.extend(page);
        if !more {
            break;
        }
    }
    if users.is_empty() {
        eprintln!("There is no such user. `ward user create --admin NAME` makes the first administrator.");
    } else {
        print!("{}", table::of(&users));
    }
    Ok(())
}

fn show_link(Link { user, url, expires_at }: &Link) {
    let until = expires_at.strftime("%H:%M UTC");
    if user.status == "active" {
        eprintln!("{} has an account. Whoever opens this link by {until} can recover it:", user.username);
    } else {
        eprintln!("{} ({}) is invited. Open this link in a browser by {until}:", user.username, user.role.name());
    }
    println!("{url}");
    eprintln!("It works once, and it is all one needs: pass it on to nobody else.");
}

fn show(user: &ManagedUser, cache_is_shared: bool) {
    println!("{}: role {}, status {}", user.username, user.role.name(), user.status);
    if !cache_is_shared {
        eprintln!("Without REDIS_URL a server that runs already sees this within a minute.");
    }
}
