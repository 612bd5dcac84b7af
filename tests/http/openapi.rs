//! The document of `OpenAPI`: whole, of every route.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use axum::http::Method;
use countersign::config::Key;
use serde_json::{Value, json};

use crate::answerer::{Answerer, Platform, broken};
use crate::ask::{BASES, Server, get};
use crate::document::{Document, JSON, PROBLEM};
use crate::walk::Walk;

const FORM: &str = "application/x-www-form-urlencoded";
const METRICS: &str = "a-token-of-monitoring";
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

impl Document {
    pub async fn fetch(base: &str) -> Self {
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
async fn a_form_that_asks_the_license_server_too_often_gets_a_page_and_the_document_says_so() {
    let answerer = Answerer::start().await;
    answerer.says(broken);
    let mut platform = Platform::asking(&answerer.url(), &[]).await;
    let walk = Walk::begin("/").await;
    let form = [("content-type", FORM), ("origin", "http://localhost")];
    for status in [303, 429] {
        let path = "/api/auth/license/check";
        let page = walk.send(&mut platform.admin, &Method::POST, path, &form, "").await;
        assert_eq!(page.status, status);
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

pub const HTTP_MD: &str = include_str!("../../docs/http.md");
