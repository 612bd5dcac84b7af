//! Why the database did not do what it was asked to.

use sqlx::error::DatabaseError;

use super::file::Gone;

/// The database did not do what it was asked to; but for [`Unavailable::Unsure`], nothing was changed. More is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// It does not answer, or not as it should.
    Away,
    /// Its file is not where it was.
    Gone,
    /// It may have done it all the same: it was told to commit, and then there was no answer.
    Unsure,
    /// Somebody else is at work in it, for longer than anybody waits.
    Busy,
    /// There is no room on its disk.
    Full,
    /// It can be read alone: by its own choice, or as its disk takes no more.
    ReadOnly,
}

impl Unavailable {
    pub(super) fn of(error: &sqlx::Error) -> Self {
        if Gone::is(error) {
            return Self::Gone;
        }
        let code = error.as_database_error().and_then(DatabaseError::code);
        match code.as_deref() {
            // PostgreSQL's codes have five characters.
            Some("53100") => Self::Full,
            Some("25006") => Self::ReadOnly,
            Some("55P03" | "57014") => Self::Busy,
            // Those of SQLite are numbers, of which the low byte says the kind.
            Some(code) if code.len() < 5 => match code.parse::<u16>().map(|code| (code & 0xff, code)) {
                Ok((5 | 6, _)) => Self::Busy,
                // `SQLITE_IOERR_WRITE` and `SQLITE_IOERR_SHMSIZE`: a disk that became read-only while its files were open, or a quota that
                // is used up. What is there can still be read.
                Ok((8, _) | (10, 778 | 4874)) => Self::ReadOnly,
                Ok((13, _)) => Self::Full,
                _ => Self::Away,
            },
            _ => Self::Away,
        }
    }

    /// What an operator must do, as the end of a sentence.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Away | Self::Unsure => "see whether it runs and can be reached",
            Self::Gone => "put its file back, or a backup in its place",
            Self::Busy => "end what holds it, such as a copy or a tool with an open transaction, and try again",
            Self::Full => "its disk is full: make room on it, and try again",
            Self::ReadOnly => "it is read-only: mount it writable, give its files to the server, and try again",
        }
    }
}

impl From<sqlx::Error> for Unavailable {
    fn from(error: sqlx::Error) -> Self {
        // A database's message names tables and constraints. Values are bound, never part of it.
        tracing::error!(%error, "database");
        Self::of(&error)
    }
}

/// What an operator must do about an error at the opening of a database, where that is known.
pub(super) fn remedy(error: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        let why = match (error.downcast_ref::<sqlx::Error>(), error.downcast_ref::<std::io::Error>()) {
            (Some(error), _) => Unavailable::of(error),
            (_, Some(error)) => match error.kind() {
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Unavailable::Full,
                std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => Unavailable::ReadOnly,
                _ => Unavailable::Away,
            },
            _ => Unavailable::Away,
        };
        if why != Unavailable::Away {
            return Some(why.remedy());
        }
        cause = error.source();
    }
    None
}
