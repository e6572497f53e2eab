//! Lists of operators: pages, order, filters, search.

use serde_json::{Value, json};
use tests::{Browser, TestApp};

use super::{PATH, add, clinic, named, page};

async fn all(browser: &mut Browser, query: &str) -> Vec<String> {
    let (mut names, mut cursor) = page(browser, query).await;
    while let Some(next) = cursor {
        let (more, after) = page(browser, &format!("{query}&cursor={next}")).await;
        names.extend(more);
        cursor = after;
    }
    names
}

#[tokio::test]
async fn operators_are_listed_a_page_at_a_time_in_any_order() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    let mut ids = Vec::new();
    for name in ["delta", "Älpha", "Charlie", "bravo", "Echo"] {
        ids.push(named(&mut admin, name).await);
        app.clock.advance(1);
    }
    admin.patch(&format!("{PATH}/{}", ids[0]), json!({"description": "x"})).await;
    let by_name = ["Älpha", "bravo", "Charlie", "delta", "Echo"];
    let by_creation = ["delta", "Älpha", "Charlie", "bravo", "Echo"];
    let by_update = ["Älpha", "Charlie", "bravo", "Echo", "delta"];
    for (sort, expected) in [("name", by_name), ("created_at", by_creation), ("updated_at", by_update)] {
        let mut backwards = expected;
        backwards.reverse();
        for limit in 1..=6 {
            assert_eq!(all(&mut admin, &format!("sort={sort}&limit={limit}")).await, expected, "{sort} {limit}");
            assert_eq!(all(&mut admin, &format!("sort=-{sort}&limit={limit}")).await, backwards, "-{sort} {limit}");
        }
    }
    let (names, next) = page(&mut admin, "").await;
    assert_eq!((names, next), (by_name.map(str::to_owned).to_vec(), None));
    let first = &admin.get(PATH).await.json()["operators"][0];
    assert_eq!(first["services"], json!([]));
    assert!(first["contacts"].is_null(), "contacts are shown with one operator only");
}

#[tokio::test]
async fn what_is_added_meanwhile_moves_no_page() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    for name in ["b", "d", "f"] {
        named(&mut admin, name).await;
    }
    let (first, next) = page(&mut admin, "limit=2").await;
    assert_eq!(first, ["b", "d"]);
    for name in ["a", "c", "e"] {
        named(&mut admin, name).await;
    }
    let (second, none) = page(&mut admin, &format!("limit=2&cursor={}", next.unwrap())).await;
    assert_eq!((second, none), (vec!["e".to_owned(), "f".to_owned()], None));
}

#[tokio::test]
async fn operators_are_found_by_name_service_and_status() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    add(&mut admin, clinic()).await;
    add(&mut admin, json!({"name": "Praxis 100%_\\", "services": [{"name": "röntgen"}, {"name": "Labor"}]})).await;
    named(&mut admin, "Labor Łódź").await;
    for (query, found) in [
        ("q=zurich", vec!["Klinik Zürich"]),
        ("q=Z%C3%9CRI", vec!["Klinik Zürich"]),
        ("q=RONTGEN", vec!["Klinik Zürich", "Praxis 100%_\\"]),
        ("q=rontgen+labor", vec!["Praxis 100%_\\"]),
        ("q=labor", vec!["Labor Łódź", "Praxis 100%_\\"]),
        ("q=lodz", vec!["Labor Łódź"]),
        ("q=%25", vec!["Praxis 100%_\\"]),
        ("q=_", vec!["Praxis 100%_\\"]),
        ("q=%5C", vec!["Praxis 100%_\\"]),
        ("q=l_bor", vec![]),
        // Nothing is found across two names, and contacts are not looked through.
        ("q=zurichrontgen", vec![]),
        ("q=lovelace", vec![]),
        ("q=", vec!["Klinik Zürich", "Labor Łódź", "Praxis 100%_\\"]),
        ("status=pending", vec!["Klinik Zürich"]),
        ("status=inactive", vec![]),
        ("service=R%C3%B6ntgen", vec!["Klinik Zürich", "Praxis 100%_\\"]),
        ("service=ront", vec![]),
        ("service=labor&status=active&q=praxis", vec!["Praxis 100%_\\"]),
    ] {
        assert_eq!(page(&mut admin, query).await.0, found, "{query}");
    }
}

#[tokio::test]
async fn a_malformed_list_of_operators_is_refused() {
    let app = TestApp::new().await;
    let mut admin = app.administrator("admin").await;
    named(&mut admin, "a").await;
    named(&mut admin, "b").await;
    let cursor = page(&mut admin, "limit=1").await.1.unwrap();
    for (query, code) in [
        ("limit=0", "invalid_limit"),
        ("limit=51", "invalid_limit"),
        ("limit=ten", "invalid_query"),
        ("cursor=", "invalid_cursor"),
        ("cursor=..%2F..", "invalid_cursor"),
        ("sort=email", "invalid_query"),
        ("status=gone", "invalid_query"),
        ("q=a%00b", "invalid_search"),
        ("service=", "invalid_service"),
        ("service=a%00", "invalid_service"),
        ("email=ada%40example.org", "invalid_query"),
        (&format!("sort=-name&cursor={cursor}"), "invalid_cursor"),
        (&format!("q={}", "x".repeat(101)), "invalid_search"),
    ] {
        let answer = admin.get(&format!("{PATH}?{query}")).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, code), "{query}");
    }
    // A cursor of an operator that is gone still says where to go on.
    let first = admin.get(&format!("{PATH}?limit=1")).await.json();
    let id = first["operators"][0]["id"].as_str().unwrap();
    assert_eq!(admin.delete(&format!("{PATH}/{id}")).await.status, 204);
    assert_eq!(page(&mut admin, &format!("limit=1&cursor={cursor}")).await, (vec!["b".to_owned()], None));
    assert_eq!(first["next_cursor"], Value::String(cursor));
}
