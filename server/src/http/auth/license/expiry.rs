//! `GET {base}/api/auth/license/expiry.ics`: the end of the license as an event for calendars (RFC 5545).

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use countersign_app::Telling;
use countersign_license::{Standing, Utc, shown};

use crate::http::asker::Asker;
use crate::http::{App, Problem};
use crate::licensing;

const NO_DATE: Problem = Problem::new(StatusCode::NOT_FOUND, "no-expiry", "There is no date to put into a calendar");

/// Days before the end at which a calendar reminds.
const ALARMS: [u8; 4] = [30, 14, 7, 1];

pub(super) async fn expiry(State(app): State<Arc<App>>, asker: Asker) -> Response {
    match calendar(&app, &asker).await {
        Ok(text) => {
            let headers = [
                (CONTENT_TYPE, HeaderValue::from_static("text/calendar; charset=utf-8")),
                (CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"license-expiry.ics\"")),
            ];
            (headers, text).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

async fn calendar(app: &App, asker: &Asker) -> Result<String, Problem> {
    let viewer = asker.signed_in()?;
    let installed = licensing::installed(&app.store, &app.terms, asker.now).await?;
    let installed = installed.ok_or(NO_DATE.detail("No license is installed."))?;
    let Some(license) = &installed.inspection.license else {
        return Err(NO_DATE.detail("What is installed is not genuine, so its date means nothing."));
    };
    match installed.standing {
        Standing { state: countersign_license::State::Revoked, revoked_at, .. } => {
            let at = Utc(revoked_at.unwrap_or(asker.now));
            return Err(NO_DATE.detail(format!("The license was revoked on {at}: nothing is left that could end.")));
        }
        Standing { state: countersign_license::State::Lapsed, .. } => {
            return Err(NO_DATE.detail(
                "What the license grants is off already: the license server was out of reach for too long. When it is reached \
                 again, the date counts again.",
            ));
        }
        _ => {}
    }
    let claims = license.claims();
    let end = claims.expires_at.seconds();
    let (Some(starts), Some(stamp)) = (date_time(end), date_time(asker.now)) else {
        return Err(NO_DATE.detail("It ends after the year 9999, the last that calendars know."));
    };
    let can_act = viewer.role.is_admin();
    let telling = Telling { installed: Some(&installed), policy: &app.terms.policy, now: asker.now, can_act };
    let organization = shown(&claims.organization);
    let mut told = format!("What the license {} grants ends on {}.", shown(&claims.license_id), Utc(end));
    if can_act {
        told = format!("{told} Install a new one before. {}", telling.contact().sentence());
    }
    // The same license keeps its event, and a renewal has one of its own.
    let uid = licensing::subject(&installed.inspection);
    let mut lines = vec![
        "BEGIN:VCALENDAR".to_owned(),
        "VERSION:2.0".to_owned(),
        "PRODID:-//Countersign//License expiry//EN".to_owned(),
        "METHOD:PUBLISH".to_owned(),
        "BEGIN:VEVENT".to_owned(),
        format!("UID:license-{uid}@countersign"),
        format!("DTSTAMP:{stamp}"),
        format!("DTSTART:{starts}"),
        format!("SUMMARY:{}", escaped(&format!("License of {organization} ends"))),
        format!("DESCRIPTION:{}", escaped(&told)),
        "TRANSP:TRANSPARENT".to_owned(),
    ];
    lines.extend(app.link(&app.paths.settings_page("license")).map(|link| format!("URL:{link}")));
    for days in ALARMS {
        let span = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
        lines.extend([
            "BEGIN:VALARM".to_owned(),
            "ACTION:DISPLAY".to_owned(),
            format!("DESCRIPTION:{}", escaped(&format!("License of {organization} ends in {span}"))),
            format!("TRIGGER:-P{days}D"),
            "END:VALARM".to_owned(),
        ]);
    }
    lines.extend(["END:VEVENT".to_owned(), "END:VCALENDAR".to_owned()]);
    Ok(lines.iter().map(|line| folded(line)).collect())
}

/// An instant as `20270624T060000Z` (section 3.3.5): years have four digits.
fn date_time(seconds: i64) -> Option<String> {
    let (year, ..) = Utc(seconds).date();
    let text = Utc(seconds).rfc3339().replace(['-', ':'], "");
    (0..=9999).contains(&year).then_some(text)
}

/// A text as a value (section 3.3.11). What is no text, names have lost already.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace('\n', "\\n")
}

/// A line of at most 75 octets, and lines that go on with it (section 3.1); no character is cut.
fn folded(line: &str) -> String {
    let (mut out, mut width) = (String::with_capacity(line.len().saturating_add(8)), 0);
    for c in line.chars() {
        if width + c.len_utf8() > 75 {
            out.push_str("\r\n ");
            width = 1;
        }
        out.push(c);
        width += c.len_utf8();
    }
    out + "\r\n"
}

#[cfg(test)]
mod tests {
    use super::{date_time, escaped, folded};

    #[test]
    fn lines_are_folded_at_75_octets_and_no_character_is_cut() {
        for text in ["a".repeat(75), "a".repeat(76), "ü".repeat(300), format!("a{}", "株".repeat(200)), "😀".repeat(99)]
        {
            let lines = folded(&text);
            assert!(lines.ends_with("\r\n"));
            assert!(lines.trim_end().split("\r\n").all(|line| line.len() <= 75), "{lines}");
            assert_eq!(lines.trim_end().replace("\r\n ", ""), text);
        }
        assert_eq!(folded(&"a".repeat(75)).matches("\r\n").count(), 1);
    }

    #[test]
    fn values_end_where_they_should() {
        assert_eq!(escaped("a;b,c\\d\ne"), "a\\;b\\,c\\\\d\\ne");
    }

    #[test]
    fn instants_have_four_digits_of_year() {
        assert_eq!(date_time(1_813_812_000).as_deref(), Some("20270624T044000Z"));
        assert_eq!(date_time(253_402_300_799).as_deref(), Some("99991231T235959Z"));
        assert_eq!(date_time(253_402_300_800), None);
        assert_eq!(date_time(-62_167_219_201), None);
    }
}
