//! `ward dev`: the whole product on one port, with a local part wherever no real one is set.

mod error;
mod folder;
mod outbox;
mod page;
mod services;
mod settings;
mod stop;
mod summary;
mod terminal;

pub use error::DevError;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use axum::Router;
use shared::config::{DatabaseSettings, Lookup, Settings, unread};
use shared::{Platform, StartError};
use tokio::net::TcpListener;

use crate::product::{self, Apps};
use folder::DataFolder;
use page::Page;
use services::Services;
use settings::DevSettings;
use stop::Stop;
use summary::Facts;
use terminal::Terminal;

/// The setting that names the outbox's folder.
const OUTBOX: &str = "WARD_OUTBOX";

/// How long open requests may take to finish once we are asked to stop.
const GRACE: Duration = Duration::from_secs(5);

/// How often is done what in AWS the maintenance function does.
const MAINTENANCE: Duration = Duration::from_mins(1);

/// What `ward dev` is asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// The address to listen on.
    pub host: IpAddr,
    /// The port; 0 takes a free one.
    pub port: u16,
    /// A page that is built already; without it `web/` is built.
    pub page: Option<PathBuf>,
    /// The folder for everything that has to last.
    pub data_dir: PathBuf,
    /// Whether to delete what is there first.
    pub reset: bool,
}

/// Runs the product until it is asked to stop by Ctrl-C or a signal. What it started ends with it.
pub async fn run(options: Options, environment: Lookup) -> Result<(), DevError> {
    let terminal = Terminal::new();
    let mut stop = Stop::listen().map_err(|error| DevError::System("listen for signals", error))?;
    let folder = DataFolder::open(&options.data_dir)?;
    let listener = bind(options.host, options.port).await?;
    if options.reset {
        reset(&folder, terminal)?;
    }
    if !options.host.is_loopback() {
        let text = format!(
            "it listens on {}: its local parts are for development, and for nobody else to reach",
            options.host
        );
        terminal.step("warning", &text);
    }
    let ready = tokio::select! {
        ready = start(&folder, &listener, environment, options.page, terminal) => ready?,
        () = stop.asked() => return Ok(()),
    };
    summary::print(terminal, &ready.facts, &ready.settings);
    serve(listener, ready.router, &mut stop).await?;
    drop(ready.services);
    Ok(())
}

/// Everything that runs, and what to say of it.
struct Ready {
    router: Router,
    services: Services,
    settings: DevSettings,
    facts: Facts,
}

async fn bind(host: IpAddr, port: u16) -> Result<TcpListener, DevError> {
    TcpListener::bind((host, port)).await.map_err(|source| match source.kind() {
        std::io::ErrorKind::AddrInUse => DevError::PortInUse { port },
        _ => DevError::Port { port, source },
    })
}

fn reset(folder: &DataFolder, terminal: Terminal) -> Result<(), DevError> {
    let deleted = folder.reset()?;
    let text =
        if deleted.is_empty() { "nothing to delete".to_owned() } else { format!("deleted {}", deleted.join(", ")) };
    terminal.step("reset", &format!("{text} in {}", folder.path().display()));
    Ok(())
}

async fn start(
    folder: &DataFolder,
    listener: &TcpListener,
    environment: Lookup,
    built: Option<PathBuf>,
    terminal: Terminal,
) -> Result<Ready, DevError> {
    let port = listener.local_addr().map_err(|error| DevError::System("read the port", error))?.port();
    let url = format!("http://localhost:{port}");
    let mut settings = DevSettings::new(environment, url.clone());

    let (page, started) = tokio::join!(page::find(built, terminal), start_api(folder, &mut settings, terminal));
    let (services, apps, maintenance) = started?;
    settings.write(&folder.file("env"))?;
    let built = match &page {
        Page::Built(folder) => Some(folder.as_path()),
        Page::Absent(_) => None,
    };
    let router = product::product(apps, built);
    // Also where the real providers are set: one channel may be real and the other not.
    let outbox_folder = settings.get(OUTBOX).map_or_else(|| folder.file("outbox"), PathBuf::from);
    let router = outbox::router(outbox_folder, router);
    let cluster = services.cluster().map(|cluster| cluster.folder().display().to_string());
    tokio::spawn(maintain(maintenance));
    let facts = Facts { url, folder: folder.path().display().to_string(), cluster, page };
    Ok(Ready { router, services, settings, facts })
}

async fn start_api(
    folder: &DataFolder,
    settings: &mut DevSettings,
    terminal: Terminal,
) -> Result<(Services, Apps, maintenance::App), DevError> {
    let services = Services::start(folder, settings, terminal).await?;
    let lookup = |name: &str| settings.get(name);
    let known = Settings::from_lookup(&lookup).map_err(StartError::from)?;
    for name in unread(&lookup, std::env::vars_os().filter_map(|(name, _)| name.into_string().ok())) {
        terminal.step("warning", &format!("{name} is no setting, or has no effect beside the others"));
    }
    migrate(&known.database, terminal).await?;
    let platform = Platform::connect(known).await?;
    Ok((services, Apps::new(&platform)?, maintenance::App::new(&platform)?))
}

/// Does what is due, now and then, as long as the process runs.
async fn maintain(app: maintenance::App) {
    let mut now_and_then = tokio::time::interval(MAINTENANCE);
    loop {
        now_and_then.tick().await;
        if let Err(problem) = maintenance::run(&app).await {
            problem.log();
        }
    }
}

async fn migrate(database: &DatabaseSettings, terminal: Terminal) -> Result<(), DevError> {
    let started = Instant::now();
    let report = migrate::run(database).await?;
    let text = match report.applied.as_slice() {
        [] => "up to date".to_owned(),
        applied => format!("applied {}", applied.join(", ")),
    };
    terminal.done("schema", &text, started);
    Ok(())
}

/// Serves until asked to stop, then lets open requests finish; asked again, or after [`GRACE`], not even that.
async fn serve(listener: TcpListener, router: Router, stop: &mut Stop) -> Result<(), DevError> {
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let serving = product::serve(listener, router, async {
        ended.await.ok();
    });
    tokio::pin!(serving);
    let failed = |error| DevError::System("serve", error);
    tokio::select! {
        served = &mut serving => return served.map_err(failed),
        () = stop.asked() => {}
    }
    terminal::line("  Stopping ...");
    end.send(()).ok();
    tokio::select! {
        served = &mut serving => served.map_err(failed),
        () = tokio::time::sleep(GRACE) => Ok(()),
        () = stop.asked() => Ok(()),
    }
}
