//! Lets a request in: with the session found for it, within its limit, and where its session may go.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Surface;
use super::address::bucket;
use super::credential::Credential;
use super::identify::identify;
use crate::Platform;
use crate::http::Problem;
use crate::identity::{Assurance, RequestMeta, Scope, SessionKind, SignedIn};

pub(super) async fn admit(
    State((platform, surface)): State<(Platform, Surface)>,
    mut request: Request,
    next: Next,
) -> Response {
    // A token that proves nothing is counted like no token at all before it is refused.
    let (token, refusal) = match Credential::of(&platform, request.headers()).await {
        Ok(token) => (token, None),
        Err(problem) => (None, Some(problem)),
    };
    let in_header = token.as_ref().is_some_and(Credential::is_in_header);
    let address = bucket(request.extensions().get::<RequestMeta>().and_then(|meta| meta.address));
    let by = (surface.counted_by)(request.method(), request.uri().path());
    let (signed_in, standing) = match identify(&platform, by, address, token).await {
        Ok(identified) => identified,
        Err(problem) => return problem.into_response(),
    };
    let mut response = if standing.exceeded() {
        standing.problem().into_response()
    } else {
        let refusal = refusal.or_else(|| (in_header && signed_in.is_none()).then(Problem::token_invalid));
        match refusal.map_or(Ok(signed_in), Err).and_then(|signed_in| {
            signed_in
                .map(|signed_in| {
                    in_scope(surface, &request, signed_in)
                        .and_then(|signed_in| strong_enough(&platform, &request, signed_in))
                })
                .transpose()
        }) {
            Ok(signed_in) => {
                if let Some(signed_in) = signed_in {
                    request.extensions_mut().insert(signed_in);
                }
                next.run(request).await
            }
            Err(problem) => problem.into_response(),
        }
    };
    standing.write(response.headers_mut());
    response
}

/// A role that needs a second factor can do nothing but enrol one before it has.
fn strong_enough(platform: &Platform, request: &Request, signed_in: SignedIn) -> Result<SignedIn, Problem> {
    let session = &signed_in.session;
    let weak = session.kind != SessionKind::ApiKey
        && session.assurance == Assurance::Aal1
        && !session.methods.iter().any(|method| method == "trusted_device");
    let needs_more = weak && platform.settings.sign_in.mfa_roles.contains(&session.role);
    if needs_more && !request.uri().path().starts_with("/api/auth/") {
        return Err(Problem::forbidden("second_factor_required", "Your role needs a second factor")
            .detail("Add a passkey or an authenticator app to your account, then sign in with it."));
    }
    Ok(signed_in)
}

/// An API key does what its scopes say and nothing else: not even what no scope names.
fn in_scope(surface: Surface, request: &Request, signed_in: SignedIn) -> Result<SignedIn, Problem> {
    let Some(scopes) = &signed_in.session.scopes else { return Ok(signed_in) };
    let path = request.uri().path();
    let writes = Scope::writes(request.method().is_safe(), path);
    match (surface.area)(path) {
        Some(area) if scopes.iter().any(|scope| scope.allows(area, writes)) => Ok(signed_in),
        Some(area) => Err(missing(Scope::needed(area, writes))),
        None => Err(Problem::forbidden("api_key_refused", "API keys are not for that")
            .detail("Sign in: this can only be done by somebody who is there.")),
    }
}

fn missing(scope: Option<&str>) -> Problem {
    let problem = Problem::forbidden("scope_missing", "This API key is not for that");
    match scope {
        Some(scope) => {
            problem.detail(format!("It needs the scope {scope}. Make another key: a key's scopes never change."))
        }
        None => problem.detail("No scope allows it. Sign in."),
    }
}
