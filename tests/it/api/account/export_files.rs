//! The user's files in `GET /api/account/export`, read by Python's `zipfile` and `unzip`.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tests::{Browser, TestApp};

use crate::api::files::{begin, bytes, complete, put, sha256, upload};

const PATH: &str = "/api/account/export";

/// Prints each file's SHA-256 and length, and the texts of those that end in JSON.
const UNPACK: &str = "
import hashlib, json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    assert archive.testzip() is None
    files = [(name, archive.read(name)) for name in archive.namelist()]
print(json.dumps([[name, hashlib.sha256(text).hexdigest(), text.decode() if name.endswith('json') else '']
    for name, text in files]))
";

struct Export {
    /// The SHA-256 of each entry.
    entries: BTreeMap<String, String>,
    manifest: Value,
    uploads: Vec<Value>,
}

impl Export {
    /// The entry of a file: its name behind the id, and its SHA-256.
    fn entry(&self, file: &Value) -> Option<(&str, &str)> {
        let folder = format!("files/{}/", file["id"].as_str().unwrap());
        let (name, sha256) = self.entries.iter().find(|(name, _)| name.starts_with(&folder))?;
        Some((name.strip_prefix(&folder).unwrap(), sha256))
    }

    /// Why a file is named as unreadable.
    fn unreadable(&self, file: &Value) -> Option<&str> {
        let named = self.manifest["unreadable"].as_array().unwrap().iter().find(|named| named["row"] == file["id"])?;
        assert_eq!(named["table"], "file_uploads");
        named["why"].as_str()
    }
}

async fn export(browser: &mut Browser) -> Export {
    let answer = browser.get(PATH).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let archive = tempfile::NamedTempFile::new().unwrap();
    fs::write(archive.path(), &answer.body).unwrap();
    let tested = Command::new("unzip").arg("-tqq").arg(archive.path()).stderr(Stdio::inherit()).output().unwrap();
    assert!(tested.status.success());
    let unpacked = Command::new("python3").args(["-c", UNPACK]).arg(archive.path()).output().unwrap();
    let files: Vec<(String, String, String)> = serde_json::from_slice(&unpacked.stdout).unwrap();
    let text = |wanted: &str| files.iter().find(|(name, ..)| name == wanted).unwrap().2.clone();
    let manifest: Value = serde_json::from_str(&text("manifest.json")).unwrap();
    let uploads = text("file_uploads.ndjson").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let entries: BTreeMap<String, String> = files.into_iter().map(|(name, sha256, _)| (name, sha256)).collect();
    let named = manifest["files"].as_array().unwrap();
    assert_eq!(named.len(), entries.len() - 1, "the manifest names every other entry");
    for entry in named {
        assert_eq!(entry["sha256"], entries[entry["name"].as_str().unwrap()]);
    }
    Export { entries, manifest, uploads }
}

async fn upload_large(app: &TestApp, browser: &mut Browser, name: &str, content: &[u8]) -> Value {
    let begun = begin(browser, name, "application/octet-stream", content).await;
    assert_eq!(app.browser().send_request(put(&begun, content)).await.status, 200);
    let file = complete(browser, &begun).await.json();
    assert_eq!(file["state"], "ready");
    file
}

/// The object of a file, in the folder in place of S3.
async fn object(app: &TestApp, file: &Value) -> std::path::PathBuf {
    let sql = "SELECT filename FROM file_uploads WHERE id = $1::text::uuid";
    let row = app.superuser().await.query_one(sql, &[&file["id"].as_str().unwrap()]).await.unwrap();
    app.objects().join(row.get::<_, &str>(0))
}

#[tokio::test]
async fn small_and_large_files_are_in_the_archive_and_nobody_elses() {
    let app = TestApp::new().await;
    let (mut ada, mut grace) = (app.signed_in("ada").await, app.signed_in("grace").await);
    let of_grace = upload(&mut grace, "hers.txt", "text/plain", b"hers").await;
    let (small, large) = (bytes(700_001), bytes(9_000_003));
    let sealed = upload(&mut ada, "scan 1.bin", "application/octet-stream", &small).await;
    let direct = upload_large(&app, &mut ada, "../a:b?.bin", &large).await;
    let begun = begin(&mut ada, "never.bin", "application/octet-stream", b"never sent").await;

    let export = export(&mut ada).await;
    assert_eq!(export.entry(&sealed), Some(("scan 1.bin", &*sha256(&small))));
    assert_eq!(export.entry(&direct), Some(("a_b_.bin", &*sha256(&large))));
    assert_eq!((export.entry(&begun), export.entry(&of_grace)), (None, None));
    let left_out = format!("files/{}", begun["id"].as_str().unwrap());
    assert!(export.manifest["left_out"].as_array().unwrap().iter().any(|left| left["what"] == *left_out));
    assert_eq!(export.manifest["unreadable"], json!([]));

    let row = |file: &Value| export.uploads.iter().find(|row| row["id"] == file["id"]).unwrap();
    assert_eq!(export.uploads.len(), 3);
    assert_eq!((&row(&direct)["original_name"], &row(&direct)["state"]), (&json!("a:b?.bin"), &json!("ready")));
    assert_eq!(row(&direct)["content_sha256"], sha256(&large));
    assert_eq!((&row(&begun)["state"], &row(&sealed)["size"]), (&json!("uploading"), &json!(small.len())));
}

#[tokio::test]
async fn a_file_that_is_missing_or_damaged_is_named() {
    let app = TestApp::new().await;
    let mut ada = app.signed_in("ada").await;
    let content = bytes(900_000);
    let sound = upload(&mut ada, "sound.bin", "application/octet-stream", &content).await;
    let missing = upload(&mut ada, "missing.bin", "application/octet-stream", &content).await;
    let broken = upload(&mut ada, "broken.bin", "application/octet-stream", &content).await;
    let quarantined = upload(&mut ada, "quarantined.bin", "application/octet-stream", &content).await;
    let changed = upload_large(&app, &mut ada, "changed.bin", &content).await;
    fs::remove_file(object(&app, &missing).await).unwrap();
    for file in [&broken, &changed] {
        let path = object(&app, file).await;
        let mut object = fs::read(&path).unwrap();
        let at = object.len() - 100;
        object[at] ^= 1;
        fs::write(&path, object).unwrap();
    }
    let sql = "UPDATE file_uploads SET state = 'quarantined' WHERE id = $1::text::uuid";
    app.superuser().await.execute(sql, &[&quarantined["id"].as_str().unwrap()]).await.unwrap();

    let export = export(&mut ada).await;
    assert_eq!(export.entry(&sound), Some(("sound.bin", &*sha256(&content))));
    assert_eq!(export.unreadable(&sound), None);
    assert_eq!((export.entry(&missing), export.entry(&quarantined)), (None, None));
    assert!(export.unreadable(&missing).unwrap().contains("has none of it"));
    for file in [&broken, &changed] {
        assert!(export.unreadable(file).unwrap().contains("what could be read"));
        assert_ne!(export.entry(file).unwrap().1, sha256(&content));
    }
    assert_eq!(export.unreadable(&quarantined), None, "it is left out on purpose");
}
