//! The files of the site: script, style, icons. They are part of the binary, and looked up by name in a list, so no request
//! can reach anything else.

/// A file of the site.
#[derive(Clone, Copy, Debug)]
pub struct File {
    /// Its name below `{base}/pkg/`.
    pub name: &'static str,
    /// From its content; without quotes.
    pub etag: &'static str,
    /// Its content.
    pub plain: &'static [u8],
    /// Its content, packed with Brotli.
    pub brotli: Option<&'static [u8]>,
    /// Its content, packed with gzip.
    pub gzip: Option<&'static [u8]>,
}

/// All files of the site.
#[derive(Clone, Copy, Debug)]
pub struct Site(
    /// The files.
    pub &'static [File],
);

/// In which form a file is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Identity,
    /// `br`
    Brotli,
    /// `gzip`
    Gzip,
}

impl Encoding {
    /// The name in `Content-Encoding`.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
        }
    }
}

impl Site {
    /// The site that this binary was built with.
    pub const EMBEDDED: Self = Self(include!(concat!(env!("OUT_DIR"), "/site.rs")));

    /// The file of that name.
    pub fn file(&self, name: &str) -> Option<&'static File> {
        self.0.iter().find(|file| file.name == name)
    }
}

impl File {
    /// The smallest form that a client with this `Accept-Encoding` takes.
    pub fn negotiated(&self, accepted: &str) -> (Encoding, &'static [u8]) {
        match (self.brotli, self.gzip) {
            (Some(bytes), _) if accepts(accepted, "br") => (Encoding::Brotli, bytes),
            (_, Some(bytes)) if accepts(accepted, "gzip") => (Encoding::Gzip, bytes),
            _ => (Encoding::Identity, self.plain),
        }
    }

    /// The strong entity tag of one form of this file, quotes included.
    pub fn tag(&self, encoding: Encoding) -> String {
        let form = encoding.name().map_or_else(String::new, |name| format!("-{name}"));
        format!("\"{}{form}\"", self.etag)
    }

    /// Whether it comes in several forms.
    pub fn varies(&self) -> bool {
        self.brotli.is_some() || self.gzip.is_some()
    }

    /// The media type, by the end of the name.
    pub fn content_type(&self) -> &'static str {
        match self.name.rsplit_once('.').map_or("", |(_, extension)| extension) {
            "css" => "text/css; charset=utf-8",
            "ico" => "image/x-icon",
            "js" => "text/javascript; charset=utf-8",
            "json" => "application/json",
            "png" => "image/png",
            "svg" => "image/svg+xml",
            "txt" => "text/plain; charset=utf-8",
            "wasm" => "application/wasm",
            "webmanifest" => "application/manifest+json",
            "woff2" => "font/woff2",
            _ => "application/octet-stream",
        }
    }
}

/// Whether an `Accept-Encoding` (RFC 9110, section 12.5.3) allows a coding.
fn accepts(header: &str, coding: &str) -> bool {
    let weights = header.split(',').filter_map(|element| {
        let (name, parameters) = element.split_once(';').unwrap_or((element, ""));
        let weight = parameters.trim().strip_prefix("q=").map_or(1.0, |weight| weight.trim().parse().unwrap_or(0.0));
        let name = name.trim();
        (name.eq_ignore_ascii_case(coding) || name == "*").then_some((name != "*", weight))
    });
    // The coding's own weight goes before the one of `*`.
    weights.max_by_key(|(own, _)| *own).is_some_and(|(_, weight): (bool, f32)| weight > 0.0)
}

#[cfg(test)]
mod tests {
    use super::accepts;

    #[test]
    fn encodings_follow_their_weights() {
        assert!(accepts("gzip, deflate, br, zstd", "br"));
        assert!(accepts("GZIP;q=0.5", "gzip"));
        assert!(accepts("*", "br"));
        assert!(accepts("br;q=0.1, *;q=0", "br"));
        assert!(!accepts("br;q=0, *", "br"));
        assert!(!accepts("gzip", "br"));
        assert!(!accepts("", "br"));
        assert!(!accepts("br;q=x", "br"));
    }
}
