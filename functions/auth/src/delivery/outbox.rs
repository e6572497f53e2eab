//! The outbox of development: messages as files of a folder, for `ward dev`'s page and for tests.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::provider::{Letter, Provider, Receipt, SendError};
use super::render;
use crate::model::{EmailAddress, PhoneNumber};

/// How many messages are kept; the oldest go first.
const KEPT: usize = 200;

/// A message in the outbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sent {
    /// Id of its row in the delivery log.
    pub id: Uuid,
    /// When it was sent.
    pub at: Timestamp,
    /// `email` or `sms`.
    pub channel: String,
    /// The template's name.
    pub template: String,
    /// Whom it went to.
    pub to: String,
    /// The subject of an email.
    pub subject: Option<String>,
    /// The text.
    pub text: String,
    /// The HTML of an email.
    pub html: Option<String>,
    /// The code in it.
    pub code: Option<String>,
    /// The link in it.
    pub link: Option<String>,
}

/// The messages in a folder, the newest first. A folder that is not there has none.
///
/// # Errors
/// [`io::Error`] where the folder can't be read.
pub fn read(folder: &Path) -> io::Result<Vec<Sent>> {
    let mut files = files(folder)?;
    files.reverse();
    // A file may go while the folder is read: another process keeps the number down.
    Ok(files.iter().filter_map(|file| serde_json::from_slice(&fs::read(file).ok()?).ok()).collect())
}

/// The messages' files, the oldest first: an id begins with its time.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    let mut files: Vec<_> =
        paths.into_iter().filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
    files.sort();
    Ok(files)
}

/// The folder as a provider.
pub(crate) struct Outbox {
    folder: PathBuf,
}

impl Outbox {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    async fn put(&self, sent: Sent) -> Result<Receipt, SendError> {
        let folder = self.folder.clone();
        let receipt = Receipt::new(&sent.id.to_string());
        let written = tokio::task::spawn_blocking(move || write(&folder, &sent)).await;
        match written {
            Ok(Ok(())) => Ok(receipt),
            _ => Err(SendError::permanent("the outbox could not be written")),
        }
    }
}

/// Writes beside the place and moves into it, so that nobody reads half a message. For us alone: it may hold a code.
fn write(folder: &Path, sent: &Sent) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let half = folder.join(format!(".{}", sent.id));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&half)?;
    file.write_all(&serde_json::to_vec_pretty(sent)?)?;
    fs::rename(&half, folder.join(format!("{}.json", sent.id)))?;
    let files = files(folder)?;
    for file in &files[..files.len().saturating_sub(KEPT)] {
        // Another process may have been quicker.
        fs::remove_file(file).ok();
    }
    Ok(())
}

impl Provider<EmailAddress> for Outbox {
    fn name(&self) -> &'static str {
        "outbox"
    }

    fn send<'a>(&'a self, letter: &'a Letter<EmailAddress>) -> BoxFuture<'a, Result<Receipt, SendError>> {
        let content = &letter.content;
        self.put(Sent {
            channel: "email".into(),
            to: letter.to.as_str().to_owned(),
            subject: Some(content.subject.clone()),
            text: render::text(content),
            html: Some(render::html(content)),
            ..sms(letter)
        })
        .boxed()
    }
}

impl Provider<PhoneNumber> for Outbox {
    fn name(&self) -> &'static str {
        "outbox"
    }

    fn send<'a>(&'a self, letter: &'a Letter<PhoneNumber>) -> BoxFuture<'a, Result<Receipt, SendError>> {
        self.put(Sent { to: letter.to.as_str().to_owned(), ..sms(letter) }).boxed()
    }
}

/// The letter as an SMS to nobody yet.
fn sms<A>(letter: &Letter<A>) -> Sent {
    let content = &letter.content;
    Sent {
        id: letter.id,
        at: letter.at,
        channel: "sms".into(),
        template: content.template.into(),
        to: String::new(),
        subject: None,
        text: content.sms.clone(),
        html: None,
        code: content.code().map(str::to_owned),
        link: content.link().map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use shared::clock::Random;

    use super::*;

    fn sent(id: Uuid) -> Sent {
        Sent {
            id,
            at: "2026-03-14T15:09:26Z".parse().unwrap(),
            channel: "sms".into(),
            template: "code".into(),
            to: "+254711123456".into(),
            subject: None,
            text: "042917".into(),
            html: None,
            code: Some("042917".into()),
            link: None,
        }
    }

    #[test]
    fn the_newest_come_first_and_the_oldest_go() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("outbox");
        assert!(read(&folder).unwrap().is_empty());
        let (random, now) = (Random::default(), "2026-03-14T15:09:26Z".parse().unwrap());
        let ids: Vec<Uuid> = (0..KEPT + 3).map(|_| random.id(now).unwrap()).collect();
        for id in &ids {
            write(&folder, &sent(*id)).unwrap();
        }
        let found: Vec<Uuid> = read(&folder).unwrap().iter().map(|sent| sent.id).collect();
        assert_eq!(found, ids[3..].iter().rev().copied().collect::<Vec<_>>());
    }

    #[test]
    fn a_message_is_for_us_alone_and_what_is_none_is_passed_over() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("outbox");
        write(&folder, &sent(Uuid::from_u128(1))).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&folder), 0o700);
        assert_eq!(mode(&folder.join("00000000-0000-0000-0000-000000000001.json")), 0o600);
        fs::write(folder.join("half.json"), "{").unwrap();
        fs::write(folder.join("notes.txt"), "notes").unwrap();
        assert_eq!(read(&folder).unwrap().len(), 1);
    }
}
