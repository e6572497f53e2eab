//! A stranger learns nothing of which names and addresses have an account: same answer, same work.

use serde_json::{Value, json};
use tests::{Browser, Proxy, Services, Target, TestApp};

use super::column;
use super::people::*;

const PASSKEY_ONLY: &str = "grace";
const UNKNOWN: &str = "nobody";

/// What an answer tells, without what is another's at each request.
async fn told(browser: &mut Browser, path: &str, body: Value) -> String {
    let answer = browser.post(path, body).await;
    let mut problem = answer.json();
    let id = problem["request_id"].take();
    assert_eq!(answer.headers["x-request-id"], id.as_str().unwrap());
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| *name != "x-request-id" && !name.as_str().starts_with("ratelimit"))
        .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
        .collect();
    headers.sort();
    format!("{} {headers:?} {problem}", answer.status)
}

fn by_name(username: &str) -> Value {
    json!({"username": username, "password": WRONG})
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_account_get_one_answer() {
    let app = TestApp::new().await;
    user_at(&app, "ada", "email", "ada@example.org").await;
    app.signed_in(PASSKEY_ONLY).await;
    let mut answers = Vec::new();
    for body in [
        by_name("ada"),
        by_name(PASSKEY_ONLY),
        by_name(UNKNOWN),
        by_name("no\u{7}name"),
        json!({"email": "ada@example.org", "password": WRONG}),
        json!({"email": "nobody@example.org", "password": WRONG}),
        json!({"email": "no address", "password": WRONG}),
        json!({"phone": "+254700000009", "password": WRONG}),
    ] {
        answers.push(told(&mut stranger(&app, 1), LOGIN, body).await);
    }
    assert!(answers[0].starts_with("401") && answers[0].contains("credentials_invalid"), "{}", answers[0]);
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:#?}");
}

#[tokio::test]
async fn known_and_unknown_names_are_throttled_alike() {
    let app = TestApp::new().await;
    user_at(&app, "ada", "email", "ada@example.org").await;
    let mut courses = Vec::new();
    for (name, addresses) in [("ada", 1..=12), (UNKNOWN, 21..=32)] {
        let mut course = Vec::new();
        for _ in 0..6 {
            course.push(told(&mut stranger(&app, *addresses.start()), LOGIN, by_name(name)).await);
        }
        for number in addresses {
            course.push(told(&mut stranger(&app, number), LOGIN, by_name(name)).await);
        }
        courses.push(course);
    }
    assert!(courses[0].last().unwrap().starts_with("429"));
    assert_eq!(courses[0], courses[1]);
    let written = |name: &str| {
        format!(
            "SELECT string_agg(result || method, ' ' ORDER BY result) FROM login_attempts
             WHERE identifier_index IS NOT NULL AND method = 'password'
                 AND user_id {name} '00000000-0000-0000-0000-000000000000'"
        )
    };
    let (known, unknown) = (column(&app, &written("<>")).await, column(&app, &written("=")).await);
    assert_eq!(known[0].replace("wrong_password", "unknown_account"), unknown[0]);

    // What was tried on one name of an account does not tell of its others.
    let by_email = json!({"email": "ada@example.org", "password": WRONG});
    let unknown = json!({"email": "nobody@example.org", "password": WRONG});
    for number in [1, 13] {
        let known = told(&mut stranger(&app, number), LOGIN, by_email.clone()).await;
        assert_eq!(known, told(&mut stranger(&app, number), LOGIN, unknown.clone()).await);
        assert!(known.starts_with("401"), "{known}");
    }
}

#[tokio::test]
async fn known_and_unknown_names_make_the_same_round_trips() {
    let database = Proxy::before(Target::Unix(Services::get().postgres_socket())).await;
    let url = format!("postgres://ward@127.0.0.1:{}/{{database}}?sslmode=disable", database.port);
    let app = TestApp::with(&[("DATABASE_URL", url.as_str()), ("WARD_DATABASE_POOL", "1")]).await;
    let mut device = user_at(&app, "ada", "email", "ada@example.org").await;
    app.signed_in(PASSKEY_ONLY).await;
    device.lose_session();
    let address = |email: &str| json!({"email": email, "password": WRONG});
    let registration = |email: &str| with(names("eve"), "email", email);
    for (path, bodies) in [
        (LOGIN, vec![by_name("ada"), by_name(PASSKEY_ONLY), by_name(UNKNOWN)]),
        (LOGIN, vec![address("ada@example.org"), address("nobody@example.org")]),
        (REGISTER, vec![registration("ada@example.org"), registration("eve@example.org")]),
    ] {
        let mut counts = Vec::new();
        // The first round prepares the statements of the connection.
        for round in 0..2 {
            for mut browser in [stranger(&app, 1), device.clone()] {
                for body in &bodies {
                    let before = database.round_trips();
                    let answer = browser.post(path, body.clone()).await;
                    assert!([401, 202].contains(&answer.status.as_u16()), "{}", answer.text());
                    counts.push((round, browser.cookies.len(), database.round_trips() - before));
                }
            }
        }
        counts.retain(|(round, ..)| *round == 1);
        counts.dedup();
        assert_eq!(counts.len(), 2, "one number without a device and one with: {path} {counts:?}");
        assert!(counts.iter().all(|(.., trips)| *trips > 3));
    }
}

#[tokio::test]
async fn registering_a_known_address_writes_what_an_unknown_one_does() {
    let app = TestApp::new().await;
    user_at(&app, "ada", "email", "ada@example.org").await;
    let counts = "SELECT (SELECT count(*) FROM ceremonies)::text || ' ' || (SELECT count(*) FROM one_time_codes) || ' '
         || (SELECT count(*) FROM email_delivery_log) || ' ' || (SELECT count(*) FROM sign_in_failures) || ' '
         || (SELECT count(*) FROM login_attempts) || ' ' || (SELECT count(*) FROM audit_log)";
    let mut steps = Vec::new();
    for email in ["ada@example.org", "nobody@example.org"] {
        let mut browser = stranger(&app, 1);
        let before = numbers(&column(&app, counts).await[0]);
        let challenge = begin(&mut browser, with(names("eve"), "email", email)).await;
        let wrong = json!({"challenge": challenge, "code": "12345x"});
        let answer = told(&mut browser, VERIFY, wrong).await;
        let after = numbers(&column(&app, counts).await[0]);
        let step: Vec<_> = after.iter().zip(before).map(|(after, before)| after - before).collect();
        // The registration of Ada's own has made the counts of her address already.
        steps.push((answer, step));
        app.superuser().await.batch_execute("DELETE FROM sign_in_failures").await.unwrap();
    }
    let to_nobody = "SELECT count(*)::text FROM email_delivery_log
         WHERE user_id = '00000000-0000-0000-0000-000000000000'";
    assert_eq!(column(&app, to_nobody).await, ["3"], "a message is to nobody, whoever has the address");
    assert_eq!(steps[0].0, steps[1].0);
    assert_eq!((&steps[0].1[..3], &steps[0].1[4..]), (&steps[1].1[..3], &steps[1].1[4..]));
}

fn numbers(text: &str) -> Vec<i64> {
    text.split(' ').map(|number| number.parse().unwrap()).collect()
}
