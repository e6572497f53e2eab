//! Sign-ins a second by each way, and whether known and unknown accounts can be told apart by time.

use std::path::Path;
use std::time::{Duration, Instant};

use auth::delivery::outbox;
use axum::Router;
use serde_json::{Value, json};
use shared::Platform;
use shared::config::Settings;
use tests::Browser;

use crate::Outcome;
use crate::fixture::{Fixture, NO_LIMIT};
use crate::report::{Report, Row};
use crate::stats::{Samples, ms, us};

const TIMES: usize = 200;
const TRIES: usize = 300;
const WARM_UP: usize = 20;
/// Guesses are spread over accounts, so that none is closed for the number of them.
const ACCOUNTS: usize = 8;
/// How far the medians of known and unknown accounts may lie apart.
const TELLING: f64 = 0.05;
const PASSWORD: &str = "meniscus tango 47 lantern";

/// Measures the whole path through the router, in process, one request after the other.
pub async fn measure(fixture: &Fixture, report: &mut Report) -> Outcome {
    let folder = tempfile::tempdir()?;
    let router = router(fixture, folder.path()).await?;
    let ways = vec![
        row("a sign-in with a passkey (two requests)", &passkeys(&router).await?),
        row("a sign-in with a password", &passwords(&router).await?),
        row("a refresh of tokens", &refreshes(&router).await?),
    ];
    report.section(
        "Sign-in",
        "200 of each through the router, in process, one after the other, so per core. Passwords are verified at the\n\
         settings' cost; their floor is under Passwords.",
        ways,
    );
    report.section(
        "Known and unknown accounts",
        "300 tries of each kind in turns, through the router, in process: a wrong password for an account there is and\n\
         for one there is not, a recovery, and a registration with an address. Messages go to a folder. The budget is\n\
         how far the medians may lie apart.",
        telling(&router, folder.path()).await?,
    );
    Ok(())
}

async fn router(fixture: &Fixture, outbox: &Path) -> Outcome<Router> {
    let keys = auth::tokens::KeySet::generate()?.to_json().to_string();
    let outbox = outbox.display().to_string();
    let settings = Settings::from_lookup(&|name| match name {
        "WARD_TOKEN_KEYS" => Some(keys.clone()),
        "WARD_OUTBOX" => Some(outbox.clone()),
        "WARD_LIMIT_SIGN_IN" => Some(NO_LIMIT.to_owned()),
        _ => fixture.settings.get(name).cloned(),
    })?;
    Ok(auth::router(auth::App::new(Platform::connect(settings).await?)?))
}

fn row(what: &str, taken: &Samples) -> Row {
    Row {
        what: what.to_owned(),
        measured: format!("p50 {}, {:.0} a second", ms(taken.p50()), taken.p50().as_secs_f64().recip()),
        floor: String::new(),
        budget: None,
    }
}

async fn passkeys(router: &Router) -> Outcome<Samples> {
    let mut browser = Browser::new(router.clone());
    browser.register("passkey-bench").await;
    let mut taken = Vec::with_capacity(TIMES);
    for turn in 0..WARM_UP + TIMES {
        let begun = Instant::now();
        expect(browser.sign_in().await.status.as_u16(), 200)?;
        keep(&mut taken, turn, begun.elapsed());
    }
    Ok(Samples::new(taken))
}

async fn passwords(router: &Router) -> Outcome<Samples> {
    let mut browser = Browser::new(router.clone());
    register(&mut browser, "password-bench").await?;
    let body = json!({"username": "password-bench", "password": PASSWORD, "session": "token"});
    let mut taken = Vec::with_capacity(TIMES);
    for turn in 0..WARM_UP + TIMES {
        let begun = Instant::now();
        expect(browser.post("/api/auth/login", body.clone()).await.status.as_u16(), 200)?;
        keep(&mut taken, turn, begun.elapsed());
    }
    Ok(Samples::new(taken))
}

async fn refreshes(router: &Router) -> Outcome<Samples> {
    let mut browser = Browser::new(router.clone());
    let mut presented = register(&mut browser, "refresh-bench").await?["refresh_token"].clone();
    let mut taken = Vec::with_capacity(TIMES);
    for turn in 0..WARM_UP + TIMES {
        let begun = Instant::now();
        let answer = browser.post("/api/auth/refresh", json!({"refresh_token": presented})).await;
        keep(&mut taken, turn, begun.elapsed());
        expect(answer.status.as_u16(), 200)?;
        presented = answer.json()["refresh_token"].clone();
    }
    Ok(Samples::new(taken))
}

async fn register(browser: &mut Browser, username: &str) -> Outcome<Value> {
    let body = json!({"username": username, "display_name": "Bench", "password": PASSWORD, "session": "token"});
    let answer = browser.post("/api/auth/register", body).await;
    expect(answer.status.as_u16(), 201)?;
    Ok(answer.json())
}

/// A way to ask about an account: its path, the answer's status, and the body for the account of a number.
struct Question {
    what: &'static str,
    path: &'static str,
    status: u16,
    body: fn(known: bool, number: usize) -> Value,
}

const QUESTIONS: [Question; 3] = [
    Question {
        what: "a wrong password",
        path: "/api/auth/login",
        status: 401,
        body: |known, number| {
            let name = if known { "known" } else { "unknown" };
            json!({"username": format!("{name}-{}", number % ACCOUNTS), "password": "not the password at all"})
        },
    },
    Question {
        what: "a recovery",
        path: "/api/auth/recovery",
        status: 202,
        body: |known, number| json!({"email": address(known, number)}),
    },
    Question {
        what: "a registration",
        path: "/api/auth/register",
        status: 202,
        body: |known, number| {
            json!({"username": format!("new-{known}-{number}"), "display_name": "New", "password": PASSWORD,
                "email": address(known, number)})
        },
    },
];

fn address(known: bool, number: usize) -> String {
    let name = if known { "known" } else { "unknown" };
    format!("{name}-{}@example.org", number % ACCOUNTS)
}

async fn telling(router: &Router, outbox: &Path) -> Outcome<Vec<Row>> {
    let mut browser = Browser::new(router.clone());
    for number in 0..ACCOUNTS {
        know(&mut browser, outbox, number).await?;
    }
    let mut rows = Vec::new();
    for question in QUESTIONS {
        let mut taken: [Vec<Duration>; 2] = Default::default();
        for turn in 0..WARM_UP + TRIES {
            for known in [true, false] {
                let body = (question.body)(known, turn);
                let begun = Instant::now();
                let answer = browser.post(question.path, body).await;
                keep(&mut taken[usize::from(known)], turn, begun.elapsed());
                expect(answer.status.as_u16(), question.status)?;
            }
        }
        let [unknown, known] = taken.map(|taken| Samples::new(taken).p50());
        let apart = (known.as_secs_f64() / unknown.as_secs_f64() - 1.0).abs();
        rows.push(Row {
            what: question.what.to_owned(),
            measured: format!("known {}, {:.1} % apart", us(known), apart * 100.0),
            floor: format!("unknown {}", us(unknown)),
            budget: Some((format!("{:.0} %", TELLING * 100.0), apart <= TELLING)),
        });
    }
    Ok(rows)
}

/// An account whose address is proved by the code that went to it.
async fn know(browser: &mut Browser, outbox: &Path, number: usize) -> Outcome {
    let body = json!({"username": format!("known-{number}"), "display_name": "Bench", "password": PASSWORD,
        "email": address(true, number)});
    let begun = browser.post("/api/auth/register", body).await;
    expect(begun.status.as_u16(), 202)?;
    let newest = outbox::read(outbox)?.into_iter().next().and_then(|sent| sent.code).ok_or("a code was sent")?;
    let body = json!({"challenge": begun.json()["verification"]["challenge"], "code": newest, "session": "token"});
    expect(browser.post("/api/auth/register/verify", body).await.status.as_u16(), 201)
}

fn keep(taken: &mut Vec<Duration>, turn: usize, time: Duration) {
    if turn >= WARM_UP {
        taken.push(time);
    }
}

fn expect(status: u16, expected: u16) -> Outcome {
    if status == expected { Ok(()) } else { Err(format!("{status} in place of {expected}").into()) }
}
