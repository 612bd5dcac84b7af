//! The configuration file, and names that are nearly those of settings.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use countersign_license::shown;

use super::{ConfigError, Environment, FILE_VARIABLE, Key, Source};
use crate::line::one_line;

/// Reads the file into texts by key. Names may be written `listen_addr`, `listenAddr`, `LISTEN_ADDR`, or in a table:
/// `[license]` and `trustedKeys`.
pub(super) fn read_file(path: &Path) -> Result<BTreeMap<Key, (String, Source)>, ConfigError> {
    let text = fs::read_to_string(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!("There is no configuration file {}", path.display()),
        _ => format!("The configuration file {} cannot be read: {error}", path.display()),
    })?;
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        // The error's own text would quote the line, which may hold a secret.
        let line = error.span().map_or(1, |span| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
        format!("{}, line {line}: this is not TOML: {}", path.display(), one_line(error.message()))
    })?;
    let mut found = Found { path, values: BTreeMap::new(), errors: Vec::new() };
    found.table("", &table);
    if found.errors.is_empty() { Ok(found.values) } else { Err(ConfigError(found.errors)) }
}

/// What is in the file.
struct Found<'a> {
    path: &'a Path,
    values: BTreeMap<Key, (String, Source)>,
    errors: Vec<String>,
}

impl Found<'_> {
    fn table(&mut self, prefix: &str, table: &toml::Table) {
        for (name, value) in table {
            let written = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            match value {
                toml::Value::Table(inner) => self.table(&written, inner),
                value => self.setting(&written, value),
            }
        }
    }

    fn setting(&mut self, written: &str, value: &toml::Value) {
        let file = self.path.display();
        let name = canonical(written);
        let Some(key) = Key::ALL.into_iter().find(|key| key.name() == name) else {
            let meant =
                nearest(&name).map_or_else(String::new, |key| format!("; is {} meant?", key.to_ascii_lowercase()));
            self.errors.push(format!("{file}: there is no setting `{}`{meant}", shown(written)));
            return;
        };
        let text = match value {
            toml::Value::String(text) => Some(text.clone()),
            toml::Value::Integer(number) => Some(number.to_string()),
            toml::Value::Array(all) => {
                all.iter().map(toml::Value::as_str).collect::<Option<Vec<_>>>().map(|all| all.join(","))
            }
            _ => None,
        };
        let Some(text) = text else {
            let kind = value.type_str();
            self.errors
                .push(format!("{file}: `{}` is a {kind} where text is needed: write it in quotes", shown(written)));
            return;
        };
        if text.is_empty() {
            return;
        }
        if self.values.insert(key, (text, Source::File(self.path.to_owned()))).is_some() {
            self.errors.push(format!("{file}: {} is set twice, in two spellings: keep one", key.name()));
        }
    }
}

/// `license.trustedKeys` as `LICENSE_TRUSTED_KEYS`.
fn canonical(written: &str) -> String {
    let mut name = String::new();
    let mut lower = false;
    for c in written.chars() {
        if c.is_ascii_uppercase() && lower {
            name.push('_');
        }
        lower = c.is_ascii_lowercase() || c.is_ascii_digit();
        name.push(if c == '.' || c == '-' { '_' } else { c.to_ascii_uppercase() });
    }
    name
}

/// Variables that look like settings of ours. Others may use the names, so this is no error.
pub(super) fn misspelled(environment: &Environment) -> Vec<String> {
    let ours = |name: &str| name.starts_with("LICENSE_") || name.starts_with("COUNTERSIGN_");
    let known = |name: &str| name == FILE_VARIABLE || Key::ALL.iter().any(|key| key.name() == name);
    let warning = |name: &str| {
        let meant = nearest(name).map_or_else(String::new, |key| format!("; is {key} meant?"));
        format!("the environment has {}, which is no setting{meant}", shown(name))
    };
    environment.names().filter(|name| ours(name) && !known(name)).map(warning).collect()
}

/// The known name that takes the fewest changes of a character to reach, if they are few.
fn nearest(name: &str) -> Option<&'static str> {
    let known = Key::ALL.iter().map(|key| key.name()).chain([FILE_VARIABLE]);
    let near = known.map(|known| (distance(name, known), known)).min()?;
    (near.0 <= 1 + name.len() / 4).then_some(near.1)
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(b.bytes()) {
            let cost = (diagonal + usize::from(x != y)).min(left + 1).min(*cell + 1);
            diagonal = *cell;
            *cell = cost;
            left = cost;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}
