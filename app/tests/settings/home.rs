//! Home, and usage: what is licensed, until when.

use countersign_app::{Role, Usage, UsageReport, home};
use serde_json::json;

use crate::fake::{DAY, Fake, NOW, bundle, claims, page, tampered, visit};
use crate::{active, license, says, says_not, with};

#[test]
fn home_says_what_is_licensed_until_when_and_which_features() {
    let html = page(home(&visit(active(), Role::Member))).expect("the store answers");
    says(&html, "Licensed to Acme Corp until 24 June 2027, 06:00 UTC 214 days are left.");
    for sentence in ["Enterprise", "16 cores", "128 GB", "48 GBcontractual only", "24 June 2027, 06:00 UTCin 214 days"]
    {
        says(&html, sentence);
    }
    for sentence in ["Analytics granted", "Agentic features not granted", "Users, at most 50"] {
        says(&html, sentence);
    }
    assert!(
        html.contains("href=\"/platform/settings/license\"") && html.contains("href=\"/platform/license-checker\"")
    );
    says_not(&html, "sales@scrydon.com");
}

#[test]
fn home_says_what_the_tier_brings_where_the_license_does_not() {
    let claims = with(claims(214), |claims| claims["scrydon"]["features"] = json!({ "agentic": false, "sso": true }));
    let server = Fake::default().with_license(&bundle(&claims));
    let html = page(home(&visit(server, Role::Member))).expect("the store answers");
    for sentence in ["Analytics with the tier granted", "Agentic features not granted", "sso granted"] {
        says(&html, sentence);
    }
}

#[test]
fn the_settings_hold_what_is_in_use_against_the_license_for_administrators() {
    let report = |service: &str, cpu_cores| UsageReport {
        service: service.to_owned(),
        cpu_cores,
        ram_gb: 130,
        vram_gb: 90,
        reported_at: NOW - 60,
    };
    let sums = Usage { cpu_cores: 13, ram_gb: 130, vram_gb: 90, users: 50 };
    let in_use = |reports: Vec<UsageReport>| Fake { usage: (sums, reports), ..active() };
    let reported = license(&visit(in_use(vec![report("models", 13)]), Role::OrgAdmin));
    for sentence in [
        "CPU cores 13 of 16 in use nearly all in use",
        "RAM, GB 130 of 128 in use more than licensed",
        "VRAM, GB contractual only 90 of 48 in use Users",
        "Users 50 of 50 in use all in use",
        "One service has reported within the last 24 hours",
    ] {
        says(&reported, sentence);
    }
    let silent = license(&visit(in_use(Vec::new()), Role::OrgAdmin));
    says(&silent, "No service has reported what it uses within the last 24 hours");
    assert!(!silent.contains("CPU cores"), "what nobody reports is not known");
    assert!(!license(&visit(in_use(Vec::new()), Role::Member)).contains("In use"));
}

#[test]
fn home_says_that_a_license_expires_and_whom_to_write_to() {
    let html =
        page(home(&visit(Fake::default().with_license(&bundle(&claims(12))), Role::OrgAdmin))).expect("it answers");
    says(&html, "The license expires in 12 days, on 4 December 2026");
    says(&html, "For a new license, write to sales@scrydon.com, quoting cus_Acme42.");
    says(&html, "Update license");
}

#[test]
fn home_says_that_a_license_expired_and_to_those_who_can_act_whom_to_write_to() {
    for role in Role::ALL {
        let html = page(home(&visit(Fake::default().with_license(&bundle(&claims(-3))), role))).expect("it answers");
        says(&html, "The license expired 3 days ago, on 19 November 2026");
        says(&html, "Features, until the license expired");
        let contact = "For a new license, write to sales@scrydon.com, quoting cus_Acme42.";
        let tell = if role.is_admin() { says } else { says_not };
        tell(&html, contact);
    }
}

#[test]
fn home_says_that_a_license_has_not_begun() {
    let later = with(claims(214), |claims| claims["nbf"] = json!(NOW + 5 * DAY));
    let html = page(home(&visit(Fake::default().with_license(&bundle(&later)), Role::Member))).expect("it answers");
    says(&html, "The license begins in 5 days, on 27 November 2026");
    says(&html, "Features, once the license begins");
}

#[test]
fn home_says_that_nothing_is_licensed() {
    let none = page(home(&visit(Fake::default(), Role::PlatformAdmin))).expect("it answers");
    says(&none, "No license is installed");
    says(&none, "Install a license");
    let changed = Fake::default().with_license(&tampered(&claims(214)));
    let changed = page(home(&visit(changed, Role::PlatformAdmin))).expect("it answers");
    says(&changed, "The stored license is not genuine any more");
    says(&changed, "sales@scrydon.com");
    // What nobody vouches for is not shown as what is licensed.
    says_not(&changed, "9999");
}
