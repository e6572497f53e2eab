//! Files behind a scanner: the real clamd, with a signature of the EICAR test file.

use axum::http::Method;
use serde_json::json;
use shared::identity::RequestMeta;
use tests::{Services, TestApp};
use tokio::net::TcpListener;
use uuid::Uuid;

use super::{begin, bytes, complete, get, path, put, upload};

/// Taken apart, so that no scanner of a developer's stops at this file.
fn eicar() -> Vec<u8> {
    [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$", "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"].concat().into_bytes()
}

async fn app() -> TestApp {
    TestApp::with(&[("FILES_SCANNER", &Services::get().clamd())]).await
}

fn sweeper() -> RequestMeta {
    RequestMeta { id: Uuid::from_u128(1), address: None }
}

#[tokio::test]
async fn what_the_scanner_finds_nothing_in_is_ready() {
    let app = app().await;
    let mut ada = app.signed_in("ada").await;
    let file = upload(&mut ada, "a.txt", "text/plain", b"nothing to see").await;
    assert_eq!(file["state"], "ready");
    let content = bytes(3_000_000);
    let begun = begin(&mut ada, "b", "application/octet-stream", &content).await;
    app.browser().send_request(put(&begun, &content)).await;
    assert_eq!(complete(&mut ada, &begun).await.json()["state"], "ready");
}

#[tokio::test]
async fn what_it_finds_something_in_can_be_deleted_and_nothing_else() {
    let app = app().await;
    let mut ada = app.signed_in("ada").await;
    let small = upload(&mut ada, "a.txt", "text/plain", &eicar()).await;
    let begun = begin(&mut ada, "b.txt", "text/plain", &eicar()).await;
    app.browser().send_request(put(&begun, &eicar())).await;
    let large = complete(&mut ada, &begun).await.json();
    for file in [small, large] {
        assert_eq!(file["state"], "quarantined");
        let refused = get(&mut ada, &file, &[]).await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (403, "file_quarantined"));
        let head = ada.request(&Method::HEAD, &format!("{}/content", path(&file)), None);
        assert_eq!(ada.send_request(head).await.status, 403);
        let sql =
            "SELECT severity FROM security_events WHERE event_type = 'file.quarantined' AND details ->> 'file_id' = $1";
        let id = file["id"].as_str().unwrap();
        let event = app.superuser().await.query_one(sql, &[&id]).await.unwrap();
        assert_eq!(event.get::<_, &str>(0), "high");
        assert_eq!(ada.delete(&path(&file)).await.status, 204);
    }
}

#[tokio::test]
async fn a_scanner_that_is_away_keeps_files_back_until_a_sweep_finds_it() {
    // The scanner's address, at which nobody listens yet.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let app = TestApp::with(&[("FILES_SCANNER", &format!("clamd://{address}"))]).await;
    let mut ada = app.signed_in("ada").await;
    let clean = upload(&mut ada, "a.txt", "text/plain", &bytes(200_000)).await;
    let infected = upload(&mut ada, "b.txt", "text/plain", &eicar()).await;
    for file in [&clean, &infected] {
        assert_eq!(file["state"], "scanning");
        assert_eq!(get(&mut ada, file, &[]).await.code(), "file_not_ready");
    }
    let storage = storage::App::new(app.platform.for_maintenance().unwrap());
    let swept = storage::sweep_files(&storage, sweeper(), 10).await.unwrap();
    assert_eq!(swept, storage::Swept::default(), "the scanner is still away");
    assert_eq!(get(&mut ada, &clean, &[]).await.code(), "file_not_ready");

    let clamd = Services::get().clamd();
    let clamd = clamd.strip_prefix("clamd://").unwrap().to_owned();
    let listener = TcpListener::bind(address).await.unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let mut scanner = tokio::net::TcpStream::connect(&clamd).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut scanner).await });
        }
    });
    app.clock.advance(15 * 60);
    let swept = storage::sweep_files(&storage, sweeper(), 10).await.unwrap();
    assert_eq!(swept, storage::Swept { scanned: 2, ..storage::Swept::default() });
    assert_eq!(get(&mut ada, &clean, &[]).await.body, bytes(200_000));
    assert_eq!(get(&mut ada, &infected, &[]).await.code(), "file_quarantined");
    let sql = "SELECT action, user_id = actor_id FROM audit_log WHERE resource_id = $1 ORDER BY created_at, action";
    let id = infected["id"].as_str().unwrap();
    let rows = app.superuser().await.query(sql, &[&id]).await.unwrap();
    let rows: Vec<(String, bool)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let by_operator = rows.iter().filter(|(_, own)| !own).map(|(action, _)| action.as_str());
    assert_eq!(by_operator.collect::<Vec<_>>(), ["file.scan", "file.quarantine", "file.scan"].to_vec(), "{rows:?}");
}

#[tokio::test]
async fn a_scanner_that_gives_no_verdict_keeps_the_file_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        while let Ok((mut client, _)) = listener.accept().await {
            let mut begin = [0; 10];
            client.read_exact(&mut begin).await.unwrap();
            client.write_all(b"INSTREAM size limit exceeded. ERROR\0").await.unwrap();
        }
    });
    let app = TestApp::with(&[("FILES_SCANNER", &format!("clamd://{address}"))]).await;
    let mut ada = app.signed_in("ada").await;
    let file = upload(&mut ada, "a.txt", "text/plain", &bytes(300_000)).await;
    assert_eq!((&file["state"], get(&mut ada, &file, &[]).await.code()), (&json!("scanning"), "file_not_ready".into()));
}
