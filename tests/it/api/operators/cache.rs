//! The list in the cache: found again, made old by each change, and never brought back.

use serde_json::json;
use shared::data::cache::Lookup;
use shared::metrics::Counter;
use tests::{Proxy, Services, Target, TestApp};

use super::{PATH, add, clinic, named, page};
use crate::api::auth::column;

/// Hits and misses so far.
async fn counted(app: &TestApp) -> (u64, u64) {
    let counts = app.platform.cache.counts().await.unwrap();
    let of = |counter: Counter| counts.get(&counter.series()).copied().unwrap_or_default();
    (of(Counter::OperatorsListHit), of(Counter::OperatorsListMiss))
}

fn redis() -> String {
    format!("redis+unix://{}", Services::get().redis_socket().display())
}

fn cli(arguments: &[&str]) -> String {
    let socket = Services::get().redis_socket();
    let output = std::process::Command::new("redis-cli").arg("-s").arg(socket).args(arguments).output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[tokio::test]
async fn a_list_is_read_once_until_the_directory_changes() {
    let redis = redis();
    for settings in [&[][..], &[("REDIS_URL", redis.as_str())]] {
        let app = TestApp::with(settings).await;
        let (mut admin, mut ada) = (app.administrator("admin").await, app.signed_in("ada").await);
        let id = named(&mut admin, "a").await;
        for _ in 0..3 {
            for browser in [&mut admin, &mut ada] {
                assert_eq!(page(browser, "").await.0, ["a"]);
            }
        }
        assert_eq!(counted(&app).await, (5, 1));
        assert_eq!(page(&mut ada, "q=%20A&limit=20").await.0, ["a"]);
        assert_eq!(page(&mut ada, "q=a&sort=name").await.0, ["a"]);
        assert_eq!(counted(&app).await, (6, 2), "queries that mean the same are one");
        assert_eq!(column(&app, "SELECT action FROM audit_log WHERE action = 'operator.list'").await.len(), 2);

        named(&mut admin, "b").await;
        assert_eq!(page(&mut ada, "").await.0, ["a", "b"]);
        admin.patch(&format!("{PATH}/{id}"), json!({"name": "c"})).await;
        assert_eq!(page(&mut ada, "").await.0, ["b", "c"]);
        admin.delete(&format!("{PATH}/{id}")).await;
        assert_eq!(page(&mut ada, "").await.0, ["b"]);
        app.clock.advance(if settings.is_empty() { 61 } else { 0 });
    }
}

#[tokio::test]
async fn a_change_on_one_instance_is_seen_in_the_lists_of_the_other() {
    let app = TestApp::with(&[("REDIS_URL", &redis())]).await;
    let mut here = app.administrator("admin").await;
    let mut there = app.on_another_instance(&here);
    for name in ["a", "b", "c"] {
        for browser in [&mut here, &mut there] {
            page(browser, "").await;
        }
        named(&mut here, name).await;
        assert!(page(&mut there, "").await.0.contains(&name.to_owned()), "{name}");
    }
}

#[tokio::test]
async fn a_late_fill_brings_no_old_list_back() {
    let redis = redis();
    for settings in [&[][..], &[("REDIS_URL", redis.as_str())]] {
        let app = TestApp::with(settings).await;
        let cache = &app.platform.cache;
        let lookup =
            Lookup { generation: "g", key: "list", hit: Counter::OperatorsListHit, miss: Counter::OperatorsListMiss };
        // Somebody reads at generation 4 and is slow; somebody else changes the directory meanwhile.
        cache.put_newer("g", 5, b"", 60).await.unwrap();
        cache.put_newer("g", 4, b"", 60).await.unwrap();
        cache.put_newer("list", 4, b"old", 60).await.unwrap();
        assert_eq!(cache.look_up(lookup).await.unwrap(), None);
        cache.put_newer("list", 5, b"new", 60).await.unwrap();
        cache.put_newer("list", 4, b"old", 60).await.unwrap();
        assert_eq!(cache.look_up(lookup).await.unwrap(), Some((5, b"new".to_vec())));
        // Without a word of the generation nothing is believed.
        assert_eq!(cache.look_up(Lookup { generation: "lost", ..lookup }).await.unwrap(), None);
    }
}

#[tokio::test]
async fn the_cached_list_is_sealed_and_a_forged_one_is_not_believed() {
    let app = TestApp::with(&[("REDIS_URL", &redis())]).await;
    let mut admin = app.administrator("admin").await;
    add(&mut admin, clinic()).await;
    page(&mut admin, "").await;
    let prefix = format!("{}:dev:operators:", app.platform.settings.app);
    let lists = cli(&["KEYS", &format!("{prefix}list:*")]);
    let key = lists.lines().next().expect("a list is there");
    assert!(!cli(&["GET", key]).contains("Klinik"));
    let generation = cli(&["GET", &format!("{prefix}generation")]);
    for forged in [format!("{generation}{{\"operators\":[]}}"), generation.clone(), "nonsense".to_owned()] {
        cli(&["SET", key, &forged, "EX", "60"]);
        assert_eq!(page(&mut admin, "").await.0, ["Klinik Zürich"], "{forged}");
    }
    // What is cached under another query does not open under this one.
    page(&mut admin, "status=inactive").await;
    let lists = cli(&["KEYS", &format!("{prefix}list:*")]);
    let other = lists.lines().find(|list| *list != key).expect("another list");
    cli(&["COPY", other, key, "REPLACE"]);
    assert_eq!(page(&mut admin, "").await.0, ["Klinik Zürich"]);
}

#[tokio::test]
async fn the_directory_is_read_and_written_while_the_cache_is_away() {
    let cache = Proxy::before(Target::Unix(Services::get().redis_socket().to_owned())).await;
    let app = TestApp::with(&[("REDIS_URL", &format!("redis://127.0.0.1:{}", cache.port))]).await;
    let mut admin = app.administrator("admin").await;
    named(&mut admin, "a").await;
    page(&mut admin, "").await;
    cache.cut();
    app.clock.advance(2);
    assert_eq!(page(&mut admin, "").await.0, ["a"]);
    named(&mut admin, "b").await;
    assert_eq!(page(&mut admin, "").await.0, ["a", "b"]);
    cache.mend();
    app.clock.advance(2);
    // Not told meanwhile, the cache may serve what it had for a minute, and no longer: Redis keeps its own time, so the
    // minute is shown by taking the entry away.
    let (names, _) = page(&mut admin, "").await;
    assert!(names == ["a"] || names == ["a", "b"], "{names:?}");
    named(&mut admin, "c").await;
    assert_eq!(page(&mut admin, "").await.0, ["a", "b", "c"]);
}
