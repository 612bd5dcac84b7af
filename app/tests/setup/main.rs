//! The pages of the set-up and of signing in, as documents.

#![expect(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "these are tests")]

#[path = "../fake/mod.rs"]
mod fake;
mod html;
mod states;

use countersign_app::{EmailSettings, Role, Setup, Step, Unavailable, Visit};
use countersign_app::{setup_admin, setup_complete, setup_email, setup_license, setup_organization, sign_in};

use fake::{Fake, page};
use html::{Tag, tags, text};
use states::{all, before, fresh, hostile_visit, refused, signed_in, smtp};

fn state(name: &str) -> String {
    all().into_iter().find(|(state, _)| state == name).expect("a state of that name").1
}

fn license(visit: &Visit) -> String {
    page(setup_license(visit)).expect("the backend answers")
}

fn email(visit: &Visit) -> String {
    page(setup_email(visit)).expect("the backend answers")
}

fn find<'a>(tags: &'a [Tag], id: &str) -> &'a Tag {
    tags.iter().find(|tag| tag.get("id") == Some(id)).unwrap_or_else(|| panic!("there is no #{id}"))
}

#[test]
fn every_page_has_one_heading_its_landmarks_and_a_title_of_its_own() {
    for (name, page) in all() {
        let tags = tags(&page);
        let count = |tag: &str| tags.iter().filter(|each| each.name == tag).count();
        assert_eq!((count("h1"), count("main"), count("title")), (1, 1, 1), "{name}");
        assert_eq!(count("header"), 1, "{name}");
        assert!(page.starts_with("<!doctype html><html lang=\"en\">"), "{name}");
        assert!(find(&tags, "main").name == "main", "{name}: the skip link has its goal");
        let title = text(&page, "title");
        assert!(title.ends_with(" · Countersign"), "{name}: {title}");
        let is_refused = page.contains("id=\"problems\"");
        assert_eq!(title.starts_with("Error: "), is_refused, "{name}: {title}");
    }
}

#[test]
fn pages_of_different_steps_have_different_titles() {
    let names = ["license-fresh", "admin", "organization", "email", "complete", "sign-in", "invitation", "unavailable"];
    let mut titles: Vec<String> = names.iter().map(|name| text(&state(name), "title")).collect();
    titles.sort();
    titles.dedup();
    assert_eq!(titles.len(), names.len());
}

#[test]
fn nothing_is_inline_and_the_one_script_carries_the_nonce() {
    for (name, page) in all() {
        let tags = tags(&page);
        let scripts: Vec<_> = tags.iter().filter(|tag| tag.name == "script").collect();
        assert_eq!(scripts.len(), 1, "{name}");
        assert_eq!(scripts[0].get("src"), Some("/platform/pkg/islands.js"), "{name}");
        let styles = tags.iter().filter(|tag| tag.name == "style" && tag.get("nonce").is_some());
        assert_eq!(styles.count(), usize::from(name != "problem"), "{name}: that pages fade, where a nonce allows it");
        assert!(!tags.iter().any(|tag| tag.name == "style" && tag.get("nonce").is_none()), "{name}");
        assert!(!tags.iter().any(|tag| tag.get("style").is_some()), "{name}");
        let handlers = tags.iter().flat_map(|tag| &tag.attributes).filter(|(name, _)| name.starts_with("on"));
        assert_eq!(handlers.count(), 0, "{name}");
    }
    assert!(state("admin").contains("defer nonce=\"bm9uY2U\""));
    assert!(!state("problem").contains("nonce"));
}

#[test]
fn every_control_has_a_label_and_every_description_and_id_is_there_once() {
    for (name, page) in all() {
        let tags = tags(&page);
        let ids: Vec<&str> = tags.iter().filter_map(|tag| tag.get("id")).collect();
        for id in &ids {
            assert_eq!(ids.iter().filter(|other| *other == id).count(), 1, "{name}: #{id}");
        }
        for control in tags.iter().filter(|tag| ["input", "select", "textarea"].contains(&tag.name.as_str())) {
            if control.get("type") == Some("hidden") {
                continue;
            }
            let is_labelled = control.is_inside_label
                || control.get("id").is_some_and(|id| tags.iter().any(|tag| tag.get("for") == Some(id)));
            assert!(is_labelled, "{name}: {control:?}");
        }
        for described in tags.iter().filter_map(|tag| tag.get("aria-describedby")) {
            for id in described.split(' ') {
                assert!(ids.contains(&id), "{name}: nothing is #{id}");
            }
        }
    }
}

#[test]
fn every_error_is_said_above_and_links_to_its_field() {
    let mut links = 0;
    for (name, page) in all() {
        let tags = tags(&page);
        for link in tags.iter().filter(|tag| tag.name == "a") {
            let Some(id) = link.get("href").and_then(|href| href.strip_prefix('#')) else { continue };
            let goal = find(&tags, id);
            if id != "main" {
                links += 1;
                let is_wrong = goal.get("aria-invalid") == Some("true") || goal.get("type") == Some("radio");
                assert!(is_wrong, "{name}: #{id}");
            }
        }
    }
    assert!(links > 20, "{links}");
    let page = state("admin-refused");
    assert!(page.contains("2 things need your attention"));
    for (id, detail) in [("email", "This is not an e-mail address."), ("password", "This password is too common.")] {
        assert!(page.contains(&format!("href=\"#{id}\">{detail}</a>")), "{page}");
        assert!(page.contains(&format!("id=\"{id}-error\" class=\"error\">{detail}</small>")), "{page}");
        assert_eq!(find(&tags(&page), id).get("aria-invalid"), Some("true"));
    }
    assert!(state("organization-refused").contains("One thing needs your attention"));
}

#[test]
fn the_summary_of_errors_takes_the_focus_and_nothing_else_does() {
    for (name, page) in all() {
        let tags = tags(&page);
        let focused: Vec<_> = tags.iter().filter(|tag| tag.get("autofocus").is_some()).collect();
        assert_eq!(focused.len(), usize::from(page.contains("id=\"problems\"")), "{name}");
        for tag in focused {
            assert_eq!((tag.get("role"), tag.get("tabindex")), (Some("alert"), Some("-1")), "{name}");
        }
    }
}

#[test]
fn a_strangers_text_is_text_everywhere() {
    for (name, page) in all().into_iter().filter(|(name, _)| name.starts_with("hostile")) {
        assert!(!page.contains("<b onclick"), "{name}: {page}");
        let attributes = tags(&page).into_iter().flat_map(|tag| tag.attributes).filter(|(name, _)| name == "onclick");
        assert_eq!(attributes.count(), 0, "{name}");
        assert_eq!(page.matches("</script>").count(), 1, "{name}");
        assert_eq!(page.matches("</title>").count(), 1, "{name}");
        assert!(page.contains("&lt;b onclick=x&gt;"), "{name}: it is shown");
    }
}

#[test]
fn secrets_never_come_back() {
    const SECRET: &str = "correct horse battery";
    for step in Step::ALL {
        let mut visit = hostile_visit(step);
        for value in ["password", "apiKey", "setupToken", "code"] {
            visit.returned.values.insert(value.to_owned(), SECRET.to_owned());
        }
        visit.backend =
            std::sync::Arc::new(Fake { setup: Setup { needs_token: true, ..before(step) }, ..Fake::default() });
        let pages = [
            page(setup_license(&visit)).expect("a page"),
            page(setup_admin(&visit)).expect("a page"),
            email(&visit),
            page(sign_in(&visit)).expect("a page"),
            page(countersign_app::invitation(&visit)).expect("a page"),
        ];
        for page in pages {
            assert!(!page.contains(SECRET), "{page}");
        }
    }
}

#[test]
fn a_private_key_that_was_pasted_does_not_come_back() {
    let key =
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ\n-----END PRIVATE KEY-----";
    let page = license(&refused(fresh(before(Step::License)), &[("bundle", "A private key.")], &[("bundle", key)]));
    assert!(!page.contains("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ"), "{page}");
    assert!(page.contains("This is a private key"), "{page}");
}

#[test]
fn what_was_typed_comes_back() {
    let page = state("admin-refused");
    let tags = tags(&page);
    assert_eq!(find(&tags, "name").get("value"), Some("First Admin"));
    assert_eq!(find(&tags, "email").get("value"), Some("admin"));
    assert_eq!(find(&tags, "password").get("value"), None);
    let sent = fake::bundle(&fake::claims(-3));
    assert_eq!(html::unescaped(&text(&state("license-expired"), "textarea")), sent);
}

#[test]
fn without_the_database_no_step_is_shown_and_signing_in_still_is() {
    for step in Step::ALL {
        let mut visit = fresh(before(step));
        visit.backend = std::sync::Arc::new(Fake { is_down: true, ..Fake::default() });
        let pages = [
            page(setup_license(&visit)),
            page(setup_admin(&visit)),
            page(setup_organization(&visit)),
            page(setup_email(&visit)),
            page(setup_complete(&visit)),
        ];
        assert!(pages.iter().all(|page| *page == Err(Unavailable::Away)));
        assert!(page(sign_in(&visit)).is_ok());
    }
}

#[test]
fn steps_that_are_done_are_links_and_later_ones_are_not() {
    for at in Step::ALL {
        let visit = signed_in(fresh(before(at)));
        let pages = [
            (Step::License, license(&visit)),
            (Step::Admin, page(setup_admin(&visit)).expect("a page")),
            (Step::Organization, page(setup_organization(&visit)).expect("a page")),
            (Step::Email, email(&visit)),
            (Step::Complete, page(setup_complete(&visit)).expect("a page")),
        ];
        for (step, page) in pages.into_iter().filter(|(step, _)| *step <= at) {
            let list = page.split_once("<ol class=\"steps\">").and_then(|(_, rest)| rest.split_once("</ol>"));
            let list = list.expect("the list of steps").0;
            assert_eq!(list.matches("aria-current=\"step\"").count(), 1);
            for each in Step::ALL {
                let link = format!("href=\"{}\"", visit.paths.setup_step(each));
                assert_eq!(list.contains(&link), each <= at && each != step, "{each:?} on {step:?} at {at:?}");
            }
        }
    }
}

#[test]
fn the_token_is_asked_for_only_while_it_is_needed() {
    assert!(!state("license-fresh").contains("setupToken"));
    let page = state("license-token");
    assert!(page.contains("name=\"setupToken\"") && page.contains("<code>countersign setup-token</code>"), "{page}");
}

#[test]
fn a_license_from_the_configuration_opens_verified() {
    let page = state("license-preseeded");
    assert!(page.contains("Undamaged, and valid for 214 more days"), "{page}");
    for part in ["class=\"facts\"", "class=\"ladder\"", "id=\"fingerprint\"", "Use another bundle", ">Continue<"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!tags(&page).iter().any(|tag| tag.name == "textarea" && tag.get("required").is_some()));
}

#[test]
fn what_is_wrong_with_the_configuration_is_said_before_a_bundle_is_asked_for() {
    let page = state("license-preseed-problem");
    let (said, asked) = (page.find("<code>LICENSE_PUBLIC_KEY</code> is not."), page.find("<textarea"));
    assert!(said.is_some() && said < asked, "{page}");
}

#[test]
fn a_license_from_the_configuration_needs_no_bundle_but_the_token() {
    let page = state("license-preseeded-token");
    let tags = tags(&page);
    assert!(find(&tags, "setupToken").get("required").is_some());
    assert!(find(&tags, "bundle").get("required").is_none(), "an empty box stands for the one that is there");
    let forms =
        tags.iter().filter(|tag| tag.name == "form" && tag.get("action") == Some("/platform/api/setup/license"));
    assert_eq!(forms.count(), 1);
}

#[test]
fn a_license_that_was_given_leads_on() {
    let page = state("license-given");
    assert!(page.contains("href=\"/platform/setup/admin\" class=\"btn\">Continue</a>"), "{page}");
}

#[test]
fn a_bundle_that_is_refused_is_shown_with_its_reason_and_every_check() {
    for (name, headline, more) in [
        ("license-expired", "Undamaged, but expired 3 days ago", "sales@scrydon.com"),
        ("license-ahead", "Undamaged, but not valid yet", "class=\"facts\""),
        ("license-tampered", "Damaged: the signature does not fit", "Not verified: what the token says"),
        ("license-bare", "Decoded, not verified", "Not verified: what the token says"),
        ("license-damaged", "Damaged in copying, and it can be repaired", "put together again"),
        ("license-nonsense", "This is not a license bundle", "class=\"ladder\""),
    ] {
        let page = state(name);
        assert!(page.contains(&format!("<h2>{headline}</h2>")), "{name}: {page}");
        assert!(page.contains(more), "{name}: {page}");
        assert_eq!(page.matches("data-check=").count(), 10, "{name}");
    }
}

#[test]
fn a_bundle_that_was_only_damaged_in_copying_stands_repaired_in_the_box() {
    let kept = html::unescaped(&text(&state("license-damaged"), "textarea"));
    let verdict = countersign_license::inspect(&kept, &countersign_license::Policy::default(), fake::NOW).verdict;
    assert_eq!(verdict, countersign_license::Verdict::Valid);
}

#[test]
fn where_scripts_run_nothing_is_said_twice_and_nothing_is_left_out() {
    // The box judges what stands in it: there it is the same text, here it is the repaired one.
    assert!(state("license-expired").contains("data-said-above"));
    assert!(!state("license-damaged").contains("data-said-above"));
}

#[test]
fn what_is_saved_is_shown_and_not_asked_again() {
    for name in ["license-saved", "admin-saved"] {
        let page = state(name);
        assert!(!page.contains("/api/setup/"), "{name}: {page}");
        assert!(page.contains(">Continue</a>"), "{name}");
    }
    assert!(state("admin-saved").contains("admin@example.com"));
    assert!(state("license-saved").contains("href=\"/platform/setup/email\" class=\"btn\">Continue</a>"));
}

#[test]
fn the_organization_is_named_as_the_license_is_until_somebody_names_it() {
    let value = |visit: Visit| {
        let page = page(setup_organization(&visit)).expect("a page");
        find(&tags(&page), "name").get("value").map(str::to_owned)
    };
    assert_eq!(value(fresh(before(Step::Organization))).as_deref(), Some("Acme Corp"));
    let named = Setup { organization: Some("Acme".to_owned()), ..before(Step::Complete) };
    assert_eq!(value(fresh(named.clone())).as_deref(), Some("Acme"));
    let typed = refused(fresh(named), &[("name", "Too long.")], &[("name", "Other")]);
    assert_eq!(value(typed).as_deref(), Some("Other"));
}

#[test]
fn the_admin_is_told_whose_license_is_saved_with_the_account() {
    assert!(state("admin").contains("Acme Corp"));
    let page = state("admin");
    let password = tags(&page);
    let password = find(&password, "password");
    assert_eq!(password.get("minlength"), Some("12"));
    assert_eq!(password.get("autocomplete"), Some("new-password"));
}

#[test]
fn the_email_page_has_every_field_that_the_endpoint_reads() {
    let page = state("email");
    let tags = tags(&page);
    let name = |name: &str| tags.iter().any(|tag| tag.get("name") == Some(name));
    for field in
        ["provider", "host", "port", "security", "username", "password", "from", "fromName", "apiKey", "to", "action"]
    {
        assert!(name(field), "{field}");
    }
    assert_eq!(find(&tags, "to").get("value"), Some("admin@example.com"));
    let test = tags.iter().find(|tag| tag.get("formaction").is_some()).expect("a button that tests");
    assert_eq!(test.get("formaction"), Some("/platform/api/setup/email/test"));
    assert_eq!((test.get("name"), test.get("value")), (Some("action"), Some("test")));
    let buttons: Vec<_> = tags.iter().filter(|tag| tag.name == "button" && tag.get("data-busy").is_some()).collect();
    assert!(buttons[0].get("formaction").is_none(), "the Enter key saves");
    // What may be out of sight must not hold the form back.
    let required = tags.iter().filter(|tag| tag.get("required").is_some());
    assert_eq!(required.count(), 0);
}

#[test]
fn what_is_stored_about_email_is_filled_in_but_no_secret() {
    let page = state("email-again");
    let tags = tags(&page);
    assert_eq!(find(&tags, "host").get("value"), Some("smtp.example.com"));
    assert_eq!(find(&tags, "port").get("value"), Some("465"));
    assert!(page.contains("<option value=\"tls\" selected>"), "{page}");
    assert!(page.contains("One is stored. Leave this empty to keep it."));
    let checked = |page: &str| {
        let tags = html::tags(page);
        let checked: Vec<_> = tags.iter().filter(|tag| tag.get("checked").is_some()).collect();
        assert_eq!(checked.len(), 1);
        checked[0].get("value").map(str::to_owned)
    };
    assert_eq!(checked(&page).as_deref(), Some("smtp"));
    assert_eq!(checked(&state("email-resend")).as_deref(), Some("resend"));
    assert_eq!(checked(&state("email-later")).as_deref(), Some("later"));
}

#[test]
fn the_last_step_shows_everything_and_lets_change_what_can_be_changed() {
    let page = state("complete");
    for part in ["Acme Corp", "First Admin", "admin@example.com", "smtp.example.com:465", "until 24 June 2027"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let changes = page.split_once("<dl").and_then(|(_, rest)| rest.split_once("</dl>")).expect("the list").0;
    assert_eq!(changes.matches("href=").count(), 2);
    assert!(page.contains("Finish and open the platform"));
    let nothing = Setup { email: Some(EmailSettings::Later), ..before(Step::Complete) };
    assert!(page_of(&nothing).contains("no e-mail is sent"));
    assert_ne!(smtp(), EmailSettings::Later);
}

fn page_of(setup: &Setup) -> String {
    page(setup_complete(&fresh(setup.clone()))).expect("a page")
}

#[test]
fn signing_in_goes_on_to_where_one_wanted_to_go() {
    let page = state("sign-in-next");
    let tags = tags(&page);
    let next = tags.iter().find(|tag| tag.get("name") == Some("next")).expect("the way on");
    assert_eq!(next.get("type"), Some("hidden"));
    assert_eq!(html::unescaped(next.get("value").unwrap_or_default()), "/platform/settings/license?a=\"b\"");
    assert!(page.contains("You are signed out.") && page.contains("role=\"status\""), "{page}");
    assert!(!state("sign-in").contains("name=\"next\""));
}

#[test]
fn the_code_of_an_invitation_is_taken_from_the_address() {
    let page = state("invitation");
    let tags = tags(&page);
    assert!(find(&tags, "code").get("data-from-hash").is_some());
    assert!(find(&tags, "code").get("required").is_some());
}

#[test]
fn whoever_is_signed_in_is_named_and_can_sign_out() {
    let mut visit = signed_in(fresh(before(Step::License)));
    visit.viewer = visit.viewer.map(|viewer| countersign_app::Viewer { role: Role::Member, ..viewer });
    let page = countersign_app::forbidden(&visit);
    assert!(page.contains("First Admin") && page.contains("action=\"/platform/api/auth/sign-out\""), "{page}");
    assert!(!state("forbidden-nobody").contains("sign-out"));
}

/// Leptos escapes no text inside a textarea (`ESCAPE_CHILDREN` is false for it): it must come in as escaped `inner_html`.
#[test]
fn no_textarea_has_text_of_its_own_in_a_view() {
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = std::fs::read_to_string(&path).expect("a source file");
            let views = source.split("mod tests {").next().unwrap_or_default();
            for (_, rest) in views.match_indices("<textarea\n").map(|(at, _)| views.split_at(at)) {
                count += 1;
                let end = rest.find("</textarea>").or(rest.find("/>")).expect("it ends");
                assert!(rest[..end].trim_end().ends_with('>') || rest[end..].starts_with("/>"), "{}", path.display());
            }
            assert!(
                !views.contains("<textarea "),
                "one attribute a line, so that this test sees it: {}",
                path.display()
            );
        }
    }
    assert!(count >= 2, "{count}");
}
