//! Commits that PostgreSQL, or what stands before it, answers with an error. Some errors say that nothing was done; of others nobody
//! knows, and nobody says so.

use serde_json::{Value, json};

use crate::nginx::ask;
use crate::place::{Place, acknowledged, of, pair};
use crate::platform::{bundle, install};
use crate::stored::on;
use crate::wire::as_person;

/// Lets each commit of a change of this table come to this, until the next call.
fn comes_to(place: &Place, table: &str, what: &str) {
    on(&place.url, async |connection| {
        for sql in [
            "DROP FUNCTION IF EXISTS comes_to CASCADE".to_owned(),
            format!(
                "CREATE FUNCTION comes_to() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {what}; RETURN NULL; END $$"
            ),
            format!(
                "CREATE CONSTRAINT TRIGGER comes_to AFTER INSERT OR UPDATE OR DELETE ON {table} \
                 DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION comes_to()"
            ),
        ] {
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut *connection).await.expect("allowed");
        }
    });
}

fn error(code: &str) -> String {
    format!("RAISE EXCEPTION 'at the commit' USING ERRCODE = '{code}'")
}

fn code(answer: &str) -> String {
    let problem: Value = serde_json::from_str(answer).expect("JSON");
    problem["code"].as_str().expect("a code").to_owned()
}

#[test]
fn only_what_the_database_surely_refused_was_not_done() {
    let (place, bundles) = (Place::postgres("commits"), pair());
    let mut server = place.start();
    install(&mut server, &bundles[of(1)]);
    let head = format!("{}If-Match: \"1\"\r\n", as_person(&server.cookies()));
    let ended = "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1)";
    for (what, told) in [
        (error("53100"), "database-full"),
        (error("55P03"), "database-busy"),
        (error("57014"), "database-busy"),
        (error("25006"), "database-read-only"),
        (error("40001"), "unavailable"),
        (error("23505"), "unavailable"),
        // A pooler whose server is gone, a file that cannot be written, a crash.
        (error("08006"), "outcome-unknown"),
        (error("08P01"), "outcome-unknown"),
        (error("40003"), "outcome-unknown"),
        (error("58030"), "outcome-unknown"),
        (error("XX000"), "outcome-unknown"),
        (ended.to_owned(), "outcome-unknown"),
    ] {
        comes_to(&place, "license_history", &what);
        let body = acknowledged(&bundles[of(2)]);
        let answer = ask(server.address(), "POST", "/api/auth/license/rotate", &head, &body);
        assert_eq!((answer.status, code(&answer.body).as_str()), (503, told), "{what}: {}", answer.body);
    }
}

#[test]
fn one_statement_is_a_commit_as_well() {
    let place = Place::postgres("commits-of-one");
    let server = place.start();
    let unsure = |head: &str, body: &str| {
        let head = format!("Content-Type: application/json\r\n{head}");
        let answer = ask(server.address(), "POST", "/api/setup/license", &head, body);
        assert_eq!((answer.status, code(&answer.body).as_str()), (503, "outcome-unknown"), "{}", answer.body);
    };
    let license = bundle(&[]);
    comes_to(&place, "setup_draft", &error("08006"));
    unsure("", &license);
    // Behind a proxy a token is asked for. It may be used up now.
    let mut body: Value = serde_json::from_str(&license).expect("JSON");
    body["setupToken"] = json!(place.run(&["setup-token"]).out.trim());
    comes_to(&place, "setup_tokens", &error("08006"));
    unsure("Via: 1.1 proxy\r\n", &body.to_string());
}

#[test]
fn who_is_signed_in_is_told_so_whatever_becomes_of_the_try_that_was_noted() {
    let place = Place::postgres("commits-of-a-try");
    let mut server = place.start();
    install(&mut server, &bundle(&[]));
    comes_to(&place, "attempts", &format!("IF TG_OP = 'DELETE' THEN {}; END IF", error("08006")));
    let person = r#"{"email":"admin@example.com","password":"correct horse battery"}"#;
    let answer = ask(server.address(), "POST", "/api/auth/sign-in/email", "Content-Type: application/json\r\n", person);
    assert!(answer.status == 200 && answer.head.contains("set-cookie: "), "{}", answer.body);
}

#[test]
fn a_move_says_why_it_was_refused() {
    let (source, target) = (Place::sqlite("commits-source"), Place::postgres("commits-target"));
    let mut server = source.start();
    install(&mut server, &bundle(&[]));
    server.kill();
    assert_eq!(target.run(&["db", "check"]).code, 0);
    for (code, words) in [
        ("53100", "nothing was changed; its disk is full: make room"),
        ("08006", "it was done, or nothing was changed"),
    ] {
        comes_to(&target, "users", &error(code));
        let ran = source.run(&["db", "move", "--from", &source.url, "--to", &target.url]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.err);
        assert!(ran.err.contains(words), "{code}: {}", ran.err);
    }
}
