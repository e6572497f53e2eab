//! The cluster as its users see it. Run as root, these tests also show the server stepping down.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use tokio_postgres::{Client, NoTls};

use super::*;

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn folder() -> tempfile::TempDir {
    tempfile::Builder::new().permissions(Permissions::from_mode(0o711)).tempdir().unwrap()
}

fn start(folder: &Path) -> Result<Cluster, ClusterError> {
    Cluster::start(Options::new(folder).not_durable())
}

fn postmaster(cluster: &Cluster) -> Pid {
    let text = std::fs::read_to_string(cluster.folder().join("data/postmaster.pid")).unwrap();
    Pid::from_raw(text.lines().next().unwrap().parse().unwrap())
}

#[tokio::test]
async fn what_was_stored_is_there_after_a_restart_and_no_process_is_left_between() {
    let folder = folder();
    let cluster = Cluster::start(Options::new(folder.path())).unwrap();
    let client = connect(&cluster.url(SUPERUSER)).await;
    client.batch_execute("CREATE TABLE note (text text); INSERT INTO note VALUES ('kept')").await.unwrap();
    let pid = postmaster(&cluster);
    cluster.stop();
    assert!(kill(pid, None).is_err(), "the server still runs");

    let cluster = Cluster::start(Options::new(folder.path())).unwrap();
    let client = connect(&cluster.url(SUPERUSER)).await;
    let row = client.query_one("SELECT text, current_setting('fsync') FROM note", &[]).await.unwrap();
    assert_eq!((row.get(0), row.get(1)), ("kept", "on"));
}

#[tokio::test]
async fn a_second_instance_of_a_folder_is_refused_and_the_first_goes_on() {
    let folder = folder();
    let first = start(folder.path()).unwrap();
    let error = start(folder.path()).unwrap_err();
    assert!(matches!(error, ClusterError::Busy { .. }), "{error}");
    connect(&first.url(SUPERUSER)).await.simple_query("SELECT").await.unwrap();
}

#[tokio::test]
async fn a_killed_server_leaves_nothing_that_prevents_a_start() {
    let folder = folder();
    let cluster = start(folder.path()).unwrap();
    kill(postmaster(&cluster), Signal::SIGKILL).unwrap();
    let data = cluster.folder().join("data");
    cluster.stop();

    // The kernel has given the pid to somebody else since: to us.
    let text = std::fs::read_to_string(data.join("postmaster.pid")).unwrap();
    let (_, rest) = text.split_once('\n').unwrap();
    std::fs::write(data.join("postmaster.pid"), format!("{}\n{rest}", std::process::id())).unwrap();
    let cluster = start(folder.path()).unwrap();
    connect(&cluster.url(SUPERUSER)).await.simple_query("SELECT").await.unwrap();
}

#[test]
fn a_removed_cluster_is_gone_unless_it_runs() {
    let folder = folder();
    let cluster = start(folder.path()).unwrap();
    let private = cluster.folder().to_owned();
    assert!(matches!(remove(folder.path()), Err(ClusterError::Busy { .. })));
    cluster.stop();
    assert!(remove(folder.path()).unwrap());
    assert!(!remove(folder.path()).unwrap());
    assert!(!private.exists());
}

#[tokio::test]
async fn an_interrupted_first_start_is_made_good_by_the_next() {
    let folder = folder();
    start(folder.path()).unwrap().stop();
    let private = folder.path().join("postgres");
    std::fs::rename(private.join("data"), private.join("data.partial")).unwrap();
    std::fs::remove_file(private.join("data.partial/PG_VERSION")).unwrap();
    start(folder.path()).unwrap();
}

#[tokio::test]
async fn only_the_servers_user_may_enter_and_root_is_not_it() {
    let cluster = Cluster::temporary().unwrap();
    for private in [cluster.folder(), cluster.socket()] {
        let found = std::fs::metadata(private).unwrap();
        assert_eq!(found.mode() & 0o777, 0o700);
        assert_ne!(found.uid(), 0);
        assert!(geteuid().is_root() || found.uid() == geteuid().as_raw());
    }
}

#[tokio::test]
async fn a_database_is_a_copy_of_its_template() {
    let cluster = Cluster::temporary().unwrap();
    cluster.create_database("template \"one\"", None).await.unwrap();
    let client = connect(&cluster.url("template \"one\"")).await;
    client.batch_execute("CREATE TABLE note (); CREATE ROLE reader LOGIN").await.unwrap();
    drop(client);
    cluster.create_database("copy", Some("template \"one\"")).await.unwrap();

    let client = connect(&cluster.url_as("reader", "copy")).await;
    let row = client.query_one("SELECT current_user::text, to_regclass('note')::text", &[]).await.unwrap();
    assert_eq!((row.get(0), row.get(1)), ("reader", "note"));

    let error = cluster.create_database("copy", None).await.unwrap_err();
    assert!(error.to_string().contains("42P04"), "{error}");
}

#[test]
fn a_temporary_cluster_takes_its_folder_along() {
    let cluster = Cluster::temporary().unwrap();
    let folder = cluster.folder().to_owned();
    drop(cluster);
    assert!(!folder.exists());
}

#[test]
fn a_sockets_path_is_encoded_in_the_url() {
    assert_eq!(percent_encode("/tmp/a b,ü&?".as_bytes(), b"/"), "/tmp/a%20b%2C%C3%BC%26%3F");
}
