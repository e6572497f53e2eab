use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use shared::http::{Problem, ProblemBody};
use shared::identity::Caller;
use shared::ledger::usage::Day;
use shared::ledger::{AuditEntry, usage};
use utoipa::ToSchema;

use crate::App;

/// What the caller used in the current UTC day.
#[derive(Serialize, ToSchema)]
pub(crate) struct UsageBody {
    /// The UTC date.
    #[schema(value_type = String, format = Date)]
    day: Date,
    calls: CallsBody,
    tokens: TokenQuotaBody,
    /// What the calls cost so far, in billionths of a US dollar.
    cost_nano_dollars: u64,
    /// When the next day begins.
    #[schema(value_type = String, format = DateTime)]
    resets_at: Timestamp,
}

/// Calls to a model.
#[derive(Serialize, ToSchema)]
pub(crate) struct CallsBody {
    used: u64,
    limit: u64,
    remaining: u64,
}

/// Tokens, prompt and answer together.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenQuotaBody {
    used: u64,
    /// Set aside for calls under way.
    reserved: u64,
    limit: u64,
    remaining: u64,
}

/// What was used today and what is left.
#[utoipa::path(get, path = "/api/usage", tag = "usage", responses(
    (status = 200, description = "Today's usage", body = UsageBody),
    (status = 401, description = "Nobody is signed in", body = ProblemBody),
))]
pub(crate) async fn today(State(app): State<App>, caller: Caller) -> Result<Json<UsageBody>, Problem> {
    let platform = &app.platform;
    let day = Day::at(platform.now());
    let entry = AuditEntry::by(&caller, "usage.read", "usage_days", platform.now());
    let used = usage::of_day(&platform.db.scoped(entry), day.date, platform.now()).await?;
    let quota = platform.settings.quota;
    Ok(Json(UsageBody {
        day: day.date,
        calls: CallsBody { used: used.calls, limit: quota.calls, remaining: quota.calls.saturating_sub(used.calls) },
        tokens: TokenQuotaBody {
            used: used.tokens,
            reserved: used.reserved_tokens,
            limit: quota.tokens,
            remaining: quota.tokens.saturating_sub(used.tokens + used.reserved_tokens),
        },
        cost_nano_dollars: used.cost_nano_dollars,
        resets_at: day.ends_at,
    }))
}
