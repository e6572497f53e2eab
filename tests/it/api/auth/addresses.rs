//! `/api/auth/contacts`.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::{Browser, TestApp};

use super::column;
use super::enrolled::{add_address, add_unproved, code_sent_to, enrol_codes, log_in, step_up};
use super::people::{PASSWORD, another, refusal, user};

const CONTACTS: &str = "/api/auth/contacts";

async fn list(browser: &mut Browser) -> Vec<Value> {
    let answer = browser.get(CONTACTS).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["contacts"].as_array().unwrap().clone()
}

async fn verify(browser: &mut Browser, id: &str, code: &str) -> tests::Answer {
    browser.post(&format!("{CONTACTS}/{id}/verify"), json!({"code": code})).await
}

#[tokio::test]
async fn an_address_is_proved_by_the_code_sent_to_it() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    let added = browser.post(CONTACTS, json!({"kind": "email", "address": "Ada@Example.org"})).await;
    assert_eq!(added.status, 201, "{}", added.text());
    let id = added.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(added.json()["expires_at"], "2026-03-14T15:14:26Z");
    let shown = json!({"id": id, "kind": "email", "address": "Ada@Example.org", "verified_at": null,
        "created_at": "2026-03-14T15:09:26Z"});
    assert_eq!(list(&mut browser).await, [shown]);
    let code = code_sent_to(&app, "Ada@Example.org");
    assert_eq!(refusal(&verify(&mut browser, &id, &another(&code)).await), (400, "code_invalid".into()));
    app.clock.advance(60);
    assert_eq!(verify(&mut browser, &id, &code).await.status, 204);
    assert_eq!(list(&mut browser).await[0]["verified_at"], "2026-03-14T15:10:26Z");
    assert_eq!(verify(&mut browser, &id, &code).await.code(), "code_invalid", "a code works once");
    // It signs in from now on.
    let body = json!({"email": "ada@example.org", "password": PASSWORD});
    assert_eq!(app.browser().post("/api/auth/login", body).await.status, 200);
    let notice = app.outbox().into_iter().find(|sent| sent.template == "notice").unwrap();
    assert_eq!(notice.to, "Ada@Example.org");
    let events = "SELECT event_type FROM security_events WHERE event_type LIKE 'address%'";
    assert_eq!(column(&app, events).await, ["address_verified"]);
}

#[tokio::test]
async fn another_code_is_sent_on_demand_and_the_first_is_void() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    let id = add_unproved(&mut browser, "phone", "+254700000001").await;
    let first = code_sent_to(&app, "+254700000001");
    let sent = browser.post(&format!("{CONTACTS}/{id}/send"), Value::Null).await;
    assert_eq!(sent.status, 202, "{}", sent.text());
    assert_eq!(sent.json(), json!({"id": id, "expires_at": "2026-03-14T15:14:26Z"}));
    let second = code_sent_to(&app, "+254700000001");
    if first != second {
        assert_eq!(verify(&mut browser, &id, &first).await.code(), "code_invalid");
    }
    app.clock.advance(299);
    assert_eq!(verify(&mut browser, &id, &second).await.status, 204);

    let late = add_unproved(&mut browser, "phone", "+254700000002").await;
    app.clock.advance(300);
    assert_eq!(verify(&mut browser, &late, &code_sent_to(&app, "+254700000002")).await.code(), "code_invalid");
}

#[tokio::test]
async fn a_code_bears_five_tries_however_they_come() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    let id = add_unproved(&mut browser, "email", "ada@example.org").await;
    let code = code_sent_to(&app, "ada@example.org");
    let mut guessers: Vec<_> = (1..=20)
        .map(|off| (browser.clone(), format!("{:06}", (code.parse::<u32>().unwrap() + off) % 1_000_000)))
        .collect();
    let answers = join_all(guessers.iter_mut().map(|(guesser, wrong)| verify(guesser, &id, wrong))).await;
    let mut refusals: Vec<_> = answers.iter().map(refusal).collect();
    refusals.sort_unstable();
    assert_eq!(refusals[..5], vec![(400, "code_invalid".into()); 5]);
    assert_eq!(refusals[5..], vec![(429, "sign_in_throttled".into()); 15]);
    // From an address that has tries left, too.
    let mut elsewhere = browser.clone();
    elsewhere.address = ([198, 51, 100, 9], 1).into();
    assert_eq!(verify(&mut elsewhere, &id, &code).await.code(), "code_invalid");
}

#[tokio::test]
async fn an_address_of_another_account_is_told_after_proof_only() {
    let app = TestApp::new().await;
    let (mut ada, mut grace) = (user(&app, "ada").await, user(&app, "grace").await);
    add_address(&app, &mut ada, "email", "shared@example.org").await;
    let id = add_unproved(&mut grace, "email", "Shared@example.org").await;
    let code = code_sent_to(&app, "Shared@example.org");
    assert_eq!(verify(&mut grace, &id, &another(&code)).await.code(), "code_invalid");
    assert_eq!(refusal(&verify(&mut grace, &id, &code).await), (409, "address_taken".into()));
    assert_eq!(list(&mut grace).await[0]["verified_at"], Value::Null);
    assert!(list(&mut ada).await[0]["verified_at"].is_string());
}

#[tokio::test]
async fn of_two_accounts_that_prove_one_address_at_once_one_wins() {
    let app = TestApp::new().await;
    let (mut ada, mut grace) = (user(&app, "ada").await, user(&app, "grace").await);
    let adas = add_unproved(&mut ada, "email", "shared@example.org").await;
    let adas_code = code_sent_to(&app, "shared@example.org");
    let graces = add_unproved(&mut grace, "email", "shared@example.org").await;
    let graces_code = code_sent_to(&app, "shared@example.org");
    let (one, other) = tokio::join!(verify(&mut ada, &adas, &adas_code), verify(&mut grace, &graces, &graces_code));
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409]);
    assert_eq!(column(&app, "SELECT id::text FROM user_contacts WHERE verified_at IS NOT NULL").await.len(), 1);
}

#[tokio::test]
async fn another_users_address_is_not_there() {
    let app = TestApp::new().await;
    let (mut ada, mut grace) = (user(&app, "ada").await, user(&app, "grace").await);
    let id = add_unproved(&mut grace, "email", "grace@example.org").await;
    let code = code_sent_to(&app, "grace@example.org");
    assert!(list(&mut ada).await.is_empty());
    for id in [id.as_str(), "01890000-0000-7000-8000-000000000000", "x"] {
        assert_eq!(refusal(&verify(&mut ada, id, &code).await), (404, "not_found".into()));
        let send = ada.post(&format!("{CONTACTS}/{id}/send"), Value::Null).await;
        assert_eq!(refusal(&send), (404, "not_found".into()));
        assert_eq!(refusal(&ada.delete(&format!("{CONTACTS}/{id}")).await), (404, "not_found".into()));
    }
    assert_eq!(verify(&mut grace, &id, &code).await.status, 204, "none of it has used a try up");
}

#[tokio::test]
async fn a_removed_address_hears_of_it_and_takes_its_factor_along() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    add_address(&app, &mut browser, "email", "ada@example.org").await;
    let phone = add_address(&app, &mut browser, "phone", "+254700000001").await;
    let backup = super::enrolled::codes(&enrol_codes(&mut browser, "sms").await);
    assert_eq!(log_in(&mut app.browser(), "ada").await.status, 202);
    assert_eq!(step_up(&mut browser, "backup_code", &backup[0]).await.status, 200);
    assert_eq!(browser.delete(&format!("{CONTACTS}/{phone}")).await.status, 204);
    let told: Vec<_> = app.outbox().into_iter().take(2).map(|sent| (sent.template, sent.to)).collect();
    for address in ["ada@example.org", "+254700000001"] {
        assert!(told.contains(&("notice".into(), address.into())), "{told:?}");
    }
    let factors = browser.get("/api/auth/factors").await.json();
    assert_eq!((&factors["sms"], &factors["backup_codes_left"]), (&Value::Null, &json!(0)));
    assert_eq!(log_in(&mut app.browser(), "ada").await.status, 200, "there is no second factor left");
    assert_eq!(step_up(&mut browser, "backup_code", &backup[1]).await.code(), "code_invalid");
    assert_eq!(list(&mut browser).await.len(), 1);
    // Its owner may give it to another account.
    let mut grace = user(&app, "grace").await;
    add_address(&app, &mut grace, "phone", "+254700000001").await;
}

#[tokio::test]
async fn an_address_whose_factor_the_role_needs_stays() {
    let app = TestApp::with(&[("WARD_MFA_ROLES", "user")]).await;
    let mut browser = user(&app, "ada").await;
    let phone = add_address(&app, &mut browser, "phone", "+254700000001").await;
    let backup = super::enrolled::codes(&enrol_codes(&mut browser, "sms").await);
    assert_eq!(step_up(&mut browser, "backup_code", &backup[0]).await.status, 200);
    let answer = browser.delete(&format!("{CONTACTS}/{phone}")).await;
    assert_eq!(refusal(&answer), (409, "factor_required".into()));
    assert!(browser.get("/api/auth/factors").await.json()["sms"].is_object(), "nothing was removed");
}

#[tokio::test]
async fn ten_addresses_are_enough() {
    let app = TestApp::with(&[("WARD_LIMIT_SIGN_IN", "100")]).await;
    let mut browser = user(&app, "ada").await;
    for number in 0..8 {
        add_unproved(&mut browser, "email", &format!("ada{number}@example.org")).await;
    }
    let mut twins = vec![browser.clone(); 4];
    let answers = join_all(twins.iter_mut().zip(8..).map(async |(twin, number)| {
        twin.post(CONTACTS, json!({"kind": "email", "address": format!("ada{number}@example.org")})).await
    }))
    .await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 201, 409, 409]);
    let eleventh = browser.post(CONTACTS, json!({"kind": "email", "address": "more@example.org"})).await;
    assert_eq!(refusal(&eleventh), (409, "too_many_addresses".into()));
}

#[tokio::test]
async fn messages_to_addresses_are_bounded_by_user_and_by_address() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    for number in 0..5 {
        add_unproved(&mut browser, "phone", &format!("+25470000000{number}")).await;
    }
    let sixth = browser.post(CONTACTS, json!({"kind": "phone", "address": "+254700000009"})).await;
    assert_eq!(refusal(&sixth), (429, "sign_in_throttled".into()));
    // One phone rings no more often for many accounts together.
    let mut rung = 1;
    for name in ["grace", "edith", "mary", "joan"] {
        let mut other = user(&app, name).await;
        for _ in 0..2 {
            let body = json!({"kind": "phone", "address": "+254700000001"});
            rung += u8::from(other.post(CONTACTS, body).await.status == 201);
        }
    }
    assert_eq!(rung, 5);
}

#[tokio::test]
async fn addresses_change_after_a_recent_step_up_only() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    let id = add_unproved(&mut browser, "email", "ada@example.org").await;
    app.clock.advance(901);
    let added = browser.post(CONTACTS, json!({"kind": "email", "address": "eve@example.org"})).await;
    assert_eq!(refusal(&added), (403, "step_up_required".into()));
    let removed = browser.delete(&format!("{CONTACTS}/{id}")).await;
    assert_eq!(refusal(&removed), (403, "step_up_required".into()));
}

#[tokio::test]
async fn what_is_no_address_is_refused() {
    let app = TestApp::new().await;
    let mut browser = user(&app, "ada").await;
    for (kind, address, code) in [
        ("email", "ada", "invalid_email"),
        ("phone", "0700000001", "invalid_phone"),
        ("pigeon", "loft 3", "invalid_kind"),
    ] {
        let answer = browser.post(CONTACTS, json!({"kind": kind, "address": address})).await;
        assert_eq!(refusal(&answer), (400, code.into()));
    }
    for body in [
        json!({}),
        json!({"kind": "email"}),
        json!({"kind": "email", "address": "ada@example.org", "verified_at": "2026-01-01T00:00:00Z"}),
    ] {
        assert_eq!(refusal(&browser.post(CONTACTS, body).await), (422, "invalid_body".into()));
    }
    let id = add_unproved(&mut browser, "email", "ada@example.org").await;
    for body in [json!({}), json!({"code": 1}), json!({"code": "1", "x": 1})] {
        let answer = browser.post(&format!("{CONTACTS}/{id}/verify"), body).await;
        assert_eq!(refusal(&answer), (422, "invalid_body".into()));
    }
}
