//! A password or a code shown again in a session.

use std::borrow::Cow;

use shared::http::Problem;
use shared::identity::{Assurance, Caller, SignedIn};

use super::attempts::{Attempt, Method};
use super::second_factor::{self, Factor, Sent};
use super::{Client, passwords, sign_in, step_up};
use crate::App;
use crate::delivery::CodePurpose;
use crate::password::Password;

/// Sends the code of a second factor for a step-up.
///
/// # Errors
/// 400 `factor_unknown`; 403 `factor_too_weak`; 429; 503 where no provider takes the message.
pub(crate) async fn send(app: &App, client: &Client, caller: &Caller, factor: Factor) -> Result<Sent, Problem> {
    permit(app, caller, factor.method()).await?;
    second_factor::send(app, client, caller.user_id(), factor, CodePurpose::StepUp, &ceremony(caller)).await
}

/// Checks a code and strengthens the session.
///
/// # Errors
/// 400 `code_invalid`; 403 `factor_too_weak`; 429.
pub(crate) async fn by_code(
    app: &App,
    client: &Client,
    caller: &Caller,
    factor: Factor,
    code: &str,
) -> Result<SignedIn, Problem> {
    permit(app, caller, factor.method()).await?;
    let attempt = second_factor::check(app, client, caller.user_id(), factor, code, &ceremony(caller)).await?;
    strengthen(app, caller, &attempt, factor.amr(), factor.assurance()).await
}

/// Checks the password and confirms the session, where the account has nothing stronger.
///
/// # Errors
/// 400 `password_wrong`; 403 `factor_too_weak`; 429; 503 `busy`.
pub(crate) async fn by_password(
    app: &App,
    client: &Client,
    caller: &Caller,
    password: &Password,
) -> Result<SignedIn, Problem> {
    permit(app, caller, Method::Password).await?;
    let attempt = passwords::check(app, client, caller.user_id(), password).await?;
    strengthen(app, caller, &attempt, "pwd".into(), Assurance::Aal1).await
}

async fn permit(app: &App, caller: &Caller, method: Method) -> Result<(), Problem> {
    let user_id = caller.user_id();
    let account = sign_in::open_account(&app.platform.db.unaudited(user_id), user_id).await?;
    step_up::permit(&account, method)
}

async fn strengthen(
    app: &App,
    caller: &Caller,
    attempt: &Attempt,
    method: Cow<'static, str>,
    assurance: Assurance,
) -> Result<SignedIn, Problem> {
    let mut connection = app.platform.db.connection().await?;
    let transaction = connection.begin(&step_up::entry(app, caller)).await?;
    let stronger = step_up::strengthen(app, &transaction, caller, &[method], assurance).await?;
    attempt.proved(app, &transaction, "stepped_up").await?;
    transaction.commit().await?;
    Ok(stronger.told(app).await)
}

/// What a code for a step-up is bound to: the session.
fn ceremony(caller: &Caller) -> String {
    format!("step-up of session {}", caller.session().id)
}
