//! What an installed license is worth, walked through years.

#![expect(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "this is a test")]

mod common;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use common::{NOW, bundle, private_key, public_pem, token};
use countersign_license::{
    Claims, Denied, Inspection, License, Mode, Notice, PhoneHome, Policy, Standing, State, TrustRule, inspect,
};
use proptest::prelude::*;
use rsa::RsaPrivateKey;
use serde_json::{Value, json};

static KEY: LazyLock<RsaPrivateKey> = LazyLock::new(|| private_key("rsa2048"));
static PEM: LazyLock<String> = LazyLock::new(|| public_pem(&KEY.to_public_key()));

const DAY: i64 = 24 * 60 * 60;
const YEAR: i64 = 365 * DAY;
const GRACE: i64 = 2_592_000;
const ONLINE: Mode = Mode::Online { grace: GRACE };

fn claims() -> Value {
    json!({
        "iss": "scrydon-license", "aud": "scrydon-platform", "sub": "cust_acme", "jti": "lic_abc123",
        "iat": NOW - DAY, "exp": NOW + YEAR,
        "scrydon": {
            "org": "Acme Corp", "tier": "starter",
            "entitlements": { "cpuCores": 16, "ramGb": 64, "vramGb": 0 },
        },
    })
}

fn signed(claims: &Value) -> String {
    bundle(&token(&KEY, r#"{"alg":"RS256","typ":"JWT"}"#, &claims.to_string()), &PEM)
}

fn at(text: &str, now: i64) -> Inspection {
    inspect(text, &Policy::default(), now)
}

fn standing(text: &str, mode: Mode, known: &PhoneHome, now: i64) -> Standing {
    Standing::of(Some(&at(text, now)), mode, known, now)
}

fn state(text: &str, mode: Mode, known: &PhoneHome, now: i64) -> State {
    standing(text, mode, known, now).state
}

/// The claims of a genuine license.
fn genuine(text: &str) -> Claims {
    at(text, NOW).license.as_ref().map(License::claims).cloned().expect("a license")
}

#[test]
fn a_license_expires_at_exp_to_the_second() {
    let text = signed(&claims());
    let known = PhoneHome::default();
    for (now, expected) in [
        (NOW, State::Active),
        (NOW + YEAR - 30 * DAY - 1, State::Active),
        (NOW + YEAR - 30 * DAY, State::Expiring),
        (NOW + YEAR - 1, State::Expiring),
        (NOW + YEAR, State::Expired),
        (NOW + YEAR + 1, State::Expired),
    ] {
        assert_eq!(state(&text, ONLINE, &known, now), expected, "{now}");
    }
}

#[test]
fn a_license_begins_at_nbf_to_the_second() {
    let mut claims = claims();
    claims["nbf"] = json!(NOW + DAY);
    let text = signed(&claims);
    let known = PhoneHome::default();
    for (now, expected) in [(NOW + DAY - 1, State::NotYetValid), (NOW + DAY, State::Active)] {
        assert_eq!(state(&text, ONLINE, &known, now), expected, "{now}");
    }
}

#[test]
fn the_grace_period_counts_from_the_first_failure_and_ends_to_the_second() {
    let text = signed(&claims());
    let failing = PhoneHome { first_failure_at: Some(NOW), ..PhoneHome::default() };
    for (now, expected) in [
        (NOW, State::Degraded),
        (NOW + GRACE - 1, State::Degraded),
        (NOW + GRACE, State::Lapsed),
        (NOW + GRACE + 1, State::Lapsed),
    ] {
        let standing = standing(&text, ONLINE, &failing, now);
        assert_eq!((standing.state, standing.locks_at), (expected, Some(NOW + GRACE)), "{now}");
    }
}

#[test]
fn a_clock_that_is_set_back_gives_no_time_back() {
    let text = signed(&claims());
    let seen = PhoneHome { first_failure_at: Some(NOW), seen_at: NOW + GRACE, ..PhoneHome::default() };
    assert_eq!(state(&text, ONLINE, &seen, NOW + DAY), State::Lapsed);
}

#[test]
fn offline_nothing_follows_from_the_silence_of_the_license_server() {
    let text = signed(&claims());
    let failing = PhoneHome { first_failure_at: Some(NOW - YEAR), ..PhoneHome::default() };
    assert_eq!(state(&text, Mode::Offline, &failing, NOW), State::Active);
}

#[test]
fn a_revocation_holds_in_every_mode_and_at_every_time() {
    let text = signed(&claims());
    let revoked = PhoneHome { revoked_at: Some(NOW), last_success_at: Some(NOW), ..PhoneHome::default() };
    for mode in [ONLINE, Mode::Offline] {
        for now in [NOW - YEAR, NOW, NOW + YEAR, NOW + 2 * YEAR] {
            let standing = standing(&text, mode, &revoked, now);
            assert_eq!((standing.state, standing.revoked_at), (State::Revoked, Some(NOW)), "{now}");
        }
    }
}

#[test]
fn what_is_not_genuine_is_tampered_with_whatever_else_is_known() {
    let text = signed(&claims()).replace("publicKey", "key");
    let revoked = PhoneHome { revoked_at: Some(NOW), ..PhoneHome::default() };
    assert_eq!(state(&text, ONLINE, &revoked, NOW), State::Tampered);
    let pinned = Policy { rule: TrustRule::Pinned, ..Policy::default() };
    let refused = inspect(signed(&claims()), &pinned, NOW);
    assert_eq!(Standing::of(Some(&refused), ONLINE, &PhoneHome::default(), NOW).state, State::Tampered);
    assert_eq!(Standing::of(None, ONLINE, &revoked, NOW), Standing::UNLICENSED);
}

#[test]
fn a_feature_is_granted_by_the_license_s_own_word_else_by_its_tier() {
    for (tier, own, feature, expected) in [
        ("starter", json!({}), "analytics", false),
        ("professional", json!({}), "analytics", true),
        ("professional", json!({}), "agentic", false),
        ("enterprise", json!({}), "agentic", true),
        ("enterprise", json!({ "agentic": false }), "agentic", false),
        ("starter", json!({ "agentic": true }), "agentic", true),
        ("enterprise", json!({}), "telepathy", false),
        ("starter", json!({ "telepathy": true }), "telepathy", true),
        ("starter", json!({ "seats": 0 }), "seats", false),
        ("starter", json!({ "seats": 3 }), "seats", true),
        ("starter", json!({ "seats": "many" }), "seats", false),
        ("enterprise", json!({}), "", false),
    ] {
        let mut claims = claims();
        claims["scrydon"]["tier"] = json!(tier);
        claims["scrydon"]["features"] = own.clone();
        let claims = genuine(&signed(&claims));
        assert_eq!(claims.includes(feature), expected, "{tier} {own} {feature}");
        let active = Standing { state: State::Active, ..Standing::UNLICENSED };
        let permitted = active.permits(Some(&claims), feature);
        assert_eq!(permitted, if expected { Ok(()) } else { Err(Denied::NotIncluded) });
    }
}

#[test]
fn no_state_without_a_grant_permits_anything() {
    let mut claims = claims();
    claims["scrydon"]["tier"] = json!("enterprise");
    let claims = genuine(&signed(&claims));
    for state in State::ALL {
        let standing = Standing { state, ..Standing::UNLICENSED };
        assert_eq!(standing.permits(Some(&claims), "analytics").is_ok(), state.grants(), "{state:?}");
        assert!(standing.permits(None, "analytics").is_err(), "{state:?}");
    }
}

#[test]
fn names_of_states_are_told_apart_and_those_of_notices_found_again() {
    let names: BTreeSet<&str> = State::ALL.iter().map(|state| state.name()).collect();
    assert_eq!(names.len(), State::ALL.len());
    for notice in Notice::ALL {
        assert_eq!(Notice::parse(notice.name()), Some(notice));
    }
}

#[test]
fn each_band_begins_and_ends_to_the_second() {
    let text = signed(&claims());
    let end = NOW + YEAR;
    for (left, expected) in [
        (30 * DAY + 1, vec![]),
        (30 * DAY, vec![Notice::Days30]),
        (14 * DAY + 1, vec![Notice::Days30]),
        (14 * DAY, vec![Notice::Days14]),
        (7 * DAY + 1, vec![Notice::Days14]),
        (7 * DAY, vec![Notice::Days7]),
        (DAY + 1, vec![Notice::Days7]),
        (DAY, vec![Notice::Day1]),
        (1, vec![Notice::Day1]),
        (0, vec![Notice::Expired]),
    ] {
        let now = end - left;
        let standing = standing(&text, ONLINE, &PhoneHome::default(), now);
        assert_eq!(Notice::of(&standing, now), expected, "{left}");
    }
    // Both are told, the louder one first.
    let failing = PhoneHome { first_failure_at: Some(end - 3 * DAY), ..PhoneHome::default() };
    let near = standing(&text, ONLINE, &failing, end - 2 * DAY);
    assert_eq!(Notice::of(&near, end - 2 * DAY), [Notice::Days7, Notice::Degraded]);
}

/// Bundle, mode and facts of a platform.
#[derive(Clone, Debug)]
struct Platform {
    text: Option<String>,
    mode: Mode,
    known: PhoneHome,
    starts_at: Option<i64>,
    expires_at: i64,
}

fn instants() -> impl Strategy<Value = i64> {
    NOW - 3 * YEAR..NOW + 3 * YEAR
}

prop_compose! {
    fn platforms()(
        kind in 0..10_u8,
        starts_at in prop::option::of(instants()),
        expires_at in instants(),
        fraction in prop::bool::ANY,
        grace in prop_oneof![Just(0), Just(GRACE), 0..YEAR],
        is_online in prop::bool::weighted(0.8),
        first_failure_at in prop::option::of(instants()),
        last_success_at in prop::option::of(instants()),
        revoked_at in prop::option::weighted(0.1, instants()),
        seen_at in prop_oneof![Just(0), instants()],
    ) -> Platform {
        let mut claims = claims();
        let half = if fraction { ".5" } else { "" };
        claims["exp"] = serde_json::from_str(&format!("{expires_at}{half}")).expect("a number");
        if let Some(starts_at) = starts_at {
            claims["nbf"] = json!(starts_at);
        }
        let text = match kind {
            0 => None,
            1 => Some(signed(&claims).replacen('A', "B", 1)),
            _ => Some(signed(&claims)),
        };
        let mode = if is_online { Mode::Online { grace } } else { Mode::Offline };
        let known = PhoneHome { last_success_at, first_failure_at, revoked_at, seen_at };
        Platform { text, mode, known, starts_at, expires_at: expires_at + i64::from(fraction) }
    }
}

impl Platform {
    fn at(&self, now: i64) -> Standing {
        let inspection = self.text.as_ref().map(|text| at(text, now));
        Standing::of(inspection.as_ref(), self.mode, &self.known, now)
    }

    /// Every instant at which something could change, those beside them, and others.
    fn instants(&self, more: &[i64]) -> Vec<i64> {
        let lock = match self.mode {
            Mode::Online { grace } => self.known.first_failure_at.map(|at| at + grace),
            Mode::Offline => None,
        };
        let edges =
            [self.starts_at, Some(self.expires_at), Some(self.expires_at - 30 * DAY), lock, self.known.revoked_at];
        let mut all: Vec<i64> = edges.into_iter().flatten().flat_map(|edge| [edge - 1, edge, edge + 1]).collect();
        all.extend(more);
        all.sort_unstable();
        all
    }

    /// The rules, written a second time.
    fn grants(&self, now: i64) -> bool {
        let is_genuine = self.text.as_ref().is_some_and(|text| at(text, now).license.is_some());
        let has_lapsed = match (self.mode, self.known.first_failure_at) {
            (Mode::Online { grace }, Some(first)) => now >= first + grace || self.known.seen_at >= first + grace,
            _ => false,
        };
        is_genuine
            && self.starts_at.is_none_or(|start| now >= start)
            && now < self.expires_at
            && self.known.revoked_at.is_none()
            && !has_lapsed
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn once_begun_no_later_instant_without_a_new_fact_grants_more(
        platform in platforms(),
        more in prop::collection::vec(instants(), 24),
    ) {
        let mut has_ended = false;
        for now in platform.instants(&more) {
            let standing = platform.at(now);
            prop_assert_eq!(standing.state.grants(), platform.grants(now), "{:?} at {}", standing, now);
            if standing.state == State::NotYetValid {
                continue;
            }
            prop_assert!(!(has_ended && standing.state.grants()), "{:?} at {} grants again", standing, now);
            has_ended |= !standing.state.grants();
        }
    }

    #[test]
    fn what_is_told_grows_louder_and_never_stops_while_something_is_wrong(
        platform in platforms(),
        more in prop::collection::vec(instants(), 24),
    ) {
        for now in platform.instants(&more) {
            let standing = platform.at(now);
            let notices = Notice::of(&standing, now);
            prop_assert!(notices.len() <= 2);
            prop_assert!(notices.is_sorted_by_key(|notice| std::cmp::Reverse(notice.level())));
            prop_assert_eq!(notices.is_empty(), standing.state == State::Active, "{:?}", standing);
            prop_assert_eq!(
                standing.locks_at.is_some(),
                matches!(standing.state, State::Degraded | State::Lapsed),
                "{:?}", standing
            );
        }
    }

    #[test]
    fn a_success_gives_back_what_a_lapse_took(platform in platforms(), now in instants()) {
        let healed = Platform {
            known: PhoneHome { last_success_at: Some(now), seen_at: now, ..PhoneHome::default() },
            ..platform
        };
        let state = healed.at(now).state;
        prop_assert!(!matches!(state, State::Degraded | State::Lapsed | State::Revoked));
        prop_assert_eq!(state.grants(), healed.grants(now));
    }
}
