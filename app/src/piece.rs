//! Elements as plain data, put into the page with a few DOM calls.
//!
//! For what is large and has no life of its own, such as a report: as typed views it cost 16 kB more of compressed wasm,
//! since every nesting of elements is a type of its own there, with its own machine code. Text is always text: there is no
//! way to put markup into a piece.

use gloo::utils::document;
use web_sys::Element;

/// An element with attributes, a text, and further pieces behind the text.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    tag: &'static str,
    attributes: Vec<(&'static str, String)>,
    text: String,
    inside: Vec<Piece>,
}

impl Piece {
    /// An empty element. An empty class is no class.
    pub(crate) fn new(tag: &'static str, class: &str) -> Self {
        let attributes = if class.is_empty() { Vec::new() } else { vec![("class", class.to_owned())] };
        Self { tag, attributes, text: String::new(), inside: Vec::new() }
    }

    /// With one more attribute.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.attributes.push((name, value.to_owned()));
        self
    }

    /// With this text.
    pub(crate) fn text(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// With these pieces behind its text.
    pub(crate) fn inside(mut self, pieces: impl IntoIterator<Item = Self>) -> Self {
        self.inside.extend(pieces);
        self
    }

    /// With a sentence that marks code by backticks, as our own sentences do.
    pub(crate) fn prose(self, sentence: &str) -> Self {
        let parts = sentence.split('`').enumerate().filter(|(_, part)| !part.is_empty());
        let pieces = parts.map(|(index, part)| Self::new(if index % 2 == 0 { "span" } else { "code" }, "").text(part));
        self.inside(pieces)
    }

    fn to_element(&self) -> Option<Element> {
        let element = document().create_element(self.tag).ok()?;
        for (name, value) in &self.attributes {
            element.set_attribute(name, value).ok()?;
        }
        element.set_text_content(Some(&self.text));
        append(&element, &self.inside);
        Some(element)
    }
}

#[cfg(feature = "ssr")]
impl Piece {
    /// The piece as HTML, for a page that is whole without script. Every text and every value is escaped.
    pub(crate) fn to_html(&self) -> String {
        let mut out = String::new();
        self.write_html(&mut out);
        out
    }

    fn write_html(&self, out: &mut String) {
        out.push('<');
        out.push_str(self.tag);
        for (name, value) in &self.attributes {
            out.push(' ');
            out.push_str(name);
            out.push_str("=\"");
            escape(value, out);
            out.push('"');
        }
        out.push('>');
        escape(&self.text, out);
        for piece in &self.inside {
            piece.write_html(out);
        }
        out.push_str("</");
        out.push_str(self.tag);
        out.push('>');
    }
}

/// Appends a text in which nothing is markup any more (HTML, section 13.3).
#[cfg(feature = "ssr")]
pub(crate) fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

/// Puts pieces in the place of whatever an element holds.
pub(crate) fn replace(place: &Element, pieces: &[Piece]) {
    place.set_text_content(None);
    append(place, pieces);
}

/// Puts pieces behind whatever an element holds.
pub(crate) fn append(place: &Element, pieces: &[Piece]) {
    for element in pieces.iter().filter_map(Piece::to_element) {
        // Appending a fresh element to one of the same document does not fail.
        let _ = place.append_child(&element);
    }
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::Piece;

    #[test]
    fn nothing_in_a_piece_is_markup() {
        let hostile = "</p><script>\"'&";
        let piece = Piece::new("p", hostile).text(hostile).inside([Piece::new("b", "").text(hostile)]);
        let escaped = "&lt;/p&gt;&lt;script&gt;&quot;&#39;&amp;";
        assert_eq!(piece.to_html(), format!("<p class=\"{escaped}\">{escaped}<b>{escaped}</b></p>"));
    }
}
