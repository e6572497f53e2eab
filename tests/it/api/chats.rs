//! `/api/chats`.

use serde_json::{Value, json};
use tests::model::{DONE, provider, provider_after, token, usage};
use tests::{Answer, Browser, TestApp};

async fn open(browser: &mut Browser, body: Value) -> String {
    let answer = browser.post("/api/chats", body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["id"].as_str().unwrap().to_owned()
}

async fn say(browser: &mut Browser, chat: &str, content: &str) -> Answer {
    browser.post(&format!("/api/chats/{chat}/messages"), json!({"content": content})).await
}

fn ids(chats: &Value) -> Vec<&str> {
    chats["chats"].as_array().unwrap().iter().map(|chat| chat["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn create_list_and_read_a_chat() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let first = open(&mut browser, json!({"title": "Knee", "patient_id": "P-1"})).await;
    app.clock.advance(1);
    let second = open(&mut browser, json!({"title": "Hip"})).await;
    let list = browser.get("/api/chats").await.json();
    assert_eq!(ids(&list), [&second, &first]);
    let chat = browser.get(&format!("/api/chats/{first}")).await.json();
    assert_eq!((&chat["title"], &chat["patient_id"]), (&json!("Knee"), &json!("P-1")));
    assert_eq!(chat["messages"], json!([]));
}

#[tokio::test]
async fn create_refuses_a_malformed_chat() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    for (body, code) in [
        (json!({"title": " "}), "invalid_title"),
        (json!({"title": "x".repeat(201)}), "invalid_title"),
        (json!({"title": "Knee", "patient_id": "\n"}), "invalid_patient_id"),
        (json!({"title": "Knee", "user_id": "00000000-0000-0000-0000-000000000000"}), "invalid_body"),
    ] {
        assert_eq!(browser.post("/api/chats", body).await.code(), code);
    }
}

#[tokio::test]
async fn search_finds_a_patients_chats_and_no_others() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let wanted = open(&mut browser, json!({"title": "One", "patient_id": "P-1"})).await;
    open(&mut browser, json!({"title": "Two", "patient_id": "P-2"})).await;
    let found = browser.post("/api/chats/search", json!({"patient_id": "P-1"})).await.json();
    assert_eq!(ids(&found), [&wanted]);
    assert_eq!(browser.post("/api/chats/search", json!({"patient_id": "p-1"})).await.json(), json!({"chats": []}));
}

#[tokio::test]
async fn search_refuses_a_malformed_patient_id() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    assert_eq!(browser.post("/api/chats/search", json!({"patient_id": ""})).await.code(), "invalid_patient_id");
    assert_eq!(browser.post("/api/chats/search", json!({})).await.code(), "invalid_body");
}

#[tokio::test]
async fn another_users_chat_is_not_there() {
    let app = TestApp::new().await;
    let (mut ada, mut grace) = (app.signed_in("ada").await, app.signed_in("grace").await);
    let chat = open(&mut ada, json!({"title": "Knee", "patient_id": "P-1"})).await;
    assert_eq!(grace.get(&format!("/api/chats/{chat}")).await.code(), "not_found");
    assert_eq!(say(&mut grace, &chat, "hello").await.code(), "not_found");
    assert_eq!(grace.get("/api/chats").await.json(), json!({"chats": []}));
    assert_eq!(grace.post("/api/chats/search", json!({"patient_id": "P-1"})).await.json(), json!({"chats": []}));
    assert_eq!(grace.get("/api/usage").await.json()["calls"]["used"], 0);
    assert_eq!(ada.get(&format!("/api/chats/{chat}")).await.json()["messages"], json!([]));
}

#[tokio::test]
async fn read_refuses_a_malformed_id() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    for id in ["1", "..%2f", "00000000-0000-0000-0000-00000000000g"] {
        assert_eq!(browser.get(&format!("/api/chats/{id}")).await.code(), "not_found");
    }
}

#[tokio::test]
async fn a_message_is_answered_token_by_token_and_kept() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let chat = open(&mut browser, json!({"title": "Knee"})).await;
    let answer = say(&mut browser, &chat, "What is a meniscus?").await;
    assert_eq!(answer.headers["content-type"], "text/event-stream");
    let events = answer.events();
    let names: Vec<_> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!((names[0], names[names.len() - 1]), ("start", "done"));
    assert!(names[1..names.len() - 1].iter().all(|name| *name == "delta"));
    assert!(names.len() > 10);
    let told: String = events.iter().filter_map(|(_, data)| data["text"].as_str()).collect();
    let done = &events.last().unwrap().1["message"];
    assert_eq!((&done["content"], &done["role"]), (&json!(told), &json!("assistant")));

    let kept = browser.get(&format!("/api/chats/{chat}")).await.json()["messages"].clone();
    assert_eq!(kept[0]["content"], "What is a meniscus?");
    assert_eq!(kept[0]["id"], events[0].1["user_message_id"]);
    assert_eq!(&kept[1], done);
}

#[tokio::test]
async fn a_malformed_message_is_refused() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let chat = open(&mut browser, json!({"title": "Knee"})).await;
    for content in ["", " \n", "a\u{0}b", &"x".repeat(100_001)] {
        assert_eq!(say(&mut browser, &chat, content).await.code(), "invalid_content");
    }
    assert_eq!(browser.get(&format!("/api/chats/{chat}")).await.json()["messages"], json!([]));
}

/// A chat whose provider answers as told; the answer and what was used afterwards.
async fn with_provider(status: u16, kind: &'static str, parts: Vec<String>, breaks: bool) -> (Answer, Value, Value) {
    let url = provider(status, kind, parts, breaks).await;
    let app = TestApp::with(&[("OPENAI_BASE_URL", &url)]).await;
    let mut browser = app.signed_in("ada").await;
    let chat = open(&mut browser, json!({"title": "Knee"})).await;
    let answer = say(&mut browser, &chat, "hello").await;
    let kept = browser.get(&format!("/api/chats/{chat}")).await.json()["messages"].clone();
    (answer, browser.get("/api/usage").await.json(), kept)
}

#[tokio::test]
async fn a_provider_that_refuses_is_502_and_costs_nothing() {
    for (status, kind) in [(401, "application/json"), (429, "application/json"), (500, "text/html"), (200, "text/html")]
    {
        let (answer, used, kept) = with_provider(status, kind, vec!["secret text of theirs".into()], false).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (502, "upstream_failed"));
        assert!(!answer.text().contains("secret"));
        assert_eq!(
            (&used["calls"]["used"], &used["tokens"]["used"], &used["tokens"]["reserved"]),
            (&json!(0), &json!(0), &json!(0))
        );
        assert_eq!(kept.as_array().unwrap().len(), 1, "what the user said is kept");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_never_looks_complete() {
    let half = vec![token("half "), token("an answer")];
    let failing = [half.clone(), vec!["data: {\"error\":{\"message\":\"overloaded\"}}\n\n".into()]].concat();
    let endless = [half.clone(), vec![format!("data: {}", "x".repeat(2 * 1024 * 1024))]].concat();
    let too_long = vec![token(&"x".repeat(50_000)); 3];
    let garbled = [half.clone(), vec!["data: {nonsense\n\n".into()]].concat();
    for (parts, breaks) in
        [(half.clone(), false), (half, true), (failing, false), (garbled, false), (endless, false), (too_long, false)]
    {
        let (answer, used, kept) = with_provider(200, "text/event-stream", parts, breaks).await;
        let events = answer.events();
        let (name, data) = events.last().unwrap();
        assert_eq!((name.as_str(), &data["code"]), ("error", &json!("upstream_failed")));
        assert!(events.iter().all(|(name, _)| name != "done"));
        assert_eq!(used["calls"]["used"], 1);
        assert!(used["tokens"]["used"].as_u64().unwrap() > 0, "what came was estimated and charged");
        assert_eq!(used["tokens"]["reserved"], 0);
        assert_eq!(kept.as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn the_providers_count_is_what_is_charged() {
    let parts = vec![token("Hi"), usage(7, 11), DONE.into()];
    let (answer, used, _) = with_provider(200, "text/event-stream; charset=utf-8", parts, false).await;
    let spent = answer.events().pop().unwrap().1["message"]["usage"].clone();
    assert_eq!(
        spent,
        json!({"model": "ward-local", "prompt_tokens": 7, "completion_tokens": 11, "total_tokens": 18, "cost_nano_dollars": 7650})
    );
    assert_eq!(used["tokens"]["used"], 18);
}

#[tokio::test]
async fn a_client_that_goes_away_is_settled_and_its_answer_kept() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let chat = open(&mut browser, json!({"title": "Knee"})).await;
    let path = format!("/api/chats/{chat}/messages");
    browser.abandon(&path, json!({"content": "hello"})).await;
    until_answered(&mut browser, &chat).await;
    let used = browser.get("/api/usage").await.json();
    assert_eq!((&used["calls"]["used"], &used["tokens"]["reserved"]), (&json!(1), &json!(0)));
}

/// Waits until the chat holds the question and its answer.
async fn until_answered(browser: &mut Browser, chat: &str) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while browser.get(&format!("/api/chats/{chat}")).await.json()["messages"].as_array().unwrap().len() < 2 {
        assert!(std::time::Instant::now() < deadline, "the answer was never stored");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_client_that_goes_away_before_the_first_token_is_charged_all_the_same() {
    let parts = vec![token("Hi"), usage(7, 11), DONE.into()];
    let url = provider_after(std::time::Duration::from_millis(300), 200, "text/event-stream", parts, false).await;
    let app = TestApp::with(&[("OPENAI_BASE_URL", &url), ("WARD_LIMIT_USER", "1000000")]).await;
    let mut browser = app.signed_in("ada").await;
    let chat = open(&mut browser, json!({"title": "Knee"})).await;
    let mut impatient = browser.clone();
    let asked = say(&mut impatient, &chat, "hello");
    assert!(tokio::time::timeout(std::time::Duration::from_millis(100), asked).await.is_err(), "it left too late");
    until_answered(&mut browser, &chat).await;
    let used = browser.get("/api/usage").await.json();
    assert_eq!((&used["tokens"]["used"], &used["tokens"]["reserved"]), (&json!(18), &json!(0)));
}

#[tokio::test]
async fn an_answer_keeps_what_it_took() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let chat = open(&mut browser, json!({"title": "Knee"})).await;
    say(&mut browser, &chat, "hello").await;
    let kept = browser.get(&format!("/api/chats/{chat}")).await.json()["messages"].clone();
    assert_eq!(kept[0].get("usage"), None);
    assert_eq!(kept[1]["usage"]["model"], "ward-local");
    assert_eq!(kept[1]["usage"]["total_tokens"], browser.get("/api/usage").await.json()["tokens"]["used"]);
}

#[tokio::test]
async fn a_long_chat_goes_on() {
    let app = TestApp::new().await;
    let mut browser = app.signed_in("ada").await;
    let chat = open(&mut browser, json!({"title": "Knee"})).await;
    // Together they would need more than the day holds.
    for _ in 0..6 {
        assert_eq!(say(&mut browser, &chat, &"word ".repeat(4_000)).await.status, 200);
    }
}
