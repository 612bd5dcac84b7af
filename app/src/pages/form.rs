//! The parts of a form: fields that carry their own errors, and what is said above them. All of it works without script.

use leptos::prelude::*;

use crate::{BundleBox, Returned};

/// What is typed into a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Plain,
    Email,
    Address,
    Number,
    Password,
    Code,
    CodeFromHash,
}

impl Kind {
    /// The value of `type`.
    fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Password => "password",
            _ => "text",
        }
    }

    /// The value of `inputmode`: which keys a telephone shows.
    fn keys(self) -> Option<&'static str> {
        match self {
            Self::Address => Some("email"),
            Self::Number => Some("numeric"),
            _ => None,
        }
    }

    fn is_secret(self) -> bool {
        matches!(self, Self::Password | Self::Code | Self::CodeFromHash)
    }
}

/// A field to type into, with its label, help and error. Its id is its name.
#[must_use]
#[derive(Clone, Debug)]
pub(crate) struct Field {
    name: &'static str,
    label: &'static str,
    kind: Kind,
    help: String,
    value: String,
    autocomplete: Option<&'static str>,
    lengths: (Option<u32>, Option<u32>),
    is_required: bool,
}

impl Field {
    /// A line of text.
    pub(crate) fn text(name: &'static str, label: &'static str) -> Self {
        Self {
            name,
            label,
            kind: Kind::Text,
            help: String::new(),
            value: String::new(),
            autocomplete: None,
            lengths: (None, None),
            is_required: false,
        }
    }

    /// The name of a machine or an account: no prose, so nothing corrects its spelling.
    pub(crate) fn plain(name: &'static str, label: &'static str) -> Self {
        Self { kind: Kind::Plain, ..Self::text(name, label) }
    }

    /// An e-mail address.
    pub(crate) fn email(name: &'static str, label: &'static str) -> Self {
        Self { kind: Kind::Email, lengths: (None, Some(254)), ..Self::text(name, label) }
    }

    /// An e-mail address that need not be given. No browser holds a form back for it, since it may stand where nobody sees it.
    pub(crate) fn address(name: &'static str, label: &'static str) -> Self {
        Self { kind: Kind::Address, lengths: (None, Some(254)), ..Self::text(name, label) }
    }

    /// A whole number, likewise.
    pub(crate) fn number(name: &'static str, label: &'static str) -> Self {
        Self { kind: Kind::Number, lengths: (None, Some(9)), ..Self::text(name, label) }
    }

    /// A password, or another secret that nobody should read over a shoulder. It is never filled in again.
    pub(crate) fn password(name: &'static str, label: &'static str, autocomplete: &'static str) -> Self {
        Self { kind: Kind::Password, autocomplete: Some(autocomplete), ..Self::text(name, label) }
    }

    /// A code that is typed or pasted letter by letter. It is never filled in again.
    pub(crate) fn code(name: &'static str, label: &'static str) -> Self {
        Self { kind: Kind::Code, autocomplete: Some("off"), ..Self::text(name, label) }
    }

    /// A code that is taken from what follows `#` in the address, where scripts run.
    pub(crate) fn code_from_hash(name: &'static str, label: &'static str) -> Self {
        Self { kind: Kind::CodeFromHash, ..Self::code(name, label) }
    }

    /// With a sentence of help, in which backticks mark code.
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// With this in it, unless something else was typed before.
    pub(crate) fn value(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    /// With what browsers may fill in (HTML, section 4.10.18.7).
    pub(crate) fn autocomplete(mut self, what: &'static str) -> Self {
        self.autocomplete = Some(what);
        self
    }

    /// Not to be left empty.
    pub(crate) fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    /// With at least this many characters.
    pub(crate) fn at_least(mut self, least: u32) -> Self {
        self.lengths.0 = Some(least);
        self
    }

    /// With at most this many characters.
    pub(crate) fn at_most(mut self, most: u32) -> Self {
        self.lengths.1 = Some(most);
        self
    }

    /// The field as it came back.
    pub(crate) fn view(self, returned: &Returned) -> AnyView {
        let (name, kind) = (self.name, self.kind);
        let typed = if kind.is_secret() { None } else { returned.value(name) };
        let value = (kind != Kind::Password).then(|| typed.map_or(self.value, str::to_owned));
        let (least, most) = self.lengths;
        let plain = (kind != Kind::Text).then_some("none");
        let spelling = (kind != Kind::Text).then_some("false");
        let class = matches!(kind, Kind::Code | Kind::CodeFromHash).then_some("mono");
        view! {
            <div class="field">
                <label for=name>{self.label}</label>
                <input
                    id=name
                    name=name
                    type=kind.name()
                    class=class
                    value=value
                    autocomplete=self.autocomplete
                    autocapitalize=plain
                    spellcheck=spelling
                    required=self.is_required
                    minlength=least.map(|least| least.to_string())
                    maxlength=most.map(|most| most.to_string())
                    inputmode=kind.keys()
                    aria-invalid=invalid(returned, name)
                    aria-describedby=described_by(name, !self.help.is_empty())
                    data-from-hash=kind == Kind::CodeFromHash
                />
                {error(returned, name)}
                {help(name, &self.help)}
            </div>
        }
        .into_any()
    }
}

/// A list to choose one entry from: stable names, and names for people. Its id is its name.
pub(crate) fn select(
    returned: &Returned,
    name: &'static str,
    label: &'static str,
    options: &[(&'static str, &'static str)],
    chosen: &str,
) -> AnyView {
    let chosen = returned.value(name).unwrap_or(chosen);
    let options = options.iter().map(|&(value, title)| {
        view! { <option value=value selected=value == chosen>{title}</option> }
    });
    view! {
        <div class="field">
            <label for=name>{label}</label>
            <select id=name name=name aria-invalid=invalid(returned, name) aria-describedby=described_by(name, false)>
                {options.collect_view()}
            </select>
            {error(returned, name)}
        </div>
    }
    .into_any()
}

/// One of the entries of [`radios`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice {
    /// The stable name.
    pub(crate) value: &'static str,
    /// The name for people.
    pub(crate) title: &'static str,
    /// What choosing it means; may be empty.
    pub(crate) help: &'static str,
}

/// Entries to choose one from, all in sight. The first one's id is the field's name, so that errors can link to it.
pub(crate) fn radios(
    returned: &Returned,
    name: &'static str,
    legend: &'static str,
    choices: &[Choice],
    chosen: &str,
) -> AnyView {
    let chosen = returned.value(name).unwrap_or(chosen);
    let choices = choices.iter().enumerate().map(|(index, choice)| {
        let id = if index == 0 { name.to_owned() } else { format!("{name}-{}", choice.value) };
        let help = (!choice.help.is_empty()).then(|| view! { <small>{prose(choice.help)}</small> });
        view! {
            <label class="check">
                <input
                    type="radio"
                    id=id
                    name=name
                    value=choice.value
                    checked=choice.value == chosen
                    aria-describedby=described_by(name, false)
                />
                <span>{choice.title}{help}</span>
            </label>
        }
    });
    view! {
        <fieldset class="choices">
            <legend>{legend}</legend>
            {error(returned, name)}
            {choices.collect_view()}
        </fieldset>
    }
    .into_any()
}

/// A box to tick. Several may share a name, so the id is given.
pub(crate) fn checkbox(
    id: impl Into<String>,
    name: &'static str,
    value: impl Into<String>,
    label: &str,
    is_checked: bool,
    is_required: bool,
) -> AnyView {
    view! {
        <label class="check">
            <input type="checkbox" id=id.into() name=name value=value.into() checked=is_checked required=is_required />
            <span>{prose(label)}</span>
        </label>
    }
    .into_any()
}

/// A value that travels with the form, and that nobody sees.
pub(crate) fn hidden(name: &'static str, value: impl Into<String>) -> AnyView {
    view! { <input type="hidden" name=name value=value.into() /> }.into_any()
}

/// What came back, above the form: what was done, and what is wrong, with links to those of `fields` that it is about.
/// `fields` are the ids of the page's fields, which are their names.
pub(crate) fn problems(returned: &Returned, fields: &[&str]) -> AnyView {
    let notice = (!returned.notice.is_empty()).then(|| {
        view! { <p class="note" role="status">{prose(&returned.notice)}</p> }
    });
    let title = match returned.errors.len() {
        0 => return notice.into_any(),
        1 => "One thing needs your attention".to_owned(),
        count => format!("{count} things need your attention"),
    };
    let errors = returned.errors.iter().map(|error| {
        let detail = prose(&error.detail);
        if fields.contains(&error.field.as_str()) {
            view! { <li><a href=format!("#{}", error.field)>{detail}</a></li> }.into_any()
        } else {
            view! { <li>{detail}</li> }.into_any()
        }
    });
    view! {
        {notice}
        <div class="verdict bad problems" id="problems" role="alert" tabindex="-1" autofocus>
            <h2>{title}</h2>
            <ul>{errors.collect_view()}</ul>
        </div>
    }
    .into_any()
}

/// A sentence that marks code by backticks, as our own sentences do. All of it stays text.
pub(crate) fn prose(sentence: &str) -> AnyView {
    let parts = sentence.split('`').enumerate().filter(|(_, part)| !part.is_empty());
    let parts = parts.map(|(index, part)| {
        let part = part.to_owned();
        if index % 2 == 0 { part.into_any() } else { view! { <code>{part}</code> }.into_any() }
    });
    parts.collect_view().into_any()
}

/// What is wrong with a field, as it stands beside it. The place is there even while nothing is wrong: where scripts run, they
/// say it there.
pub(crate) fn error(returned: &Returned, name: &str) -> AnyView {
    let detail = returned.error(name).map(|error| prose(&error.detail));
    view! { <small class="error" id=format!("{name}-error")>{detail}</small> }.into_any()
}

/// The value of `aria-invalid`.
pub(crate) fn invalid(returned: &Returned, name: &str) -> Option<&'static str> {
    returned.error(name).map(|_| "true")
}

/// The value of `aria-describedby`: the ids of the error's place and of the help, if there is one.
pub(crate) fn described_by(name: &str, has_help: bool) -> String {
    if has_help { format!("{name}-error {name}-help") } else { format!("{name}-error") }
}

fn help(name: &str, help: &str) -> Option<AnyView> {
    (!help.is_empty()).then(|| view! { <small id=format!("{name}-help")>{prose(help)}</small> }.into_any())
}

/// The box for a bundle. `value` is what stands in it, `help_text` a sentence below it. With `details`, everything that is
/// found in it stands below at once where scripts run.
pub(crate) fn bundle_box(
    returned: &Returned,
    value: String,
    help_text: &str,
    is_required: bool,
    details: bool,
) -> AnyView {
    let (error, help) = (error(returned, "bundle"), help("bundle", help_text));
    let described_by = described_by("bundle", help.is_some());
    let invalid = returned.error("bundle").is_some();
    view! {
        <BundleBox label="License bundle" value invalid described_by optional=!is_required details>
            {error}
            {help}
        </BundleBox>
    }
    .into_any()
}
