//! As much of HTML as our own pages need to be read.

/// A start tag.
#[derive(Debug)]
pub struct Tag {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub is_inside_label: bool,
}

impl Tag {
    /// The value of an attribute, as it is written; empty for one without a value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(attribute, _)| attribute == name).map(|(_, value)| value.as_str())
    }
}

/// Every start tag. Panics where markup is not as we write it.
pub fn tags(page: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut is_inside_label = false;
    let mut rest = page;
    while let Some((_, after)) = rest.split_once('<') {
        rest = after;
        if let Some(name) = after.strip_prefix('/') {
            is_inside_label &= !name.starts_with("label>");
            continue;
        }
        if after.starts_with('!') {
            continue;
        }
        let (tag, after) = start_tag(after, is_inside_label);
        is_inside_label |= tag.name == "label";
        tags.push(tag);
        rest = after;
    }
    tags
}

fn start_tag(text: &str, is_inside_label: bool) -> (Tag, &str) {
    let end = text.find([' ', '>', '/']).expect("a tag ends");
    let name = text[..end].to_owned();
    assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "a tag's name: {name:.40}");
    let mut attributes = Vec::new();
    let mut rest = &text[end..];
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix("/>").or_else(|| rest.strip_prefix('>')) {
            return (Tag { name, attributes, is_inside_label }, after);
        }
        let end = rest.find(['=', ' ', '>', '/']).expect("an attribute ends");
        assert!(end > 0, "an attribute has a name: {rest:.40}");
        let attribute = rest[..end].to_owned();
        rest = &rest[end..];
        let value = rest.strip_prefix("=\"").map(|after| after.split_once('"').expect("a value ends"));
        if let Some((value, after)) = value {
            attributes.push((attribute, value.to_owned()));
            rest = after;
        } else {
            attributes.push((attribute, String::new()));
        }
    }
}

/// What stands in the first element of that name, as it is written.
pub fn text(page: &str, name: &str) -> String {
    let (_, after) = page.split_once(&format!("<{name}")).expect("the element is there");
    let (_, after) = after.split_once('>').expect("its tag ends");
    after.split_once(&format!("</{name}>")).expect("it ends").0.to_owned()
}

/// The text that this is written for.
pub fn unescaped(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
    text.replace("&#x27;", "'").replace("&amp;", "&")
}
