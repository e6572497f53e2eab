//! `docker-compose.yml`: what it starts does start, with the very commands and settings that stand in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_yaml_ng::Value;
use tests::{Services, binary, tool};

/// A debug binary on a busy machine, and a database without a table.
const READY_LIMIT: Duration = Duration::from_mins(1);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn compose() -> Value {
    let text = std::fs::read_to_string(root().join("docker-compose.yml")).unwrap();
    let mut file: Value = serde_yaml_ng::from_str(&text).unwrap();
    file.apply_merge().unwrap();
    file
}

fn services(file: &Value) -> BTreeMap<&str, &Value> {
    file["services"].as_mapping().unwrap().iter().map(|(name, service)| (name.as_str().unwrap(), service)).collect()
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_sequence().into_iter().flatten().map(|text| text.as_str().unwrap()).collect()
}

/// A running `ward dev`; it ends with the test.
struct App(Child);

impl Drop for App {
    fn drop(&mut self) {
        self.0.kill().and_then(|()| self.0.wait()).ok();
    }
}

/// What stands in this test's place of the containers' hosts, sockets, folders and ports.
struct Places(Vec<(&'static str, String)>);

impl Places {
    async fn new(folder: &Path) -> Self {
        let services = Services::get();
        let sockets = services.postgres_socket().parent().unwrap().display().to_string();
        let page = folder.join("page");
        std::fs::create_dir(&page).unwrap();
        std::fs::write(page.join("index.html"), "<p>the page</p>").unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
        Self(vec![
            ("/ward?host=", format!("/{}?host=", services.empty_database().await)),
            ("/var/run/postgresql", sockets),
            ("/run/valkey/valkey.sock", services.redis_socket().display().to_string()),
            ("http://moto:5000", services.moto().to_owned()),
            ("/var/lib/ward", folder.join("data").display().to_string()),
            ("/usr/share/ward/page", page.display().to_string()),
            ("/127.0.0.1/9000", format!("/127.0.0.1/{port}")),
            ("0.0.0.0", "127.0.0.1".to_owned()),
            ("9000", port),
        ])
    }

    fn replaced(&self, text: &str) -> String {
        // An origin is what a browser sees: the published port.
        if text.starts_with("http://localhost:") {
            return text.to_owned();
        }
        if let Some((_, ours)) = self.0.iter().find(|(theirs, _)| *theirs == text) {
            return ours.clone();
        }
        let places = self.0.iter().filter(|(theirs, _)| theirs.contains('/'));
        places.fold(text.to_owned(), |text, (theirs, ours)| text.replace(theirs, ours))
    }

    fn environment(&self, service: &Value) -> Vec<(String, String)> {
        let given = service["environment"].as_mapping().unwrap().iter();
        given.map(|(name, value)| (name.as_str().unwrap().to_owned(), self.replaced(value.as_str().unwrap()))).collect()
    }
}

/// Starts a service's command in its environment, and asks by its own health check until that passes.
async fn becomes_healthy(name: &str) {
    let file = compose();
    let service = services(&file)[name];
    let folder = tempfile::tempdir().unwrap();
    let places = Places::new(folder.path()).await;
    if texts(&service["profiles"]).contains(&"aws") {
        let mut setup = Command::new(tool("python"));
        setup.arg(root().join("docker/moto-setup.py")).env_clear();
        setup.envs(places.environment(services(&file)["moto-setup"]));
        assert!(setup.status().unwrap().success());
    }
    let mut command = Command::new(binary("ward"));
    command.args(texts(&service["command"]).into_iter().map(|text| places.replaced(text)));
    // No PATH: it needs neither npm nor another program.
    command.env_clear().envs(places.environment(service)).stdin(Stdio::null()).stdout(Stdio::null());
    let mut app = App(command.spawn().unwrap());
    let check: Vec<_> = texts(&service["healthcheck"]["test"]).into_iter().map(|text| places.replaced(text)).collect();
    assert_eq!(check[0], "CMD");
    let began = Instant::now();
    while !Command::new(&check[1]).args(&check[2..]).stderr(Stdio::null()).status().unwrap().success() {
        assert!(app.0.try_wait().unwrap().is_none(), "{name} ended");
        assert!(began.elapsed() < READY_LIMIT, "{name} does not become healthy");
    }
    app.0.kill().unwrap();
    app.0.wait().unwrap();
    let after = Command::new(&check[1]).args(&check[2..]).stderr(Stdio::null()).status().unwrap();
    assert!(!after.success(), "the check fails when nothing answers");
}

#[tokio::test]
async fn the_app_becomes_healthy_on_its_database_and_cache() {
    becomes_healthy("app").await;
}

#[tokio::test]
async fn the_app_becomes_healthy_on_moto() {
    becomes_healthy("app-aws").await;
}

#[test]
fn every_image_is_pinned_and_nothing_is_open_to_the_network() {
    let file = compose();
    for (name, service) in services(&file) {
        let image = service["image"].as_str().unwrap();
        let version = image.split_once(':').unwrap().1;
        let pinned = version.starts_with(|first: char| first.is_ascii_digit()) && version.contains('.');
        assert!(pinned || version == "local", "{name}: {image}");
        for port in texts(&service["ports"]) {
            assert!(port.starts_with("127.0.0.1:"), "{name}: {port}");
        }
        let runs_once = name == "moto-setup";
        assert_eq!(service["healthcheck"].is_null(), runs_once, "{name} says when it is ready");
        for (other, how) in service["depends_on"].as_mapping().into_iter().flatten() {
            let ready = if other == "moto-setup" { "service_completed_successfully" } else { "service_healthy" };
            assert_eq!(how["condition"], ready, "{name} waits for {other:?}");
        }
    }
}

#[test]
fn volumes_are_named_and_the_image_runs_as_nobody_of_importance() {
    let file = compose();
    let named = file["volumes"].as_mapping().unwrap();
    for (name, service) in services(&file) {
        for volume in texts(&service["volumes"]) {
            let source = volume.split(':').next().unwrap();
            assert!(named.contains_key(source) || source == "./docker/moto-setup.py", "{name}: {volume}");
        }
    }
    let image = std::fs::read_to_string(root().join("Dockerfile")).unwrap();
    let last = image.rsplit("\nFROM ").next().unwrap();
    assert!(last.contains("\nUSER 10001:10001\n"));
    for from in image.lines().filter_map(|line| line.strip_prefix("FROM ")) {
        let tag = from.split([':', ' ']).nth(1).unwrap();
        assert!(tag.starts_with(|first: char| first.is_ascii_digit()) && tag.contains('.'), "{from}");
    }
    // Without compose the image starts the same.
    let command = texts(&services(&file)["app"]["command"]).join("\", \"");
    assert!(last.contains(&format!("CMD [\"{command}\"]")), "{command}");
}
