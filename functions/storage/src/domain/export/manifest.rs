//! The archive's table of contents. It comes last, so that whoever has it has everything, or is told what is missing.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Serialize;
use shared::http::Problem;
use shared::identity::Caller;
use uuid::Uuid;

use super::archive::Written;
use crate::App;
use crate::domain::hexadecimal;
use crate::store::export::LEFT_OUT;

/// Rises when a reader has to know of a change.
const VERSION: u32 = 1;

/// Unreadable rows that are named; how many there are each file's entry tells, and each row's line says it, too.
const MOST_NAMED: usize = 1_000;

#[derive(Serialize)]
pub(super) struct Manifest {
    format: &'static str,
    version: u32,
    app: String,
    env: String,
    user_id: Uuid,
    /// When it began; what changed while it ran may be in it or not.
    created_at: Timestamp,
    files: Vec<FileEntry>,
    left_out: Vec<LeftOut>,
    unreadable: Vec<Unreadable>,
}

#[derive(Serialize)]
struct FileEntry {
    name: String,
    /// Lines, where it has lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<u64>,
    /// Lines of which something could not be opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable_rows: Option<u64>,
    bytes: u64,
    sha256: String,
}

#[derive(Serialize)]
struct LeftOut {
    what: Cow<'static, str>,
    why: &'static str,
}

/// What should be in the archive and is not, or not whole.
#[derive(Serialize)]
struct Unreadable {
    table: &'static str,
    row: String,
    why: &'static str,
}

/// What was written of a kind.
#[derive(Clone, Copy, Default)]
pub(super) struct Rows {
    pub(super) all: u64,
    pub(super) unreadable: u64,
}

impl Manifest {
    pub(super) fn new(app: &App, caller: &Caller, created_at: Timestamp) -> Self {
        let settings = &app.platform.settings;
        let secrets = ("secrets", "hashes, tokens, codes and keys prove who somebody is, and say nothing about them");
        let left_out = LEFT_OUT.into_iter().chain([secrets]).map(|(what, why)| LeftOut { what: what.into(), why });
        Self {
            format: "ward-account-export",
            version: VERSION,
            app: settings.app.clone(),
            env: settings.env.clone(),
            user_id: caller.user_id(),
            created_at,
            files: Vec::new(),
            left_out: left_out.collect(),
            unreadable: Vec::new(),
        }
    }

    /// Names a file of rows.
    pub(super) fn add(&mut self, file: Written, rows: Rows) {
        let unreadable_rows = (rows.unreadable > 0).then_some(rows.unreadable);
        self.name(file, Some(rows.all), unreadable_rows);
    }

    /// Names a file of the user's.
    pub(super) fn add_upload(&mut self, file: Written) {
        self.name(file, None, None);
    }

    fn name(&mut self, file: Written, rows: Option<u64>, unreadable_rows: Option<u64>) {
        let sha256 = hexadecimal(file.sha256.as_ref());
        self.files.push(FileEntry { name: file.name, rows, unreadable_rows, bytes: file.bytes, sha256 });
    }

    /// Names what is left out on purpose.
    pub(super) fn leave_out(&mut self, what: String, why: &'static str) {
        self.left_out.push(LeftOut { what: what.into(), why });
    }

    /// Names what could not be read.
    pub(super) fn miss(&mut self, table: &'static str, row: String, why: &'static str) {
        if self.unreadable.len() < MOST_NAMED {
            self.unreadable.push(Unreadable { table, row, why });
        }
    }

    pub(super) fn json(&self) -> Result<Vec<u8>, Problem> {
        serde_json::to_vec_pretty(self).map_err(|_| Problem::internal("a manifest has no JSON form"))
    }
}
