//! A copy of the log in a folder, for those who keep it where whoever owns the database does
//! not reach.
//!
//! Files of lines of JSON, a [`Proved`] for each event with nothing hidden and no path, since
//! every leaf is there; in the order of the tree. A file is named after the first place in it
//! and the first after it, is written whole or not at all, and never changed. So the folder
//! itself says where to go on: however long nothing was copied, nothing is missing then.

mod verify;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

pub use self::verify::{CopyError, Whole, verify};
use super::checkpoint_error;
use super::proved::Proved;
use super::queries::verifying::{self as queries, Leaf};
use crate::doors::{JobCaller, Run};
use crate::error::{AppError, Result};
use crate::private_file;
use crate::services::Services;

/// Events in one file at most.
const MOST: i64 = 4096;
/// What the name of a file ends with.
const ENDING: &str = ".ndjson";

/// Writes to `folder` what is sealed and not there yet. Says how many events. Of several
/// processes with one folder, one does it at a time.
///
/// # Errors
/// Those of the database, if a file cannot be written, or where the log has no event any more
/// at a place where it had one. What was written until then stays.
pub async fn catch_up(services: &Services, folder: &Path) -> Result<u64> {
    let path = folder.to_owned();
    let (_alone, first) = apart(move || begin(&path).map_err(checkpoint_error)).await?;
    if first > 0 && read(services, first - 1).await?.is_empty() {
        let detail = "the log ends before what was copied of it: it was set back";
        return Err(AppError::Internal(detail.to_owned()));
    }
    let mut next = first;
    loop {
        let leaves = read(services, next).await?;
        if leaves.is_empty() {
            return Ok(next - first);
        }
        let path = folder.to_owned();
        next = apart(move || write(&path, next, &leaves)).await?;
    }
}

/// Work on the disk, for which no request has to wait.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(checkpoint_error)?
}

/// Keeps others from going on until the file is dropped, and says from which place on to.
fn begin(folder: &Path) -> io::Result<(File, u64)> {
    private_file::make_folder(folder)?;
    let alone = private_file::lock(&folder.join(ENDING))?;
    let last = files(folder)?.pop();
    Ok((alone, last.map_or(0, |last| last.to)))
}

async fn read(services: &Services, from: u64) -> Result<Vec<Leaf>> {
    let mut leaves = Vec::new();
    let found = &mut leaves;
    JobCaller::new(&services.db.worker, "job.copy")
        .run(async |connection| {
            *found = queries::leaves(connection, from, MOST).await?;
            Ok(Run::default())
        })
        .await?;
    Ok(leaves)
}

/// Writes a file of these leaves, of which the first is at `from`. Says the place after them.
fn write(folder: &Path, from: u64, leaves: &[Leaf]) -> Result<u64> {
    let to = from + leaves.len() as u64;
    let path = folder.join(format!("{from:020}-{to:020}{ENDING}"));
    let text = lines(from, leaves)?;
    private_file::create(&path, &text).map_err(checkpoint_error)?;
    Ok(to)
}

fn lines(from: u64, leaves: &[Leaf]) -> Result<String> {
    let mut text = String::new();
    for (place, (seal, event)) in (from..).zip(leaves) {
        let kept = seal.kept()?;
        let event = event.as_ref().filter(|_| kept.leaf_index == place);
        let event = event.ok_or_else(|| AppError::Internal(format!("the log has no event {place} any more")))?;
        let proved = Proved::of(&event.event(), &kept, &[], |_| true).map_err(checkpoint_error)?;
        text.push_str(&serde_json::to_string(&proved).map_err(checkpoint_error)?);
        text.push('\n');
    }
    Ok(text)
}

/// A file of a copy.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    /// The first place in it.
    from: u64,
    /// The first after it.
    to: u64,
    path: PathBuf,
}

impl Part {
    /// The part that is the file at `path`, if by its name it is one.
    fn of(path: PathBuf) -> Option<Self> {
        let name = path.file_name()?.to_str()?.strip_suffix(ENDING)?;
        let (from, to) = name.split_once('-')?;
        let (from, to) = (from.parse().ok()?, to.parse().ok()?);
        Some(Self { from, to, path })
    }
}

/// The files of a copy, in order.
fn files(folder: &Path) -> io::Result<Vec<Part>> {
    let entries = std::fs::read_dir(folder)?;
    let paths: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    let mut parts: Vec<Part> = paths.into_iter().filter_map(Part::of).collect();
    parts.sort();
    Ok(parts)
}
