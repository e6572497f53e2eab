//! A small GitHub: it asks for the right client, redirect, state and PKCE, its codes and refresh tokens work once, and it
//! writes down what it is asked.

mod api;
mod oauth;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::http::{HeaderMap, Method};
use axum::routing::{any, delete, get, post};
use axum::{Json, Router};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Notify, OwnedRwLockWriteGuard, RwLock};

use super::TestClock;

/// The app's id.
pub const CLIENT_ID: &str = "Iv1.0123456789abcdef";
/// The app's secret.
pub const CLIENT_SECRET: &str = "zq7-client-secret";
/// What every token and code begins with.
pub const TOKEN_MARK: &str = "zq7tok";

/// Somebody with an account at GitHub.
#[derive(Clone, Debug)]
pub struct GitHubUser {
    /// Their number.
    pub id: u64,
    /// What they are called in addresses.
    pub login: String,
    /// What they are called.
    pub name: Option<String>,
    /// Address, whether it is the primary one, and whether GitHub has verified it.
    pub emails: Vec<(String, bool, bool)>,
}

impl GitHubUser {
    /// Somebody with one verified primary address.
    pub fn new(id: u64, login: &str, email: &str) -> Self {
        Self { id, login: login.into(), name: None, emails: vec![(email.into(), true, true)] }
    }
}

/// A request as it came in.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its method.
    pub method: Method,
    /// Its path and query.
    pub target: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// The endpoint of tokens answers 503.
    Tokens,
    /// The addresses are not told, as without the scope.
    NoAddresses,
    /// The API answers 503.
    Api,
    /// The user says no.
    Denies,
}

/// The running server.
#[derive(Clone)]
pub struct GitHub {
    /// The port it listens on, on 127.0.0.1.
    pub port: u16,
    state: Arc<Mutex<State>>,
    gate: Arc<RwLock<()>>,
    arrived: Arc<Notify>,
}

#[derive(Default)]
struct State {
    users: Vec<GitHubUser>,
    clock: Option<TestClock>,
    codes: HashMap<String, Code>,
    tokens: HashMap<String, Token>,
    refresh_tokens: HashMap<String, Token>,
    issued: usize,
    refreshes: usize,
    fault: Fault,
    seen: Vec<Seen>,
}

struct Code {
    user_id: u64,
    challenge: String,
    redirect_uri: String,
    scopes: Vec<String>,
}

#[derive(Clone)]
struct Token {
    user_id: u64,
    scopes: Vec<String>,
    expires_at: Option<Timestamp>,
}

impl GitHub {
    /// Starts one whose tokens do not expire, on which `user` is signed in.
    pub async fn start(user: GitHubUser) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let github = Self { port, state: Arc::default(), gate: Arc::default(), arrived: Arc::default() };
        github.sign_in(user);
        let router = Router::new()
            .route("/login/oauth/authorize", get(oauth::authorize))
            .route("/login/oauth/access_token", post(oauth::access_token))
            .route("/api/applications/{client}/{what}", delete(oauth::revoke))
            .route("/api/user", get(api::user))
            .route("/api/user/emails", get(api::emails))
            .fallback(any(api::anything))
            .with_state(github.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        github
    }

    /// The settings of an application that signs in with it.
    pub fn settings(&self) -> Vec<(&'static str, String)> {
        self.settings_on(self.port)
    }

    /// The same, its API reached by another port.
    pub fn settings_on(&self, api_port: u16) -> Vec<(&'static str, String)> {
        vec![
            ("GITHUB_CLIENT_ID", CLIENT_ID.into()),
            ("GITHUB_CLIENT_SECRET", CLIENT_SECRET.into()),
            ("GITHUB_SCOPES", "repo workflow user:email".into()),
            ("GITHUB_URL", format!("http://127.0.0.1:{}", self.port)),
            ("GITHUB_API_URL", format!("http://127.0.0.1:{api_port}/api")),
        ]
    }

    /// From now on somebody else is at the browser. A user of the same number is changed.
    pub fn sign_in(&self, user: GitHubUser) {
        let mut state = self.lock();
        state.users.retain(|known| known.id != user.id);
        state.users.push(user);
    }

    /// Tokens from now on expire after eight hours by this clock, and can be refreshed for six months.
    pub fn expire_by(&self, clock: &TestClock) {
        self.lock().clock = Some(clock.clone());
    }

    /// What goes wrong from now on.
    pub fn fault(&self, fault: Fault) {
        self.lock().fault = fault;
    }

    /// Holds back every answer about tokens until the guard is dropped.
    pub async fn hold(&self) -> OwnedRwLockWriteGuard<()> {
        Arc::clone(&self.gate).write_owned().await
    }

    /// Waits until somebody asks for tokens.
    pub async fn asked_for_tokens(&self) {
        self.arrived.notified().await;
    }

    /// How often tokens were refreshed.
    pub fn refreshes(&self) -> usize {
        self.lock().refreshes
    }

    /// The access tokens that hold.
    pub fn live_tokens(&self) -> Vec<String> {
        let state = self.lock();
        let holds = |token: &Token| token.expires_at.is_none_or(|end| state.clock.as_ref().unwrap().now() < end);
        state.tokens.iter().filter(|(_, token)| holds(token)).map(|(name, _)| name.clone()).collect()
    }

    /// Ends every access token, and the refresh tokens where `all`: the user has taken it back.
    pub fn end_tokens(&self, all: bool) {
        let mut state = self.lock();
        state.tokens.clear();
        if all {
            state.refresh_tokens.clear();
        }
    }

    /// The API's requests so far; they are forgotten.
    pub fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.lock().seen)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn note(&self, method: &Method, target: &str, headers: &HeaderMap, body: &[u8]) {
        let seen =
            Seen { method: method.clone(), target: target.into(), headers: headers.clone(), body: body.to_vec() };
        self.lock().seen.push(seen);
    }
}

impl State {
    /// Tokens for a user, in the form of the endpoint's answer.
    fn issue(&mut self, user_id: u64, scopes: Vec<String>) -> Json<Value> {
        self.issued += 1;
        let (access, refresh) = (format!("{TOKEN_MARK}-a{}", self.issued), format!("{TOKEN_MARK}-r{}", self.issued));
        let scope = scopes.join(",");
        let mut token = Token { user_id, scopes, expires_at: None };
        let mut answer = json!({"access_token": access, "token_type": "bearer", "scope": scope});
        if let Some(clock) = &self.clock {
            token.expires_at = Some(clock.now() + jiff::SignedDuration::from_hours(8));
            answer["expires_in"] = json!(8 * 3600);
            answer["refresh_token"] = json!(refresh);
            answer["refresh_token_expires_in"] = json!(15_897_600);
            self.refresh_tokens.insert(refresh, token.clone());
        }
        self.tokens.insert(access, token);
        Json(answer)
    }

    fn user(&self, id: u64) -> &GitHubUser {
        self.users.iter().find(|user| user.id == id).expect("a user")
    }
}
