//! Devices: a browser or app is known again by the secret of a cookie.

use jiff::SignedDuration;
use shared::data::Transaction;
use shared::http::Problem;
use shared::identity::{Caller, SessionToken};
use shared::ledger::AuditEntry;
use shared::vault::Field;
use uuid::Uuid;

use super::{Client, contacts, labels, sessions};
use crate::App;
use crate::delivery::Template;
use crate::model::Label;
use crate::store::accounts;
use crate::store::devices::{self, Device};
use crate::store::sessions::Which;

/// Devices a user has at the most: each has counts of failures of its own.
const MOST: i64 = 20;
/// New devices in an hour after which their user has heard enough; `security_events` has them all.
const MOST_NOTICES: i64 = 5;
const AN_HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The device a session begins on.
pub(crate) struct Recognised {
    pub(crate) id: Uuid,
    /// Its name, for a notice.
    pub(crate) name: String,
    /// The secret for its cookie, where the browser had none.
    pub(crate) new_secret: Option<SessionToken>,
    /// Whether it is new, and not the user's first.
    pub(crate) is_new: bool,
    /// Whether the user should hear of it.
    pub(crate) notice: bool,
}

/// Whether the user has trusted this device and still does.
pub(crate) async fn is_trusted(app: &App, client: &Client, user_id: Uuid) -> Result<bool, Problem> {
    let Some(hash) = client.device_hash() else { return Ok(false) };
    let device = devices::find(&app.platform.db.unaudited(user_id), &hash).await?;
    let now = app.platform.now();
    Ok(device.is_some_and(|device| device.trusted_until.is_some_and(|until| until > now)))
}

/// Has the user's data key at hand, which names and addresses are sealed under: it may have to be fetched, and no
/// connection waits for that. Comes before the transaction of [`recognise`].
pub(crate) async fn prepare(app: &App, user_id: Uuid) -> Result<(), Problem> {
    Ok(app.platform.vault.owner_key(&app.platform.db, user_id).await.map(drop)?)
}

/// The client's device, stored now where the user has not signed in on it before.
pub(crate) async fn recognise(
    app: &App,
    on: &Transaction<'_>,
    client: &Client,
    user_id: Uuid,
) -> Result<Recognised, Problem> {
    let platform = &app.platform;
    let now = platform.now();
    let name = name_of(&client.user_agent);
    if let Some(hash) = client.device_hash()
        && let Some(device) = devices::find(on, &hash).await?
        && devices::seen(on, device.id, now).await?
    {
        return Ok(Recognised { id: device.id, name, new_secret: None, is_new: false, notice: false });
    }
    // A secret the browser has from another user serves this one too: rows are told apart by user. It is not what trust
    // rests on.
    let (secret, new_secret) = if let Some(secret) = &client.device {
        (secret.clone(), None)
    } else {
        let secret = SessionToken::generate(&platform.random)?;
        (secret.clone(), Some(secret))
    };
    let (known, lately) = devices::how_many(on, now - AN_HOUR).await?;
    let is_new = known > 0;
    let notice = is_new && lately < MOST_NOTICES;
    let id = platform.new_id()?;
    let key = platform.vault.owner_key(&platform.db, user_id).await?;
    let sealed = key.seal(&field(&id.to_string()), name.as_bytes())?;
    let id = devices::insert(on, id, user_id, &secret.hash(), &sealed, now).await?;
    devices::forget_beyond(on, MOST).await?;
    Ok(Recognised { id, name, new_secret, is_new, notice })
}

/// Trusts a device, by a new secret: whoever has used the browser before may know the old one.
pub(crate) async fn trust(app: &App, on: &Transaction<'_>, device: &mut Recognised) -> Result<(), Problem> {
    let (platform, days) = (&app.platform, app.platform.settings.sign_in.trusted_device_days);
    let secret = SessionToken::generate(&platform.random)?;
    devices::trust(on, device.id, platform.now() + SignedDuration::from_hours(24 * days), &secret.hash()).await?;
    device.new_secret = Some(secret);
    Ok(())
}

/// A device and its name.
pub(crate) struct Shown {
    pub(crate) device: Device,
    pub(crate) name: String,
}

/// The caller's devices.
pub(crate) async fn list(app: &App, caller: &Caller) -> Result<Vec<Shown>, Problem> {
    let platform = &app.platform;
    let on = platform.db.scoped(AuditEntry::by(caller, "device.list", "device", platform.now()));
    let mut shown = Vec::new();
    for device in devices::list(&on).await? {
        let name = labels::open(platform, caller.user_id(), &field(&device.id.to_string()), &device.name).await?;
        shown.push(Shown { device, name });
    }
    Ok(shown)
}

/// Gives a device another name.
///
/// # Errors
/// 404 where it is none of the caller's.
pub(crate) async fn rename(app: &App, caller: &Caller, id: Uuid, name: &Label) -> Result<(), Problem> {
    let platform = &app.platform;
    let sealed = labels::seal(platform, caller.user_id(), &field(&id.to_string()), name).await?;
    let entry = AuditEntry::by(caller, "device.rename", "device", platform.now()).resource(id);
    let found = devices::rename(&platform.db.scoped(entry), id, &sealed).await?;
    found.then_some(()).ok_or_else(Problem::not_found)
}

/// Forgets a device: it is trusted no more, and its sessions end.
///
/// # Errors
/// 404 where it is none of the caller's.
pub(crate) async fn forget(app: &App, caller: &Caller, id: Uuid) -> Result<(), Problem> {
    let (platform, user_id) = (&app.platform, caller.user_id());
    let entry = AuditEntry::by(caller, "device.forget", "device", platform.now()).resource(id);
    let mut connection = platform.db.connection().await?;
    let transaction = connection.begin(&entry).await?;
    let version = accounts::raise_security_version(&transaction, user_id, platform.now()).await?;
    if !devices::lock(&transaction, id).await? {
        return Err(Problem::not_found());
    }
    let which = Which { on_device: Some(id), ..Which::default() };
    sessions::end(app, &transaction, user_id, which, caller.request).await?;
    devices::delete(&transaction, id).await?;
    transaction.commit().await?;
    platform.sessions.forget_user(user_id, version).await;
    Ok(())
}

/// Tells the user of a sign-in on a new device. A notice that can't be sent keeps nobody from signing in.
pub(crate) async fn tell_of_new(app: &App, user_id: Uuid, device: &Recognised) {
    let template = Template::NewDevice { device: device.name.clone(), at: app.platform.now() };
    contacts::tell(app, user_id, &template, false).await;
}

/// The field a device's name is sealed as.
pub(crate) fn field(row: &str) -> Field<'_> {
    Field { table: "user_devices", column: "name", row }
}

/// A name people know a device by, such as "Firefox on Windows".
fn name_of(user_agent: &str) -> String {
    let find = |known: &[(&str, &'static str)]| {
        known.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    // Each names those below it as well.
    let browser = find(&[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("FxiOS", "Firefox"),
        ("CriOS", "Chrome"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
        ("python", "Python"),
        ("okhttp", "an Android app"),
    ]);
    let system = find(&[
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("CrOS", "ChromeOS"),
        ("Mac OS X", "Mac"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => "An unknown device".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::name_of;

    #[test]
    fn a_device_is_called_by_what_people_know() {
        for (user_agent, name) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0",
                "Edge on Windows",
            ),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            ("curl/8.5.0", "curl"),
            ("", "An unknown device"),
        ] {
            assert_eq!(name_of(user_agent), name);
        }
    }
}
