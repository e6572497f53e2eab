//! Where attempts are counted: names of rows, as blind indexes, so that the table tells nobody who was tried.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use shared::Platform;
use shared::data::Statements;
use shared::http::{Problem, address_bucket};
use shared::vault::BlindIndex;
use uuid::Uuid;

use super::Client;
use super::attempts::Method;
use crate::App;
use crate::store::{accounts, credentials};

/// In place of a device the account knows.
const ELSEWHERE: &str = "elsewhere";
/// What is counted by the account's id.
const GUESSED: [Method; 5] = [Method::Password, Method::Totp, Method::BackupCode, Method::EmailCode, Method::SmsCode];

/// Where an attempt is counted.
#[derive(Clone)]
pub(super) struct Buckets {
    /// The name from one address, or on a device the account knows.
    pub(super) pair: BlindIndex,
    pub(super) address: BlindIndex,
    /// The name from everywhere, or on that device.
    pub(super) name: BlindIndex,
    /// The account from everywhere, or on that device.
    pub(super) account: BlindIndex,
    /// The account from everywhere and on all its devices.
    pub(super) everywhere: BlindIndex,
}

impl Buckets {
    /// Those of an attempt.
    pub(super) async fn of(
        platform: &Platform,
        client: &Client,
        method: Method,
        user_id: Uuid,
        identifier: Option<BlindIndex>,
        device_id: Option<Uuid>,
    ) -> Result<Self, Problem> {
        let name = identifier.map_or_else(|| user_id.to_string(), |index| text(index.as_bytes()));
        // A passkey is named by itself: its user's id is the client's word alone, and nobody should close a user's
        // passkeys who has none of them.
        let account = if user_id.is_nil() || method == Method::Passkey { name.clone() } else { user_id.to_string() };
        let address = address_bucket(client.request.address);
        let (from, on) = match device_id {
            Some(id) => (format!("device {id}"), id.to_string()),
            None => (address.clone(), ELSEWHERE.to_owned()),
        };
        Ok(Self {
            pair: bucket(platform, method, &format!("{name} from {from}")).await?,
            address: bucket(platform, method, &format!("all from {address}")).await?,
            name: bucket(platform, method, &format!("{name} on {on}")).await?,
            account: bucket(platform, method, &format!("account {account} on {on}")).await?,
            everywhere: bucket(platform, method, &format!("account {account}")).await?,
        })
    }
}

/// What is counted on an account elsewhere than on its devices, and on these.
pub(super) async fn of_account(
    app: &App,
    on: &impl Statements,
    user_id: Uuid,
    devices: &[Uuid],
) -> Result<Vec<BlindIndex>, Problem> {
    let platform = &app.platform;
    let places: Vec<String> =
        std::iter::once(ELSEWHERE.to_owned()).chain(devices.iter().map(Uuid::to_string)).collect();
    let identifiers = accounts::identifiers(on, user_id).await?;
    let mut passkeys = Vec::new();
    for credential in credentials::ids(on).await? {
        passkeys.push(text(passkey(platform, &credential).await?.as_bytes()));
    }
    let mut buckets = Vec::new();
    for method in GUESSED {
        buckets.push(bucket(platform, method, &format!("account {user_id}")).await?);
    }
    for name in &passkeys {
        buckets.push(bucket(platform, Method::Passkey, &format!("account {name}")).await?);
    }
    for place in &places {
        for name in &passkeys {
            for name in [format!("{name} on {place}"), format!("account {name} on {place}")] {
                buckets.push(bucket(platform, Method::Passkey, &name).await?);
            }
        }
        for method in GUESSED {
            for name in [format!("{user_id} on {place}"), format!("account {user_id} on {place}")] {
                buckets.push(bucket(platform, method, &name).await?);
            }
        }
        for identifier in &identifiers {
            buckets.push(bucket(platform, Method::Password, &format!("{} on {place}", text(identifier))).await?);
        }
    }
    Ok(buckets)
}

/// What a passkey is named by where attempts are counted.
pub(super) async fn passkey(platform: &Platform, credential: &[u8]) -> Result<BlindIndex, Problem> {
    Ok(platform.vault.mac(&platform.db, "passkeys", None, &text(credential)).await?)
}

fn text(index: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(index)
}

async fn bucket(platform: &Platform, method: Method, what: &str) -> Result<BlindIndex, Problem> {
    let name = format!("{} {what}", method.name());
    Ok(platform.vault.mac(&platform.db, "sign-in failures", None, &name).await?)
}
