//! Passwords: which may be chosen, how they are stored, how they are checked.

use std::sync::Arc;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use tokio::sync::Semaphore;

use crate::ids;

/// The shortest password, in characters. NIST SP 800-63B asks for 15 or, beside a limit on guesses, 8.
pub const MIN: usize = 12;
/// The longest password, in bytes. Longer ones only cost time.
pub const MAX: usize = 1024;

/// Why a password may not be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weak {
    /// Fewer than [`MIN`] characters.
    Short,
    /// More than [`MAX`] bytes.
    Long,
    /// On the list of common ones, or one of them with some digits or signs around it, or repeated.
    Common,
    /// It is the e-mail address, the name or the product.
    Personal,
}

impl Weak {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Short => "password-short",
            Self::Long => "password-long",
            Self::Common => "password-common",
            Self::Personal => "password-personal",
        }
    }

    /// Why and what to do, for people.
    pub fn detail(self) -> &'static str {
        match self {
            Self::Short => "The password is shorter than 12 characters. Choose a longer one; a few words do well.",
            Self::Long => "The password is longer than 1,024 bytes. Choose a shorter one.",
            Self::Common => "The password is on the list of common passwords. Choose another.",
            Self::Personal => "The password is made of your name or address. Choose another.",
        }
    }
}

/// Whether a password may be chosen by somebody of this name and address. There are no rules about kinds of characters.
pub fn judge(password: &str, name: &str, email: &str) -> Result<(), Weak> {
    if password.len() > MAX {
        return Err(Weak::Long);
    }
    if password.chars().count() < MIN {
        return Err(Weak::Short);
    }
    let lower = password.to_lowercase();
    let core = lower.trim_matches(|c: char| !c.is_alphabetic());
    let local = email.split('@').next().unwrap_or_default();
    let own = [email, local, name].map(str::to_lowercase);
    if own.iter().any(|own| !own.is_empty() && (lower == *own || core == own.trim()))
        || own.iter().any(|own| repeats(&lower, own))
    {
        return Err(Weak::Personal);
    }
    // Without letters there is nothing to look up but the digits as they stand.
    if is_common(&lower)
        || (!core.is_empty() && is_common(core))
        || unit(&lower).is_some_and(|unit| unit.len() < 4 || is_common(unit))
    {
        return Err(Weak::Common);
    }
    Ok(())
}

/// Common passwords and words, one a line, sorted, in lower case.
const COMMON: &str = include_str!("common-passwords.txt");

fn is_common(password: &str) -> bool {
    let digits_only = password.chars().all(|c| c.is_ascii_digit());
    (digits_only && is_sequence(password)) || COMMON.lines().any(|line| line == password)
}

/// Whether each character follows or precedes its neighbor, or equals it: `123456789012`, `000000000000`.
fn is_sequence(text: &str) -> bool {
    let step = |pair: &[u8]| match pair {
        [a, b] => (i16::from(*b) - i16::from(*a)).rem_euclid(10),
        _ => 0,
    };
    let mut steps = text.as_bytes().windows(2).map(step);
    let first = steps.next();
    matches!(first, Some(0 | 1 | 9)) && steps.all(|step| Some(step) == first)
}

/// What a text is a repetition of, if it is one.
fn unit(text: &str) -> Option<&str> {
    (1..=text.len() / 2)
        .filter(|length| text.len().is_multiple_of(*length))
        .filter_map(|length| text.get(..length))
        .find(|unit| repeats(text, unit))
}

fn repeats(text: &str, unit: &str) -> bool {
    !unit.is_empty() && text.len() > unit.len() && text.split(unit).all(str::is_empty)
}

/// The machine could not do it: no randomness, or no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed;

/// Hashes and checks passwords with argon2id, 19 MiB and two rounds (OWASP's first choice), as many at once as there are
/// processors: each takes its memory, and everybody else's requests go on.
#[derive(Clone, Debug)]
pub struct Passwords {
    slots: Arc<Semaphore>,
    /// The hash of a password that nobody has, for users that do not exist: the answer takes as long.
    nobody: Arc<str>,
}

impl Passwords {
    /// Makes the hash for users that do not exist.
    pub fn new() -> Result<Self, Failed> {
        let slots = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let nobody = hash(&ids::secret().map_err(|_| Failed)?)?;
        Ok(Self { slots: Arc::new(Semaphore::new(slots)), nobody: nobody.into() })
    }

    /// The hash to store, as a PHC string.
    pub async fn hash(&self, password: String) -> Result<String, Failed> {
        self.run(move || hash(&password)).await?
    }

    /// Whether a password fits a stored hash. Without one it takes as long and is `false`.
    pub async fn fits(&self, password: String, stored: Option<String>) -> Result<bool, Failed> {
        let (stored, is_known) = match stored {
            Some(stored) => (stored, true),
            None => (self.nobody.to_string(), false),
        };
        let fits = self.run(move || fits(&password, &stored).unwrap_or(false));
        Ok(fits.await? && is_known)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failed> {
        let slot = self.slots.clone().acquire_owned().await.map_err(|_| Failed)?;
        // The slot goes with the work: whoever hangs up does not make room for more of it.
        let work = move || {
            let done = work();
            drop(slot);
            done
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| Failed)
    }
}

fn hash(password: &str) -> Result<String, Failed> {
    let salt = ids::random::<16>().map_err(|_| Failed)?;
    let (algorithm, version, params) = (Algorithm::Argon2id, Version::V0x13, Params::default());
    let hash = PasswordHash {
        algorithm: algorithm.ident(),
        version: Some(version.into()),
        params: ParamsString::try_from(&params).map_err(|_| Failed)?,
        salt: Some(Salt::new(&salt).map_err(|_| Failed)?),
        hash: Some(derive(&Argon2::new(algorithm, version, params), password, &salt, Params::DEFAULT_OUTPUT_LEN)?),
    };
    Ok(hash.to_string())
}

/// Whether a password fits a stored hash, by whatever parameters that was made with.
fn fits(password: &str, stored: &str) -> Result<bool, Failed> {
    let stored = PasswordHash::new(stored).map_err(|_| Failed)?;
    let (Some(version), Some(salt), Some(expected)) = (stored.version, &stored.salt, &stored.hash) else {
        return Err(Failed);
    };
    let algorithm = Algorithm::try_from(stored.algorithm.as_str()).map_err(|_| Failed)?;
    let version = Version::try_from(version).map_err(|_| Failed)?;
    let params = Params::try_from(&stored).map_err(|_| Failed)?;
    let derived = derive(&Argon2::new(algorithm, version, params), password, salt, expected.len())?;
    // In constant time, as the library compares its outputs.
    Ok(derived == *expected)
}

/// The hash of a password.
fn derive(argon2: &Argon2<'_>, password: &str, salt: &[u8], length: usize) -> Result<Output, Failed> {
    /// In blocks of 1 KiB. What takes more than 32 MiB of addresses glibc gets from the system and gives back at once; smaller
    /// buffers it would keep, 19 MiB for each thread that ever hashed. Only what is used becomes memory.
    const ROOM: usize = 33 * 1024;
    let blocks = argon2.params().block_count();
    let mut memory: Vec<Block> = Vec::new();
    memory.try_reserve_exact(blocks.max(ROOM)).map_err(|_| Failed)?;
    memory.resize(blocks, Block::default());
    let mut out = [0; Output::MAX_LENGTH];
    let out = out.get_mut(..length).ok_or(Failed)?;
    argon2.hash_password_into_with_memory(password.as_bytes(), salt, out, &mut memory).map_err(|_| Failed)?;
    Output::new(out).map_err(|_| Failed)
}

/// Whether a stored hash was made with other parameters than those of today.
pub fn is_outdated(stored: &str) -> bool {
    !stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_common_and_personal_passwords_are_refused() {
        let judge = |password: &str| judge(password, "First Admin", "admin@example.com");
        assert_eq!(judge("elevenchars"), Err(Weak::Short));
        assert_eq!(judge("passwordpassword"), Err(Weak::Common));
        assert_eq!(judge("Password1234!"), Err(Weak::Common));
        assert_eq!(judge("123456789012"), Err(Weak::Common));
        assert_eq!(judge("aaaaaaaaaaaa"), Err(Weak::Common));
        assert_eq!(judge("qwertyuiop123"), Err(Weak::Common));
        assert_eq!(judge("admin@example.com"), Err(Weak::Personal));
        assert_eq!(judge("First Admin 1"), Err(Weak::Personal));
        assert_eq!(judge(&"x y".repeat(400)), Err(Weak::Long));
        assert_eq!(judge("830117264955018273"), Ok(()));
        assert_eq!(judge("correct horse battery"), Ok(()));
        assert_eq!(judge("ünïcödé wörds are fine"), Ok(()));
    }

    #[tokio::test]
    async fn a_hash_fits_its_password_alone() {
        let passwords = Passwords::new().unwrap();
        let stored = passwords.hash("correct horse battery".to_owned()).await.unwrap();
        assert!(!is_outdated(&stored), "{stored}");
        let fits =
            |password: &str, stored: Option<&str>| passwords.fits(password.to_owned(), stored.map(str::to_owned));
        assert_eq!(fits("correct horse battery", Some(&stored)).await, Ok(true));
        assert_eq!(fits("correct horse batterx", Some(&stored)).await, Ok(false));
        assert_eq!(fits("correct horse battery", None).await, Ok(false));
        assert_eq!(fits("correct horse battery", Some("rubbish")).await, Ok(false));
    }
}
