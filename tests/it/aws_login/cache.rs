//! A cache with TLS that signs a user in by the token alone, before the tests' Redis.

use shared::config::CacheSettings;
use shared::data::{Cache, IamTokens};
use tests::iam::{AccessKey, Authority, IamCache};
use tests::{Proxy, Target, TestClock};

const NOW: &str = "2026-03-14T15:09:26Z";
const SIXTEEN_MINUTES: i64 = 16 * 60;
/// Longer than the cache is taken to be away after a failure.
const A_MOMENT: i64 = 2;

fn settings(url: String) -> CacheSettings {
    CacheSettings {
        url: url.into(),
        iam_cluster: Some(IamCache::CLUSTER.to_owned()),
        ca_file: Some(Authority::get().roots()),
    }
}

fn cache(settings: &CacheSettings, key: &AccessKey, clock: &TestClock) -> Cache {
    let prefix = format!("{}:", key.environment()[1].1);
    Cache::redis(settings, &prefix, clock.clock(), &IamTokens::with(key.config(), clock.clock())).unwrap()
}

#[tokio::test]
async fn a_token_signs_in_once_and_the_connection_is_used_by_all() {
    let (server, clock) = (IamCache::start().await, TestClock::at(NOW));
    let key = AccessKey::new(clock.clock());
    let cache = cache(&settings(server.url()), &key, &clock);
    let (one, two, three) = tokio::join!(cache.count("a", 60), cache.count("a", 60), cache.ping());
    assert_eq!(one.unwrap() + two.unwrap(), 3);
    three.unwrap();
    clock.advance(SIXTEEN_MINUTES);
    assert_eq!(cache.count("a", 60).await.unwrap(), 3);
    let judged = key.judged();
    assert_eq!((judged.accepted.len(), judged.refused.len()), (1, 0), "{judged:?}");
    let beginning = format!("ward-test/?Action=connect&User={}&X-Amz-", IamCache::USER);
    assert!(judged.accepted[0].starts_with(&beginning), "{judged:?}");
}

#[tokio::test]
async fn a_connection_that_broke_is_made_anew_with_a_fresh_token() {
    let (server, clock) = (IamCache::start().await, TestClock::at(NOW));
    let line = Proxy::before(Target::Port(server.port())).await;
    let key = AccessKey::new(clock.clock());
    let cache = cache(&settings(IamCache::url_by("localhost", line.port)), &key, &clock);
    cache.count("a", 60).await.unwrap();
    line.cut();
    cache.count("a", 60).await.unwrap_err();
    clock.advance(SIXTEEN_MINUTES);
    cache.count("a", 60).await.unwrap_err();
    line.mend();
    clock.advance(A_MOMENT);
    cache.count("a", 60).await.unwrap();
    let judged = key.judged();
    assert_eq!((judged.accepted.len(), judged.refused.len()), (2, 0), "{judged:?}");
    assert!(judged.accepted[1].contains("X-Amz-Date=20260314T152528Z"), "{judged:?}");
}

#[tokio::test]
async fn a_connection_is_renewed_before_the_cache_would_end_it() {
    let (server, clock) = (IamCache::start().await, TestClock::at(NOW));
    let key = AccessKey::new(clock.clock());
    let cache = cache(&settings(server.url()), &key, &clock);
    cache.ping().await.unwrap();
    clock.advance(11 * 3600 - 1);
    cache.ping().await.unwrap();
    assert_eq!(key.judged().accepted.len(), 1);
    clock.advance(1);
    cache.ping().await.unwrap();
    assert_eq!(key.judged().accepted.len(), 2);
}

#[tokio::test]
async fn a_refused_token_does_not_keep_the_cache_away() {
    let (server, clock, behind) = (IamCache::start().await, TestClock::at(NOW), TestClock::at("2026-03-14T14:54:26Z"));
    let key = AccessKey::new(clock.clock());
    let cache = cache(&settings(server.url()), &key, &behind);
    cache.count("a", 60).await.unwrap_err();
    assert_eq!(key.judged().refused, ["expired"]);
    behind.advance(A_MOMENT);
    cache.count("a", 60).await.unwrap();
}

#[tokio::test]
async fn a_foreign_key_and_another_user_sign_nobody_in() {
    let (server, clock) = (IamCache::start().await, TestClock::at(NOW));
    let (key, other) = (AccessKey::new(clock.clock()), AccessKey::new(clock.clock()));
    cache(&settings(server.url()), &key.signing_as(&other), &clock).ping().await.unwrap_err();
    assert_eq!(other.judged().refused, ["a wrong signature"]);
    let another = server.url().replace(IamCache::USER, "default");
    cache(&settings(another), &key, &clock).ping().await.unwrap_err();
    let elsewhere = CacheSettings { iam_cluster: Some("ward-other".to_owned()), ..settings(server.url()) };
    cache(&elsewhere, &key, &clock).ping().await.unwrap_err();
    let judged = key.judged();
    assert!(judged.accepted.is_empty(), "{judged:?}");
    assert_eq!(judged.refused, ["another place"]);
}

#[tokio::test]
async fn no_token_leaves_for_a_server_that_does_not_prove_itself() {
    let (server, clock) = (IamCache::start().await, TestClock::at(NOW));
    let key = AccessKey::new(clock.clock());
    let without_root = CacheSettings { ca_file: None, ..settings(server.url()) };
    cache(&without_root, &key, &clock).ping().await.unwrap_err();
    let another_name = settings(IamCache::url_by("127.0.0.1", server.port()));
    cache(&another_name, &key, &clock).ping().await.unwrap_err();
    let judged = key.judged();
    assert!(judged.accepted.is_empty() && judged.refused.is_empty(), "{judged:?}");
    cache(&settings(server.url()), &key, &clock).ping().await.unwrap();
}
