//! The journal of an SQLite database (`-wal`, `-shm`), which belongs to one file and is found by its path.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

/// Which file it is: device and number.
pub(super) type Identity = (u64, u64);

pub(super) fn identity(path: &Path) -> io::Result<Identity> {
    fs::metadata(path).map(|metadata| of(&metadata))
}

#[cfg(unix)]
fn of(metadata: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino())
}

/// Elsewhere only that it is gone can be seen.
#[cfg(not(unix))]
fn of(_: &Metadata) -> Identity {
    (0, 0)
}

/// Where the journal of what is at the path is: links are followed.
fn journal_paths(path: &Path) -> io::Result<[PathBuf; 2]> {
    let file = fs::canonicalize(path)?;
    Ok(["-wal", "-shm"].map(|ending| with(&file, ending)))
}

fn with(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Which files those of the journal at a path are: `-wal` and `-shm`.
pub(super) fn journal(path: &Path) -> [Option<Identity>; 2] {
    journal_paths(path).map_or([None; 2], |paths| paths.map(|path| identity(&path).ok()))
}

/// The journal of a file that is not there any more, out of the way of the next one.
#[derive(Debug, Default)]
pub(super) struct Aside(Vec<Moved>);

#[derive(Debug)]
struct Moved {
    from: PathBuf,
    to: PathBuf,
    /// Whether it holds what could not be written into its file.
    is_kept: bool,
}

impl Aside {
    /// Takes both parts of the journal out of the way, or neither.
    pub(super) fn set(path: &Path, before: [Option<Identity>; 2]) -> io::Result<Self> {
        let mut aside = Self::default();
        for ((from, before), is_log) in journal_paths(path)?.into_iter().zip(before).zip([true, false]) {
            let Ok(found) = fs::metadata(&from) else { continue };
            if Some(of(&found)) != before {
                continue;
            }
            let to = (1..=100).map(|number| with(&from, &format!(".{number}"))).find(|path| !path.exists());
            let moved =
                to.ok_or(io::ErrorKind::AlreadyExists.into()).and_then(|to| fs::rename(&from, &to).map(|()| to));
            match moved {
                Ok(to) => aside.0.push(Moved { from, to, is_kept: is_log && found.len() > 0 }),
                Err(error) => {
                    aside.put_back();
                    return Err(error);
                }
            }
        }
        Ok(aside)
    }

    /// As if nothing had been: the file before may come back.
    pub(super) fn put_back(self) {
        for Moved { from, to, .. } in self.0 {
            if let Err(error) = fs::rename(&to, &from) {
                tracing::error!(%error, journal = %to.display(), "the journal of the database's file before stays where it is now");
            }
        }
    }

    /// What could not be written into its file stays there.
    pub(super) fn keep(self) {
        for Moved { to, is_kept, .. } in self.0 {
            if is_kept {
                tracing::warn!(journal = %to.display(), "what could not be written into the file before is kept");
            } else if let Err(error) = fs::remove_file(&to) {
                tracing::warn!(%error, journal = %to.display(), "what nobody needs stays there");
            }
        }
    }
}
