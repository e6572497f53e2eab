//! What the cache's user may do by infra/cache.yaml is what the functions do.

use std::fs;
use std::path::Path;

use tests::{Browser, Services};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::settings::Settings;
use super::{gateway, journey};

/// The functions' access string, for the keys of this application.
fn access_string(app: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/cache.yaml");
    let template = fs::read_to_string(path).expect("the template");
    let line = template.lines().find(|line| line.contains("~${WardApp}:${WardEnv}:*")).expect("the access string");
    line.trim().replace("${WardApp}", app).replace("${WardEnv}", "dev")
}

/// What Redis answers to one line.
async fn ask(line: &str) -> String {
    let mut redis = UnixStream::connect(Services::get().redis_socket()).await.expect("Redis answers");
    redis.write_all(format!("{line}\r\nQUIT\r\n").as_bytes()).await.expect("it listens");
    let mut answer = String::new();
    redis.read_to_string(&mut answer).await.expect("it answers");
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn the_functions_need_no_more_of_the_cache_than_the_template_gives() {
    let settings = Settings::new().await;
    let user = settings.get("WARD_APP").to_owned();
    let made = ask(&format!("ACL SETUSER {user} reset >secret {}", access_string(&user))).await;
    assert!(made.starts_with("+OK"), "{made}");
    let url = format!("redis+unix://{}?user={user}&pass=secret", Services::get().redis_socket().display());
    let settings = settings.with("REDIS_URL", url);
    let mut browser = Browser::new(gateway::start(&settings).await);
    journey::walk(&mut browser).await;
    assert_eq!(browser.get("/health").await.json()["checks"]["cache"], "ok");
    let clients = ask("CLIENT LIST").await;
    assert!(clients.contains(&format!("user={user}")), "the functions signed in as this user: {clients}");
    // Redis writes down whatever it refused, and whom. The client's own name is its library's wish, not ours.
    let log = ask("ACL LOG 1000").await;
    let refused: Vec<_> = log.split("reason").filter(|entry| entry.contains(&user)).collect();
    let ours: Vec<_> = refused.iter().filter(|entry| !entry.contains("client|setinfo")).collect();
    assert!(ours.is_empty(), "{ours:?}");
}
