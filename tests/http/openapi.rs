//! The document of `OpenAPI`: whole, of every route, and true of every answer.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

use axum::http::Method;
use countersign::config::Key;
use countersign_app::Role;
use serde_json::{Value, json};

use crate::answerer::{Answerer, broken, revoked};
use crate::ask::{Answer, BASES, Browser, Server, get};
use crate::document::{Document, JSON, PROBLEM};
use crate::mail_server::MailServer;
use crate::story::{ADMIN, OTHER, PASSWORD, VENDOR, body, claims, first, renewal};

const FORM: &str = "application/x-www-form-urlencoded";
const METRICS: &str = "a-token-of-monitoring";
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

impl Document {
    async fn fetch(base: &str) -> Self {
        let answer = get(base, "/api/openapi.json").await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, JSON));
        Self(answer.json())
    }
}

/// Every value of a member of that name, wherever it stands.
fn find<'a>(value: &'a Value, name: &str, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                if member == name {
                    found.push(value);
                }
                find(value, name, found);
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| find(element, name, found)),
        _ => {}
    }
}

/// The Rust sources of the endpoints.
fn sources() -> Vec<String> {
    fn read(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut found = Vec::new();
    let server = Path::new(env!("CARGO_MANIFEST_DIR"));
    read(&server.join("src/http"), &mut found);
    // The codes of the gate.
    found.push(fs::read_to_string(server.join("../license/src/gate.rs")).unwrap());
    assert!(found.len() > 30);
    found
}

/// The texts that stand right behind `opening`, up to a quotation mark.
fn behind(sources: &[String], opening: &str) -> BTreeSet<String> {
    let texts = sources.iter().flat_map(|source| source.split(opening).skip(1));
    texts.map(|text| text.split('"').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_document_is_whole() {
    for base in BASES {
        let document = Document::fetch(base).await;
        let root = &document.0;
        assert_eq!((&root["openapi"], &root["info"]["version"]), (&json!("3.1.0"), &json!("1")));
        assert_eq!(root["servers"], json!([{ "url": base }]));
        let tags: BTreeSet<_> = root["tags"].as_array().unwrap().iter().map(|tag| tag["name"].to_string()).collect();

        let (mut ids, mut used) = (BTreeSet::new(), BTreeSet::new());
        for (method, path, operation) in document.operations() {
            let name = format!("{method} {path}");
            assert!(ids.insert(operation["operationId"].as_str().expect(&name)), "{name}: the id is there twice");
            assert!(!operation["summary"].as_str().expect(&name).is_empty(), "{name}");
            let tag = operation["tags"].as_array().expect(&name);
            assert!(!tag.is_empty() && tag.iter().all(|tag| tags.contains(&tag.to_string())), "{name}");
            used.extend(tag.iter().map(ToString::to_string));
            assert!(operation["security"].is_array(), "{name}");
            for scheme in
                operation["security"].as_array().unwrap().iter().flat_map(|one| one.as_object().unwrap().keys())
            {
                assert!(root["components"]["securitySchemes"][scheme].is_object(), "{name}: {scheme}");
            }
            let parameters = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
            let parameters: Vec<_> = parameters.map(|parameter| document.resolve(parameter)).collect();
            for part in path.split('/').filter_map(|part| part.strip_prefix('{')) {
                let part = part.trim_end_matches('}');
                assert!(
                    parameters.iter().any(|one| one["name"] == part && one["in"] == "path" && one["required"] == true)
                );
            }
            assert_eq!(operation.get("requestBody").is_some(), method == Method::POST, "{name}");
            let responses = document.responses(operation);
            assert!([411, 413, 414, 500, 503].iter().all(|status| responses.contains_key(status)), "{name}");
            assert!([200, 204].iter().any(|status| responses.contains_key(status)), "{name}");
            for (status, response) in responses {
                assert!(!response["description"].as_str().expect(&name).is_empty(), "{name}: {status}");
                let content = response.get("content").and_then(Value::as_object);
                assert_eq!(content.is_none(), [204, 303].contains(&status), "{name}: {status}");
                if status >= 400 {
                    assert!(content.unwrap().contains_key(PROBLEM), "{name}: {status}");
                }
            }
        }
        assert_eq!(tags, used);

        let mut references = Vec::new();
        find(root, "$ref", &mut references);
        let mut named: BTreeSet<String> = BTreeSet::new();
        for reference in references {
            document.resolve(&json!({ "$ref": reference }));
            named.insert(reference.as_str().unwrap().to_owned());
        }
        for kind in ["schemas", "responses", "parameters", "headers"] {
            for name in root["components"][kind].as_object().unwrap().keys() {
                assert!(named.contains(&format!("#/components/{kind}/{name}")), "nothing needs {kind}/{name}");
            }
        }
    }
}

#[tokio::test]
async fn every_route_is_in_the_document_and_the_other_way_round() {
    let sources = sources();
    let all: usize = sources.iter().map(|source| source.matches(".api(").count()).sum();
    let literal: usize = sources.iter().map(|source| source.matches(".api(\"").count()).sum();
    assert_eq!(all, literal, "a path is put together where this test cannot see it");
    let mut routes: BTreeSet<String> =
        behind(&sources, ".api(\"").iter().map(|endpoint| format!("/api/{endpoint}")).collect();
    routes.extend(["/health".to_owned(), "/health/ready".to_owned(), "/metrics".to_owned()]);
    assert_eq!(Document::fetch("/").await.paths(), routes);
}

#[tokio::test]
async fn every_documented_method_is_there_and_no_other() {
    for base in BASES {
        let document = Document::fetch(base).await;
        let server = Server::with(base, &[(Key::MetricsToken, METRICS)]).await;
        let mut nobody = server.browser();
        for path in document.paths() {
            let item = &document.0["paths"][&path];
            for method in METHODS {
                let name = format!("{method} {path}");
                let asked = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
                let answer = nobody.send(asked, &path.replace("{id}", "nobody"), &[("content-type", JSON)], "{}").await;
                if item.get(method).is_some() {
                    assert!(answer.status != 405 && answer.status != 404, "{name}: {}", answer.status);
                } else {
                    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (405, PROBLEM), "{name}");
                    document
                        .validate(&json!({ "$ref": "#/components/schemas/Problem" }), &answer.json(), &name)
                        .unwrap();
                }
            }
            let head = nobody.send(Method::HEAD, &path.replace("{id}", "nobody"), &[], "").await;
            assert_eq!(head.status == 405, item.get("get").is_none(), "HEAD {path}: {}", head.status);
        }
    }
}

#[tokio::test]
async fn a_form_that_cannot_be_handled_gets_a_page_and_the_document_says_so() {
    for base in BASES {
        let (_server, admin) = Server::set_up(base).await;
        let walk = Walk::begin(base).await;
        let form = ("content-type", FORM);
        let ours = [form, ("origin", "http://localhost")];
        let is_refused = |answers: Vec<(String, u16)>, status| {
            let refused = answers.iter().filter(|(_, got)| *got == status).count();
            assert!(refused > 20, "{answers:?}");
        };
        is_refused(walk.all(&admin, &ours, &"field=value&".repeat(101)).await, 400);
        is_refused(walk.all(&admin, &[form, ("origin", "https://example.net")], "name=value").await, 403);
        let mut page = None;
        for _ in 0..11 {
            let guess = "email=admin%40example.com&password=guessed";
            let path = "/api/auth/sign-in/email";
            page = Some(walk.send(&mut admin.clone(), &Method::POST, path, &ours, guess).await);
        }
        let page = page.expect("an answer");
        assert_eq!((page.status.as_u16(), page.header("content-type")), (429, "text/html; charset=utf-8"));
    }
}

#[tokio::test]
async fn every_code_is_in_the_document_and_explained() {
    let document = Document::fetch("/").await;
    let mut enums = Vec::new();
    for (_, schema) in document.0["components"]["schemas"].as_object().unwrap() {
        if schema["properties"]["title"]["$ref"] == "#/components/schemas/Title" {
            enums.push(&schema["properties"]["code"]["enum"]);
        }
    }
    let documented: BTreeSet<&str> =
        enums.into_iter().flat_map(|codes| codes.as_array().unwrap()).map(|code| code.as_str().unwrap()).collect();

    let sources = sources();
    for code in &documented {
        assert!(sources.iter().any(|source| source.contains(&format!("\"{code}\""))), "nothing says {code}");
    }
    // The code stands behind the status.
    let made =
        sources.iter().flat_map(|source| source.split("Problem::new(").chain(source.split("Self::new(")).skip(1));
    for text in made.filter(|text| text.trim_start().split(',').next().unwrap().contains("StatusCode::")) {
        let argument = text.split(',').nth(1).unwrap().trim();
        if let Some(code) = argument.strip_prefix('"') {
            let code = code.trim_end_matches('"');
            assert!(documented.contains(code), "{code} is not in the document");
        }
    }

    // docs/http.md has a row for each, and for no other.
    let table = HTTP_MD.split("\n### Codes\n").nth(1).unwrap().split("\n#").next().unwrap();
    let explained: Vec<&str> = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let once: BTreeSet<&str> = explained.iter().copied().collect();
    assert_eq!(once.len(), explained.len(), "a code is explained twice");
    assert_eq!(once, documented);
}

const HTTP_MD: &str = include_str!("../../docs/http.md");

/// Holds every answer against the document.
struct Walk {
    document: Document,
    /// Which answers were got: operation and status.
    got: Mutex<BTreeSet<(String, u16)>>,
    /// The codes of fields.
    codes: Mutex<BTreeSet<String>>,
}

impl Walk {
    async fn begin(base: &str) -> Self {
        let document = Document::fetch(base).await;
        Self { document, got: Mutex::default(), codes: Mutex::default() }
    }

    async fn send(
        &self,
        who: &mut Browser,
        method: &Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let answer = who.send(method.clone(), path, headers, body).await;
        if let Err(wrong) = self.document.judge(method, path, &answer) {
            panic!("{method} {path} with {body:.200}: {}: {wrong}\n{:.2000}", answer.status, answer.body);
        }
        let id = self.document.operation(method, path)["operationId"].as_str().unwrap().to_owned();
        self.got.lock().unwrap().insert((id, answer.status.as_u16()));
        if answer.header("content-type") == PROBLEM {
            let errors = answer.json()["errors"].as_array().cloned().unwrap_or_default();
            let codes = errors.iter().map(|error| error["code"].as_str().unwrap().to_owned());
            self.codes.lock().unwrap().extend(codes);
            assert_eq!(answer.json()["status"], answer.status.as_u16());
        }
        answer
    }

    /// A program asks, and gets this status.
    async fn get(&self, who: &mut Browser, path: &str, status: u16) -> Answer {
        let answer = self.send(who, &Method::GET, path, &[], "").await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        answer
    }

    /// A program sends JSON, and gets this status.
    async fn post(&self, who: &mut Browser, path: &str, body: &Value, status: u16) -> Answer {
        self.post_with(who, path, &[], body, status).await
    }

    async fn post_with(
        &self,
        who: &mut Browser,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
        status: u16,
    ) -> Answer {
        let headers = [&[("content-type", JSON)], headers].concat();
        let answer = self.send(who, &Method::POST, path, &headers, &body.to_string()).await;
        assert_eq!(answer.status, status, "{path} with {body}: {}", answer.body);
        answer
    }

    /// Sends every operation the same, with an id that nobody has. Signing out comes last, so that all have the same session.
    async fn all(&self, who: &Browser, headers: &[(&str, &str)], body: &str) -> Vec<(String, u16)> {
        let mut statuses = Vec::new();
        let mut operations = self.document.operations();
        operations.sort_by_key(|(_, _, operation)| operation["operationId"] == "signOut");
        for (method, path, operation) in operations {
            let body = if method == Method::GET { "" } else { body };
            // What one does to the browser is nothing to the next.
            let answer = self.send(&mut who.clone(), &method, &path.replace("{id}", "nobody"), headers, body).await;
            statuses.push((operation["operationId"].as_str().unwrap().to_owned(), answer.status.as_u16()));
        }
        statuses
    }
}

/// Before anything is set up: everything that is refused whatever it is.
async fn refusals(walk: &Walk, base: &str) {
    let server = Server::start(base).await;
    let nobody = server.browser();
    let posts = |id: &str| {
        let operations = walk.document.operations();
        let operation = operations.iter().find(|(_, _, operation)| operation["operationId"] == id).unwrap();
        operation.0 == Method::POST
    };
    for (headers, body, wanted) in [
        (&[("content-type", JSON)][..], "{\"", 400),
        (&[("content-type", JSON)], "[]", 400),
        (&[("content-type", JSON), ("origin", "https://elsewhere.example")], "{}", 403),
        (&[("content-type", JSON), ("sec-fetch-site", "cross-site")], "{}", 403),
        (&[], "{}", 403),
        (&[("content-type", "text/plain"), ("sec-fetch-site", "same-origin")], "{}", 415),
    ] {
        for (id, status) in walk.all(&nobody, headers, body).await {
            // The export is told to the audit log, so it minds where it is asked from.
            let minds = posts(&id) || (id == "exportEvents" && headers.contains(&("sec-fetch-site", "cross-site")));
            assert_eq!(status == wanted, minds, "{id}: {status} for {headers:?}");
        }
    }
    for (headers, wanted) in [([("transfer-encoding", "chunked")], 411), ([("content-length", "262145")], 413)] {
        assert!(walk.all(&nobody, &headers, "").await.into_iter().all(|(_, status)| status == wanted));
    }
    for (method, path, _) in walk.document.operations() {
        let long = format!("{}?{}", path.replace("{id}", "nobody"), "a".repeat(8200));
        assert_eq!(walk.send(&mut nobody.clone(), &method, &long, &[], "").await.status, 414);
    }
    // Forms go back to a page, whatever is wrong.
    let form = [("content-type", FORM), ("sec-fetch-site", "same-origin")];
    for (id, status) in walk.all(&nobody, &form, "").await {
        assert_eq!(status == 303, posts(&id) && id != "getClaims", "{id}: {status}");
    }
    // Signed out is what nobody is told first, where somebody is needed.
    for (id, status) in walk.all(&nobody, &[("content-type", JSON)], "{}").await {
        let operations = walk.document.operations();
        let (_, path, operation) = operations.iter().find(|(_, _, operation)| operation["operationId"] == id).unwrap();
        let needs_session = operation["security"][0] == json!({ "session": [] }) && !path.starts_with("/api/setup/");
        assert_eq!(status == 401, needs_session || id == "signIn", "{id}: {status}");
    }
}

/// The wizard where it asks for a token.
async fn tokens(walk: &Walk, base: &str) {
    let server = Server::with(base, &[(Key::PublicUrl, "https://platform.example.com")]).await;
    let token = server.app.setup_token().await.unwrap().expect("a token");
    let mut installer = server.browser();
    let bundle = body(&first());
    for given in ["", "wrong"] {
        walk.post_with(&mut installer, "/api/setup/license", &[("x-setup-token", given)], &bundle, 403).await;
        walk.post_with(&mut installer, "/api/setup/license", &[("x-setup-token", given)], &json!({}), 403).await;
    }
    let state = walk.get(&mut installer, "/api/setup/state", 200).await.json();
    assert_eq!(state["tokenRequired"], true);
    walk.post_with(&mut installer, "/api/setup/license", &[("x-setup-token", &token)], &bundle, 200).await;
    let mut other = server.browser();
    walk.post_with(&mut other, "/api/setup/license", &[("x-setup-token", &token)], &bundle, 403).await;
    walk.post(&mut other, "/api/setup/admin", &json!({}), 403).await;
    walk.post(&mut installer, "/api/setup/admin", &json!({}), 422).await;
}

/// The metrics, where there is a token for them.
async fn metrics(walk: &Walk, base: &str) {
    let server = Server::with(base, &[(Key::MetricsToken, METRICS)]).await;
    let mut scraper = server.browser();
    walk.get(&mut scraper, "/metrics", 401).await;
    scraper.headers.push(("authorization".to_owned(), format!("Bearer {METRICS}")));
    walk.get(&mut scraper, "/metrics", 200).await;
}

/// The wizard from nothing to a platform, wrong inputs included.
async fn set_up(walk: &Walk, server: &Server) -> Browser {
    let mut admin = server.browser();
    let mut other = server.browser();
    let state = walk.get(&mut admin, "/api/setup/state", 200).await.json();
    assert_eq!((&state["next"], &state["license"]), (&json!("license"), &Value::Null));
    let account = json!({ "name": "First Admin", "email": ADMIN, "password": PASSWORD });
    walk.post(&mut admin, "/api/setup/admin", &account, 409).await;

    let expired = VENDOR.issue(&json!({ "exp": 1_600_000_000 }));
    let ahead = VENDOR.issue(&json!({ "nbf": 1_900_000_000, "exp": 2_000_000_000 }));
    let foreign = countersign_license::Bundle { public_key: OTHER.issue(&json!({})).public_key, ..first() };
    let unruly = VENDOR.issue(&json!({ "iss": "somebody", "scrydon": { "tier": 7 } }));
    let huge = VENDOR.sign(&claims().to_string().replace("256", "123456789012345678901234567890"));
    for bad in [&expired, &ahead, &foreign, &unruly, &huge] {
        walk.post(&mut admin, "/api/setup/license", &body(bad), 422).await;
    }
    let secret = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----";
    for bad in [
        json!({}),
        json!({ "jwt": first().jwt }),
        json!({ "jwt": 1 }),
        json!({ "jwt": first().jwt, "publicKey": secret }),
    ] {
        walk.post(&mut admin, "/api/setup/license", &bad, 422).await;
    }
    walk.post(&mut admin, "/api/setup/license", &body(&first()), 200).await;
    let state = walk.get(&mut admin, "/api/setup/state", 200).await.json();
    assert_eq!((&state["next"], &state["license"]["verdict"]), (&json!("admin"), &json!("valid")));

    let long = "x".repeat(2000);
    for bad in [
        json!({}),
        json!({ "name": long, "email": long, "password": long }),
        json!({ "name": "a\u{202e}b", "email": "nobody", "password": "short" }),
        json!({ "name": {}, "email": [1], "password": null }),
        json!({ "name": "Ada", "email": ADMIN, "password": "password1234" }),
        json!({ "name": "Ada Lovelace Byron", "email": ADMIN, "password": "Ada Lovelace Byron" }),
    ] {
        walk.post(&mut admin, "/api/setup/admin", &bad, 422).await;
    }
    walk.post(&mut admin, "/api/setup/admin", &account, 200).await;
    walk.post(&mut other, "/api/setup/admin", &account, 409).await;
    walk.get(&mut other, "/api/setup/state", 409).await;
    walk.post(&mut admin, "/api/setup/license", &body(&first()), 409).await;
    walk.post(&mut admin, "/api/setup/complete", &json!({}), 409).await;

    for bad in [json!({}), json!({ "name": "" }), json!({ "name": {} })] {
        walk.post(&mut admin, "/api/setup/organization", &bad, 422).await;
    }
    walk.post(&mut admin, "/api/setup/organization", &json!({ "name": "Acme Corp" }), 200).await;
    emails(walk, &mut admin, "/api/setup/email").await;
    walk.post(&mut admin, "/api/setup/email", &json!({ "provider": "later" }), 200).await;
    walk.post(&mut admin, "/api/setup/complete", &json!({}), 200).await;
    for step in ["license", "admin", "organization", "email", "email/test", "complete"] {
        walk.post(&mut admin, &format!("/api/setup/{step}"), &json!({}), 409).await;
    }
    walk.get(&mut admin, "/api/setup/state", 409).await;
    admin
}

/// What may be wrong with the settings for e-mail, and a mail server that is not there.
async fn emails(walk: &Walk, admin: &mut Browser, path: &str) {
    let test = format!("{path}/test");
    for bad in [
        json!({}),
        json!({ "provider": {} }),
        json!({ "provider": "smtp" }),
        json!({ "provider": "smtp", "host": "a b", "port": 99999, "security": "much", "username": "me", "from": "me" }),
        json!({ "provider": "smtp", "host": "mail.example.com", "password": "secret", "from": ADMIN, "fromName": "a\nb" }),
        json!({ "provider": "resend" }),
        json!({ "provider": "resend", "apiKey": "a b", "from": ADMIN }),
    ] {
        walk.post(admin, path, &bad, 422).await;
        walk.post(admin, &test, &bad, 422).await;
    }
    walk.post(admin, &test, &json!({ "provider": "later" }), 422).await;
    // Nobody listens at port 9.
    let smtp = json!({
        "provider": "smtp", "host": "127.0.0.1", "port": 9, "security": "none", "from": ADMIN, "fromName": "Acme",
    });
    let answer = walk.post(admin, &test, &smtp, 502).await;
    assert_eq!(answer.json()["code"], "mail-not-sent");
    // A person corrects what was typed: it comes back with what is wrong.
    let fields = [("provider", "smtp"), ("host", "127.0.0.1"), ("port", "9"), ("security", "none"), ("from", ADMIN)];
    let sent = admin.form(&test, &fields).await;
    let page = admin.follow(&sent).await;
    assert!(page.body.contains("127.0.0.1") && page.body.contains(ADMIN), "{}", page.body);
    walk.post(admin, path, &smtp, 200).await;
    let mail = MailServer::start();
    let there = json!({
        "provider": "smtp", "host": "127.0.0.1", "port": mail.port("plain"), "security": "none", "from": ADMIN,
    });
    walk.post(admin, &test, &there, 200).await;
    mail.taken();
}

async fn accounts(walk: &Walk, server: &Server, admin: &mut Browser) {
    let mut person = server.browser().from("192.0.2.7");
    assert_eq!(walk.get(&mut person, "/api/auth/get-session", 200).await.json(), Value::Null);
    let right = json!({ "email": ADMIN, "password": PASSWORD });
    walk.post(&mut person, "/api/auth/sign-in/email", &right, 200).await;
    assert_eq!(walk.get(&mut person, "/api/auth/get-session", 200).await.json()["user"]["email"], ADMIN);
    walk.post(&mut person, "/api/auth/sign-in/email", &json!({ "email": {}, "password": "x" }), 422).await;

    for (current, new) in [("", ""), ("wrong", PASSWORD), (PASSWORD, PASSWORD), (PASSWORD, "short")] {
        let passwords = json!({ "currentPassword": current, "newPassword": new });
        walk.post(&mut person, "/api/auth/change-password", &passwords, 422).await;
    }
    let passwords = json!({ "currentPassword": PASSWORD, "newPassword": "four green rivers at dawn" });
    walk.post(&mut person, "/api/auth/change-password", &passwords, 200).await;
    walk.get(admin, "/api/auth/sessions", 401).await;
    let passwords = json!({ "currentPassword": "four green rivers at dawn", "newPassword": PASSWORD });
    walk.post(&mut person, "/api/auth/change-password", &passwords, 200).await;
    walk.post(admin, "/api/auth/sign-in/email", &right, 200).await;

    let sessions = walk.get(admin, "/api/auth/sessions", 200).await.json()["sessions"].clone();
    let other = sessions.as_array().unwrap().iter().find(|session| session["isCurrent"] == false).unwrap();
    let revoke = format!("/api/auth/sessions/{}/revoke", other["id"].as_str().unwrap());
    walk.post(admin, &revoke, &json!({}), 200).await;
    walk.post(admin, &revoke, &json!({}), 404).await;
    walk.post(admin, "/api/auth/sessions/revoke-others", &json!({}), 200).await;

    // The guesses above count as well.
    server.wait(61);
    let mut guesser = server.browser().from("192.0.2.66");
    let wrong = json!({ "email": ADMIN, "password": "wrong" });
    for _ in 0..10 {
        walk.post(&mut guesser, "/api/auth/sign-in/email", &wrong, 401).await;
    }
    let refused = walk.post(&mut guesser, "/api/auth/sign-in/email", &wrong, 429).await;
    assert!((1..=60).contains(&refused.header("retry-after").parse::<i32>().unwrap()));
    let passwords = json!({ "currentPassword": "wrong", "newPassword": "four green rivers at dawn" });
    walk.post(admin, "/api/auth/change-password", &passwords, 429).await;
    server.wait(120);
}

async fn license_server(walk: &Walk, server: &Server, admin: &mut Browser, vendor: &Answerer) {
    let path = "/api/auth/license/check";
    let status = walk.get(admin, "/api/auth/license/status", 200).await.json();
    assert_eq!((&status["mode"], &status["phoneHome"]["nextAt"]), (&json!("online"), &Value::Null));
    walk.post(admin, path, &json!({}), 200).await;
    let refused = walk.post(admin, path, &json!({}), 429).await;
    assert_eq!(refused.header("retry-after"), "60");
    server.wait(61);
    vendor.says(broken);
    walk.post(admin, path, &json!({}), 502).await;
    let status = walk.get(admin, "/api/auth/license/status", 200).await.json();
    assert_eq!((&status["state"], &status["phoneHome"]["lastError"]), (&json!("degraded"), &json!("status-500")));
    server.wait(61);
    vendor.says(revoked);
    walk.post(admin, path, &json!({}), 200).await;
    assert_eq!(walk.get(admin, "/api/auth/license/status", 200).await.json()["state"], "revoked");
    server.sql("DELETE FROM phone_home", &[]).await;
}

async fn licenses(walk: &Walk, server: &Server, admin: &mut Browser) {
    let claims = walk.post(admin, "/api/auth/license/get-claims", &json!({}), 200).await;
    assert_eq!((&claims.json()["state"], claims.header("etag")), (&json!("active"), "\"1\""));
    walk.get(admin, "/api/auth/license/status", 200).await;
    walk.get(admin, "/api/license/authorize?feature=analytics", 204).await;
    walk.get(admin, "/api/license/authorize?feature=analytics&feature=agentic", 403).await;
    walk.get(admin, "/api/license/authorize?feature=a%0d%0ab", 422).await;
    walk.get(admin, "/api/auth/license/expiry.ics", 200).await;
    walk.post(admin, "/api/license/dismiss", &json!({ "notice": "days-30" }), 200).await;
    walk.post(admin, "/api/license/dismiss", &json!({ "notice": "expired" }), 422).await;
    walk.get(admin, "/api/analytics/usage", 200).await;
    for bad in [json!({}), json!({ "service": "a b", "cpuCores": -1, "ramGb": 1.5, "vramGb": {} })] {
        walk.post(admin, "/api/license/usage", &bad, 422).await;
    }
    for service in ["models", "reports"] {
        let uses = json!({ "service": service, "cpuCores": 40, "ramGb": 120, "vramGb": 24 });
        walk.post(admin, "/api/license/usage", &uses, 200).await;
    }
    walk.get(admin, "/api/license/usage", 200).await;
    server.services(998).await;
    let uses = json!({ "service": "one-more", "cpuCores": 1, "ramGb": 1 });
    walk.post(admin, "/api/license/usage", &uses, 409).await;
    walk.post_with(admin, "/api/license/usage", &[("authorization", "Bearer wrong")], &uses, 401).await;
    walk.post(admin, "/api/auth/license/revert", &json!({}), 428).await;
    walk.post_with(admin, "/api/auth/license/revert", &[("if-match", "\"1\"")], &json!({}), 409).await;

    let worse = OTHER
        .issue(&json!({ "exp": crate::ask::NOW + 86_400, "iat": 1_600_000_000, "scrydon": { "tier": "starter" } }));
    let expired = VENDOR.issue(&json!({ "exp": 1_600_000_000 }));
    for (bundle, applicable) in
        [(body(&renewal()), true), (body(&worse), true), (body(&first()), false), (json!({}), false)]
    {
        let seen = walk.post(admin, "/api/auth/license/preview", &bundle, 200).await;
        assert_eq!((&seen.json()["applicable"], seen.header("etag")), (&json!(applicable), "\"1\""));
    }
    let rotate = "/api/auth/license/rotate";
    walk.post(admin, rotate, &body(&renewal()), 428).await;
    walk.post(admin, rotate, &body(&expired), 422).await;
    walk.post_with(admin, rotate, &[("if-match", "\"1\"")], &body(&expired), 422).await;
    walk.post_with(admin, rotate, &[("if-match", "\"1\"")], &json!({ "acknowledge": {} }), 422).await;
    walk.post_with(admin, rotate, &[("if-match", "\"1\"")], &body(&first()), 409).await;
    walk.post_with(admin, rotate, &[("if-match", "\"0\"")], &body(&renewal()), 412).await;
    let missing = walk.post_with(admin, rotate, &[("if-match", "\"1\"")], &body(&worse), 428).await;
    assert_eq!(missing.json()["required"].as_array().unwrap().len(), 4, "{}", missing.body);
    let done = walk.post_with(admin, rotate, &[("if-match", "\"1\"")], &body(&renewal()), 200).await;
    assert_eq!(done.header("etag"), "\"2\"");
    let stale = walk.post_with(admin, rotate, &[("if-match", "\"1\"")], &body(&worse), 412).await;
    assert!(stale.json()["changed"].is_array(), "{}", stale.body);
    let mut bundle = body(&worse);
    bundle["acknowledge"] = missing.json()["required"].clone();
    walk.post_with(admin, rotate, &[("if-match", "\"2\"")], &bundle, 200).await;

    let revert = "/api/auth/license/revert";
    walk.post_with(admin, revert, &[("if-match", "\"1\"")], &json!({}), 412).await;
    walk.post_with(admin, revert, &[("if-match", "\"3\"")], &json!({}), 428).await;
    walk.post_with(admin, revert, &[("if-match", "\"3\"")], &json!({ "acknowledge": {} }), 422).await;
    let all = json!({ "acknowledge": ["key-changed", "downgrade", "expires-sooner", "older"] });
    walk.post_with(admin, revert, &[("if-match", "\"3\"")], &all, 200).await;
    let history = walk.get(admin, "/api/auth/license/history", 200).await.json();
    assert_eq!(history["history"].as_array().unwrap().len(), 3);
    walk.post(admin, "/api/auth/license/copy", &json!({}), 200).await;
    let form = [("content-type", FORM), ("sec-fetch-site", "same-origin")];
    assert_eq!(walk.send(admin, &Method::POST, "/api/auth/license/copy", &form, "").await.status, 200);

    // Expired, damaged, gone.
    server.wait(800 * 86_400);
    walk.post(admin, "/api/auth/sign-in/email", &json!({ "email": ADMIN, "password": PASSWORD }), 200).await;
    assert_eq!(walk.get(admin, "/api/auth/license/status", 200).await.json()["state"], "expired");
    walk.get(admin, "/api/analytics/usage", 403).await;
    walk.post(admin, "/api/auth/license/get-claims", &json!({}), 200).await;
    walk.post_with(admin, revert, &[("if-match", "\"4\"")], &all, 422).await;
    for (statement, state) in [
        ("UPDATE platform_config SET value = value || 'x' WHERE key = 'license_jwt'", "tampered"),
        ("DELETE FROM platform_config WHERE key IN ('license_jwt', 'license_public_key')", "unlicensed"),
    ] {
        server.sql(statement, &[]).await;
        assert_eq!(walk.get(admin, "/api/auth/license/status", 200).await.json()["state"], state);
        let claims = walk.post(admin, "/api/auth/license/get-claims", &json!({}), 200).await;
        assert_eq!(claims.json()["claims"], Value::Null);
        let longer = VENDOR.issue(&json!({ "exp": crate::ask::NOW + 1000 * 86_400 }));
        walk.post(admin, "/api/auth/license/preview", &body(&longer), 200).await;
        walk.post_with(admin, rotate, &[("if-match", "\"1\"")], &body(&longer), 412).await;
    }
    walk.post(admin, "/api/auth/license/copy", &json!({}), 404).await;
    walk.get(admin, "/api/auth/license/expiry.ics", 404).await;
}

async fn users(walk: &Walk, server: &Server, admin: &mut Browser) {
    for bad in [json!({}), json!({ "email": "nobody", "role": "king" }), json!({ "email": {}, "role": "member" })] {
        walk.post(admin, "/api/invitations", &bad, 422).await;
    }
    walk.post(admin, "/api/invitations", &json!({ "email": ADMIN, "role": "member" }), 409).await;
    let ada = json!({ "email": "ada@example.com", "role": "org-admin" });
    let invited = walk.post(admin, "/api/invitations", &ada, 200).await.json();
    let code = |invited: &Value| invited["link"].as_str().unwrap().split_once('#').unwrap().1.to_owned();
    let listed = walk.get(admin, "/api/users", 200).await.json();
    assert_eq!(listed["invitations"].as_array().unwrap().len(), 1);

    let accept = "/api/invitations/accept";
    let mut ada = server.browser();
    for bad in [json!({}), json!({ "code": code(&invited), "name": "", "password": "short" }), json!({ "code": {} })] {
        walk.post(&mut ada, accept, &bad, 422).await;
    }
    let account = json!({ "code": code(&invited), "name": "Ada", "password": "five yellow doors in rain" });
    walk.post(&mut ada, accept, &account, 200).await;
    walk.post(&mut server.browser(), accept, &account, 422).await;

    let invited =
        walk.post(admin, "/api/invitations", &json!({ "email": "b@example.com", "role": "member" }), 200).await;
    let revoke = format!("/api/invitations/{}/revoke", invited.json()["id"].as_str().unwrap());
    walk.post(admin, &revoke, &json!({}), 200).await;
    walk.post(admin, &revoke, &json!({}), 404).await;

    // A license for fewer users than there are.
    let license = "UPDATE platform_config SET value = $1 WHERE key = 'license_jwt'";
    let late = walk.post(admin, "/api/invitations", &json!({ "email": "c@example.com", "role": "member" }), 200).await;
    let small = VENDOR.issue(&json!({ "scrydon": { "features": { "maxUsers": 2 } } }));
    server.sql(license, &[&small.jwt]).await;
    let refused =
        walk.post(admin, "/api/invitations", &json!({ "email": "d@example.com", "role": "member" }), 403).await;
    assert_eq!(refused.json()["code"], "user-limit");
    let account = json!({ "code": code(&late.json()), "name": "C", "password": "five yellow doors in rain" });
    let refused = walk.post(&mut server.browser(), accept, &account, 403).await;
    assert_eq!(refused.json()["code"], "user-limit");
    server.sql(license, &["nothing genuine"]).await;
    for address in ["/api/invitations", accept] {
        let (mut who, body) = match address {
            "/api/invitations" => (admin.clone(), json!({ "email": "d@example.com", "role": "member" })),
            _ => (server.browser(), account.clone()),
        };
        assert_eq!(walk.post(&mut who, address, &body, 403).await.json()["code"], "license-tampered");
    }
    server.sql(license, &[&first().jwt]).await;

    // Invited, and then there by another way.
    let invited =
        walk.post(admin, "/api/invitations", &json!({ "email": "member@example.com", "role": "member" }), 200).await;
    let member = server.somebody(Role::Member).await;
    let account = json!({ "code": code(&invited.json()), "name": "M", "password": "five yellow doors in rain" });
    walk.post(&mut server.browser(), accept, &account, 409).await;

    // What a member may not do is refused, by the role alone.
    for (id, status) in walk.all(&member, &[("content-type", JSON)], "{}").await {
        let operations = walk.document.operations();
        let (_, _, operation) = operations.iter().find(|(_, _, operation)| operation["operationId"] == id).unwrap();
        let needs_admin = match operation["responses"].get("403") {
            None => false,
            Some(response) => {
                let kinds = ["ForbiddenToRead", "Forbidden", "InviteRefused"]
                    .map(|name| format!("#/components/responses/{name}"));
                kinds.iter().any(|kind| response["$ref"] == *kind)
            }
        };
        assert_eq!(status == 403, needs_admin, "{id}: {status}");
    }

    let listed = walk.get(admin, "/api/users", 200).await.json();
    let id = |email: &str| {
        let users = listed["users"].as_array().unwrap();
        users.iter().find(|user| user["email"] == email).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let role = |email: &str| format!("/api/users/{}/role", id(email));
    walk.post(admin, &role(ADMIN), &json!({ "role": "king" }), 422).await;
    walk.post(admin, &role(ADMIN), &json!({ "role": "member" }), 409).await;
    walk.post(&mut ada, &role(ADMIN), &json!({ "role": "member" }), 403).await;
    walk.post(admin, &role("ada@example.com"), &json!({ "role": "member" }), 200).await;
    walk.post(admin, "/api/users/nobody/role", &json!({ "role": "member" }), 404).await;
    walk.post(admin, &format!("/api/users/{}/remove", id(ADMIN)), &json!({}), 409).await;
    let remove = format!("/api/users/{}/remove", id("ada@example.com"));
    walk.post(admin, &remove, &json!({}), 200).await;
    walk.post(admin, &remove, &json!({}), 404).await;
    walk.post(admin, "/api/users/%FF%00/remove", &json!({}), 404).await;

    for bad in [json!({}), json!({ "name": "x".repeat(101) })] {
        walk.post(admin, "/api/settings/organization", &bad, 422).await;
    }
    walk.post(admin, "/api/settings/organization", &json!({ "name": "Acme Corporation" }), 200).await;
    emails(walk, admin, "/api/settings/email").await;

    let events = walk.get(admin, "/api/audit", 200).await.json();
    let last = events["events"][0]["id"].as_str().unwrap().to_owned();
    let some = walk.get(admin, &format!("/api/audit?action=user.&actor={ADMIN}&before={last}"), 200).await.json();
    assert!(some["events"].as_array().unwrap().len() >= 3, "{some}");
    let export = walk.get(admin, "/api/audit/export?action=setup", 200).await;
    let event = json!({ "$ref": "#/components/schemas/Event" });
    for line in export.body.lines() {
        walk.document.validate(&event, &serde_json::from_str(line).unwrap(), "a line").unwrap();
    }
    assert_eq!(export.body.lines().count(), 2);
}

/// Without a database nothing is said to be done.
async fn down(walk: &Walk, base: &str) {
    let (server, admin) = Server::set_up(base).await;
    for statement in ["platform_config", "users", "sessions", "invitations", "audit"]
        .map(|table| format!("ALTER TABLE {table} RENAME TO {table}_elsewhere"))
    {
        server.sql(Box::leak(statement.into_boxed_str()), &[]).await;
    }
    let form = [("content-type", FORM), ("sec-fetch-site", "same-origin")];
    for headers in [&[("content-type", JSON)][..], &form] {
        for (id, status) in walk.all(&admin, headers, if headers.len() == 1 { "{}" } else { "bundle=x" }).await {
            // Which feature, is asked before the database is.
            let minds = !["health", "metrics", "openapi", "authorize"].contains(&id.as_str());
            assert_eq!(status == 503, minds, "{id}: {status} for {headers:?}");
        }
    }
    walk.get(&mut server.browser(), "/api/license/authorize?feature=analytics", 503).await;
}

#[tokio::test]
async fn every_answer_is_as_documented_and_every_documented_answer_is_got() {
    for base in BASES {
        let walk = Walk::begin(base).await;
        refusals(&walk, base).await;
        tokens(&walk, base).await;
        let vendor = Answerer::start().await;
        let asked = [(Key::LicenseApiUrl, vendor.url()), (Key::EgressAllow, "127.0.0.1".to_owned())];
        let asked = asked.each_ref().map(|(key, value)| (*key, value.as_str()));
        let server = Server::with(base, &asked).await;
        let mut admin = set_up(&walk, &server).await;
        walk.get(&mut admin, "/health", 200).await;
        walk.get(&mut admin, "/health/ready", 200).await;
        walk.get(&mut admin, "/api/openapi.json", 200).await;
        metrics(&walk, base).await;
        accounts(&walk, &server, &mut admin).await;
        users(&walk, &server, &mut admin).await;
        license_server(&walk, &server, &mut admin, &vendor).await;
        licenses(&walk, &server, &mut admin).await;
        walk.post(&mut admin, "/api/auth/license/check", &json!({}), 409).await;
        walk.post(&mut admin, "/api/auth/sign-out", &json!({}), 200).await;

        let got = walk.got.lock().unwrap().clone();
        let broken: Vec<_> = got.iter().filter(|(_, status)| *status >= 500 && *status != 502).collect();
        assert!(broken.is_empty(), "{broken:?}");
        down(&walk, base).await;

        let got = walk.got.lock().unwrap().clone();
        let mut missing = Vec::new();
        for (_, _, operation) in walk.document.operations() {
            let id = operation["operationId"].as_str().unwrap();
            for status in walk.document.responses(operation).into_keys() {
                // Nothing here breaks (500) or takes too long.
                let is_elsewhere = status == 500 || (status == 503 && ["health", "metrics", "openapi"].contains(&id));
                if !is_elsewhere && !got.contains(&(id.to_owned(), status)) {
                    missing.push(format!("{id} {status}"));
                }
            }
        }
        assert!(missing.is_empty(), "documented and never got: {missing:?}");
        for code in walk.codes.lock().unwrap().iter() {
            assert!(HTTP_MD.contains(&format!("`{code}`")), "docs/http.md does not explain {code}");
        }
    }
}
