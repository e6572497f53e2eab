//! Links into accounts: made by a recovery or an invitation, used once by `recovery`.

use jiff::SignedDuration;
use shared::data::Statements;
use shared::http::Problem;
use shared::identity::{RequestMeta, SessionToken};
use url::Url;
use uuid::Uuid;

use crate::App;
use crate::store::recoveries::{self, Row};

/// A link into an account.
pub(crate) struct New {
    pub(crate) user_id: Uuid,
    /// The address it is sent to, and to nobody else: its use proves that address.
    pub(crate) contact_id: Option<Uuid>,
    /// Whether the operator or an administrator makes it, who know whom it is for.
    pub(crate) vouched: bool,
    /// The page it opens.
    pub(crate) page: &'static str,
    /// For how long.
    pub(crate) holds: SignedDuration,
}

/// Makes a link into an account. Its secret is in the fragment, which no server and no mail scanner's fetch sees.
pub(crate) async fn open(app: &App, on: &impl Statements, request: RequestMeta, link: &New) -> Result<Url, Problem> {
    let platform = &app.platform;
    let (secret, now) = (SessionToken::generate(&platform.random)?, platform.now());
    let row = Row {
        id: platform.new_id()?,
        user_id: link.user_id,
        secret: &secret.hash(),
        contact_id: link.contact_id,
        vouched: link.vouched,
        requested_at: now,
        expires_at: now + link.holds,
        request,
    };
    recoveries::insert(on, &row).await?;
    let origin = platform.settings.origins.first().ok_or_else(|| Problem::internal("there is no origin"))?;
    let mut url = origin.clone();
    url.set_fragment(Some(&format!("/{}?token={}", link.page, secret.reveal())));
    Ok(url)
}
