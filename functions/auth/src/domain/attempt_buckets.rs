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
use crate::store::accounts;

/// In place of a device the account knows.
const ELSEWHERE: &str = "elsewhere";

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
    let mut buckets = Vec::new();
    for place in &places {
        for method in [Method::Password, Method::Totp, Method::BackupCode, Method::EmailCode, Method::SmsCode] {
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

fn text(index: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(index)
}

async fn bucket(platform: &Platform, method: Method, what: &str) -> Result<BlindIndex, Problem> {
    let name = format!("{} {what}", method.name());
    Ok(platform.vault.blind_index(&platform.db, "sign-in failures", None, &name).await?)
}
