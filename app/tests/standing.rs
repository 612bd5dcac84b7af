//! What people are told about the license in use, in every state.

#![cfg(feature = "ssr")]
#![expect(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "these are tests")]

mod fake;

use countersign_app::{Installed, Telling, Told};
use countersign_license::{Mode, Notice, PhoneHome, Policy, Standing, State};
use fake::{DAY, NOW, bundle, claims, installed, tampered};
use serde_json::json;

/// A license that ends in so many seconds, and what the license server said of it.
fn license(seconds: i64, known: PhoneHome) -> Installed {
    let mut claims = claims(0);
    claims["exp"] = json!(NOW + seconds);
    let mut installed = installed(&bundle(&claims), &Policy::default(), 1);
    installed.standing = Standing::of(Some(&installed.inspection), Mode::Online { grace: 30 * DAY }, &known, NOW);
    installed.known = known;
    installed
}

/// One license for each state.
fn every_state() -> Vec<(State, Option<Installed>)> {
    let fine = PhoneHome::default();
    let failing = |since| PhoneHome { first_failure_at: Some(since), ..fine };
    let mut later = claims(214);
    later["nbf"] = json!(NOW + 5 * DAY);
    vec![
        (State::Unlicensed, None),
        (State::NotYetValid, Some(installed(&bundle(&later), &Policy::default(), 1))),
        (State::Active, Some(license(214 * DAY, fine))),
        (State::Expiring, Some(license(12 * DAY, fine))),
        (State::Expired, Some(license(-3 * DAY, fine))),
        (State::Degraded, Some(license(214 * DAY, failing(NOW - 10 * DAY)))),
        (State::Lapsed, Some(license(214 * DAY, failing(NOW - 31 * DAY)))),
        (State::Revoked, Some(license(214 * DAY, PhoneHome { revoked_at: Some(NOW - DAY), ..fine }))),
        (State::Tampered, Some(installed(&tampered(&claims(214)), &Policy::default(), 1))),
    ]
}

fn all(installed: Option<&Installed>, can_act: bool) -> Vec<Told> {
    Telling { installed, policy: &Policy::default(), now: NOW, can_act }.all()
}

fn message(installed: Option<&Installed>, can_act: bool) -> String {
    Telling { installed, policy: &Policy::default(), now: NOW, can_act }.message()
}

#[test]
fn every_state_is_told_in_whole_sentences_with_what_follows_and_what_to_do() {
    for (state, installed) in every_state() {
        let standing = installed.as_ref().map_or(Standing::UNLICENSED, |installed| installed.standing);
        assert_eq!(standing.state, state);
        for told in all(installed.as_ref(), true) {
            assert!(!told.title.ends_with('.') && told.body().ends_with('.'), "{state:?}: {told:?}");
            assert!(!told.body().contains("  ") && !told.body().contains(".."), "{state:?}: {told:?}");
            assert_eq!(told.remedy.is_empty(), state == State::Active, "{state:?}: {told:?}");
            assert_eq!(told.notice.is_none(), state == State::Active);
        }
        let message = message(installed.as_ref(), true);
        assert!(!message.contains('\n') && message.ends_with('.'), "{message}");
    }
}

#[test]
fn whom_to_write_to_is_told_to_those_who_can_act_where_a_new_license_helps() {
    for (state, installed) in every_state() {
        let is_cured = !matches!(state, State::Active | State::Degraded);
        let to_admin = message(installed.as_ref(), true);
        assert_eq!(to_admin.contains("sales@scrydon.com"), is_cured, "{to_admin}");
        // Nobody vouches for a customer that stands in a token that is not genuine.
        let is_named = is_cured && !matches!(state, State::Unlicensed | State::Tampered);
        assert_eq!(to_admin.contains("quoting cus_Acme42"), is_named, "{to_admin}");
        let to_member = message(installed.as_ref(), false);
        assert!(!to_member.contains('@') && !to_member.contains("cus_Acme42"), "{to_member}");
        assert!(all(installed.as_ref(), false).iter().all(|told| told.remedy.is_empty()), "{state:?}");
    }
}

#[test]
fn while_the_license_server_is_out_of_reach_and_the_end_is_near_both_are_told() {
    let known = PhoneHome { first_failure_at: Some(NOW - 10 * DAY), ..PhoneHome::default() };
    let both = license(5 * DAY, known);
    let notices: Vec<_> = all(Some(&both), true).into_iter().filter_map(|told| told.notice).collect();
    assert_eq!(notices, [Notice::Days7, Notice::Degraded]);
    assert_eq!(
        message(Some(&both), true),
        "The license expires in 5 days, on 27 November 2026. Everything works until 27 November 2026, 06:00 UTC; then what it \
         grants is switched off. Nothing is deleted. Ask for a new license now, and install it when it comes. The license \
         server is out of reach. It has not answered since 12 November 2026, 06:00 UTC. Without an answer, what \
         the license grants is switched off on 12 December 2026, 06:00 UTC at the latest. Nothing is deleted. Let this server \
         reach it again, or install a new license: either ends this. For a new license, write to sales@scrydon.com, quoting \
         cus_Acme42."
    );
    // Nothing is promised until a day that the other one takes back.
    let sooner = license(25 * DAY, known);
    let to_admin = message(Some(&sooner), true);
    assert!(
        to_admin.contains("What it grants is switched off on 17 December 2026, 06:00 UTC at the latest."),
        "{to_admin}"
    );
    assert!(to_admin.contains("Everything works until 12 December 2026, 06:00 UTC, for 20 days;"), "{to_admin}");
    // The end alone concerns whoever can do nothing.
    let notices: Vec<_> = all(Some(&both), false).into_iter().filter_map(|told| told.notice).collect();
    assert_eq!(notices, [Notice::Days7]);
    // Everything works, and may do so for good.
    let alone = license(214 * DAY, known);
    assert_eq!(message(Some(&alone), false), "Licensed to Acme Corp until 24 June 2027, 06:00 UTC. 214 days are left.");
}

#[test]
fn at_the_very_moment_of_its_end_a_license_expired_just_now() {
    for (seconds, title) in [
        (1, "The license expires in 1 second, on 22 November 2026"),
        (0, "The license expired just now, on 22 November 2026"),
        (-1, "The license expired 1 second ago, on 22 November 2026"),
    ] {
        assert_eq!(all(Some(&license(seconds, PhoneHome::default())), true)[0].title, title);
    }
}

#[test]
fn one_sentence_is_enough_for_whoever_can_do_nothing_and_only_for_what_concerns_them() {
    let concerning = |state| {
        let (_, installed) = every_state().into_iter().find(|(each, _)| *each == state).expect("a state");
        let telling = Telling { installed: installed.as_ref(), policy: &Policy::default(), now: NOW, can_act: false };
        telling.notices().into_iter().filter_map(|notice| telling.brief(notice)).collect::<Vec<_>>()
    };
    for state in [State::Active, State::Expiring, State::Degraded] {
        assert_eq!(concerning(state), Vec::<String>::new(), "{state:?}");
    }
    for state in [State::Unlicensed, State::NotYetValid, State::Expired, State::Lapsed, State::Revoked, State::Tampered]
    {
        let brief = concerning(state);
        assert_eq!(brief.len(), 1, "{state:?}");
        assert!(brief[0].ends_with('.') && !brief[0].contains(". ") && !brief[0].contains('@'), "{}", brief[0]);
    }
    let tomorrow = license(DAY - 60, PhoneHome::default());
    let telling = Telling { installed: Some(&tomorrow), policy: &Policy::default(), now: NOW, can_act: false };
    assert_eq!(
        telling.brief(Notice::Day1).expect("it concerns everybody"),
        "What this platform is licensed for ends on 23 November 2026, 05:59 UTC, in 23 hours, unless an administrator renews \
         the license."
    );
}
