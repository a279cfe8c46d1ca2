//! Files that only their owner may open, written whole or not at all.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use uuid::Uuid;
use zeroize::Zeroizing;

/// What stands at a path.
pub(crate) enum Found {
    /// No such file.
    Nothing,
    /// A file to which others than its owner have access, by its permission
    /// bits; it was not read.
    Exposed { mode: u32 },
    /// A private file, read; wiped from memory when it is let go.
    Text(Zeroizing<String>),
}

/// Reads a file if it is private.
pub(crate) fn read(path: &Path) -> io::Result<Found> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(e) => return Err(e),
    };
    // Asked of the open file, so that it cannot be exchanged in between.
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let mode = about.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Ok(Found::Exposed { mode });
    }
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text)?;
    Ok(Found::Text(text))
}

/// Makes a private file and, if missing, its folder; `false`, changing
/// nothing, if it is already there.
pub(crate) fn create(path: &Path, text: &str) -> io::Result<bool> {
    let folder = folder_of(path);
    make_folder(folder)?;
    let draft = draft(path, text)?;
    // A link, unlike a rename, never replaces what another process made first.
    let linked = std::fs::hard_link(&draft, path);
    std::fs::remove_file(&draft)?;
    match linked {
        Ok(()) => sync_folder(folder).map(|()| true),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(e),
    }
}

/// Makes a folder that only its owner may open, unless it is there.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Waits until no other process or thread changes files in the folder of `path`; they
/// wait until the answer is dropped.
pub(crate) fn lock(path: &Path) -> io::Result<File> {
    let folder = File::open(folder_of(path))?;
    folder.lock()?;
    Ok(folder)
}

/// Replaces a private file in one step.
pub(crate) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let draft = draft(path, text)?;
    if let Err(e) = std::fs::rename(&draft, path) {
        std::fs::remove_file(&draft)?;
        return Err(e);
    }
    sync_folder(folder_of(path))
}

/// Writes the text to a new private file beside `path`.
fn draft(path: &Path, text: &str) -> io::Result<PathBuf> {
    let draft = folder_of(path).join(format!(".{}.draft", Uuid::new_v4()));
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    if let Err(e) = file.write_all(text.as_bytes()).and_then(|()| file.sync_all()) {
        std::fs::remove_file(&draft)?;
        return Err(e);
    }
    Ok(draft)
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
