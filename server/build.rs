//! Lists the site's files for `src/site.rs` to embed.
//!
//! The site (islands.js, main.css, icons, with `.br` and `.gz` beside them) is made by `make`. Without one the server still
//! builds: its pages are whole without script, only plain.
#![expect(clippy::disallowed_methods, reason = "cargo's and make's variables, at build time")]

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use sha2::{Digest as _, Sha256};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-env-changed=COUNTERSIGN_SITE");
    let manifest = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let site = env::var("COUNTERSIGN_SITE").map_or_else(|_| manifest.join("../target/site"), PathBuf::from);
    println!("cargo::rerun-if-changed={}", site.display());

    let mut files = Vec::new();
    if site.is_dir() {
        walk(&site, &mut files)?;
    } else {
        println!(
            "cargo::warning=there is no site to embed: pages will have neither style nor script; run `make` first"
        );
    }
    files.sort();

    let mut list = String::from("&[\n");
    for path in &files {
        let name = path.strip_prefix(&site)?.to_str().ok_or("a file name is not UTF-8")?.replace('\\', "/");
        if packed(path) {
            continue;
        }
        let hash = Sha256::digest(fs::read(path)?);
        let etag = hash.iter().take(16).try_fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}")?;
            Ok::<_, std::fmt::Error>(hex)
        })?;
        let plain = path.to_str().ok_or("the site's folder has a name that is not UTF-8")?;
        let variant = |extension: &str| {
            let path = format!("{plain}{extension}");
            if Path::new(&path).is_file() { format!("Some(include_bytes!({path:?}))") } else { "None".to_owned() }
        };
        writeln!(
            list,
            "    File {{ name: {name:?}, etag: {etag:?}, plain: include_bytes!({plain:?}), brotli: {}, gzip: {} }},",
            variant(".br"),
            variant(".gz"),
        )?;
    }
    list.push(']');
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("site.rs"), list)?;
    Ok(())
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// Whether a file is another in a packed form.
fn packed(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "br" || extension == "gz")
        && path.with_extension("").is_file()
}
