//! The audit log: filtered, page by page, and exported.

use countersign_app::Role;
use serde_json::{Value, json};

use crate::ask::{BASES, Browser, Server};
use crate::story::{ADMIN, code};

async fn events(browser: &mut Browser, query: &str) -> (Vec<Value>, bool) {
    let answer = browser.get(&format!("/api/audit{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let answer = answer.json();
    (answer["events"].as_array().expect("a list").clone(), answer["more"].as_bool().expect("a flag"))
}

async fn fill(server: &Server, count: usize) {
    let insert = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < CAST($1 AS INTEGER)) \
                  INSERT INTO audit (id, at, actor, action, detail, address) \
                  SELECT '00000000001' || substr('0000000000' || n, length('' || n) + 1), 1, 'old@example.com', 'old.thing', 'Thing ' || n || '.', '' FROM n";
    assert_eq!(server.sql(insert, &[&count.to_string()]).await, count as u64);
}

#[tokio::test]
async fn the_log_is_read_page_by_page_the_newest_first() {
    let (server, mut admin) = Server::set_up("/").await;
    fill(&server, 120).await;
    let (mut all, mut before, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let (page, more) = events(&mut admin, &format!("?before={before}")).await;
        before = page.last().expect("an event")["id"].as_str().expect("an id").to_owned();
        all.extend(page);
        pages += 1;
        if !more {
            break;
        }
        assert_eq!(all.len(), pages * 50);
    }
    assert_eq!(all.len(), server.audit().await.len());
    let ids: Vec<&str> = all.iter().map(|event| event["id"].as_str().expect("an id")).collect();
    assert!(ids.is_sorted_by(|a, b| a > b), "{ids:?}");
    assert_eq!(all[0]["action"], "setup.completed");
    assert_eq!(all.last().expect("an event")["at"], "1970-01-01T00:00:01Z");
}

#[tokio::test]
async fn the_log_is_filtered_by_what_was_done_and_by_whom() {
    let (server, mut admin) = Server::set_up("/").await;
    fill(&server, 3).await;
    let count = async |admin: &mut Browser, query: &str| events(admin, query).await.0.len();
    assert_eq!(count(&mut admin, "?action=old").await, 3);
    assert_eq!(count(&mut admin, "?action=old.thing&actor=OLD@example.com").await, 3);
    assert_eq!(count(&mut admin, "?action=setup.&actor=old@example.com").await, 0);
    assert!(count(&mut admin, &format!("?actor={ADMIN}")).await >= 3);
    for nothing in ["?action=%25", "?action=%27%20OR%201=1", "?action=old.thing.more", "?actor=old", "?before=0"] {
        assert_eq!(count(&mut admin, nothing).await, 0, "{nothing}");
    }
    let page = admin.get("/settings/audit?action=old&actor=old@example.com").await.body;
    assert!(page.contains("Thing 3.") && !page.contains("setup.completed"), "{page}");
    assert!(page.contains("/api/audit/export?action=old&amp;actor=old%40example.com"), "{page}");
}

#[tokio::test]
async fn an_export_has_every_event_on_a_line_of_its_own_and_is_written_down() {
    for base in BASES {
        let (server, mut admin) = Server::set_up(base).await;
        fill(&server, 1_200).await;
        let hostile = "A\nnew line, a \"quote\", \u{1b}[2J and \u{7}";
        server.sql("UPDATE audit SET detail = $1 WHERE detail = 'Thing 600.'", &[hostile]).await;
        let answer = admin.get("/api/audit/export").await;
        assert_eq!(answer.header("content-type"), "application/x-ndjson");
        assert_eq!(answer.header("content-disposition"), "attachment; filename=\"audit.jsonl\"");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(answer.body.ends_with('\n') && !answer.body.chars().any(|c| c.is_control() && c != '\n'));
        let lines: Vec<Value> = answer.body.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let log = server.audit().await;
        assert_eq!(lines.len(), log.len());
        for (line, (actor, action, detail)) in lines.iter().rev().zip(&log) {
            assert_eq!(
                (&line["actor"], &line["action"], &line["detail"]),
                (&json!(actor), &json!(action), &json!(detail))
            );
        }
        assert_eq!((&lines[0]["action"], &lines[0]["detail"]), (&json!("audit.exported"), &json!("All events.")));

        let some = admin.get("/api/audit/export?action=old&actor=old@example.com").await;
        assert_eq!(some.body.lines().count(), 1_200);
        let (_, _, detail) = server.audit().await.pop().expect("an event");
        assert_eq!(detail, "Events of old@example.com whose action begins with old.");
        assert_eq!(admin.get("/api/audit/export?action=nothing").await.body, "");
    }
}

#[tokio::test]
async fn the_log_is_for_administrators() {
    let (server, _) = Server::set_up("/").await;
    let mut member = server.somebody(Role::Member).await;
    let before = server.audit().await.len();
    for path in ["/api/audit", "/api/audit/export"] {
        let refused = member.get(path).await;
        assert_eq!((refused.status.as_u16(), code(&refused).as_str()), (403, "forbidden"));
        assert_eq!(server.browser().get(path).await.status, 401);
    }
    assert_eq!(server.audit().await.len(), before);
}
