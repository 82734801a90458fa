//! Rows of templates in `resources/list`.

use crate::fixture::{Fixture, LEGACY, Request, ann};
use crate::notes::shown;
use diptych_spec::Principal;
use serde_json::{Value, json};

/// The URI and the name of each entry, page by page, and what the pages said of themselves.
async fn pages(fixture: &Fixture, principal: Option<&Principal>) -> Vec<Vec<(String, String)>> {
    let mut pages = Vec::new();
    let mut params = json!({});
    loop {
        let mut request = Request::modern("resources/list", params);
        request.principal = principal.cloned();
        let answer = fixture.post(&request).await;
        let page = answer.result();
        assert_eq!((&page["ttlMs"], &page["cacheScope"]), (&json!(0), &json!("private")));
        pages.push(entries(page));
        match page.get("nextCursor") {
            Some(cursor) => params = json!({"cursor": cursor}),
            None => return pages,
        }
    }
}

fn entries(page: &Value) -> Vec<(String, String)> {
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
    page["resources"].as_array().unwrap().iter().map(|entry| (text(entry, "uri"), text(entry, "name"))).collect()
}

fn owned(entries: &[(&str, &str)]) -> Vec<(String, String)> {
    entries.iter().map(|(uri, name)| ((*uri).to_owned(), (*name).to_owned())).collect()
}

const COUNT: (&str, &str) = ("notes://count", "notes.count");
const MILK: (&str, &str) = ("notes://1", "milk");
/// It has no label, so its URI is its name.
const BREAD: (&str, &str) = ("notes://2", "notes://2");
/// Of the other rows a variable is null or empty.
const ODD: (&str, &str) = ("odd://a%2Fb/7", "odd://a%2Fb/7");

#[tokio::test]
async fn rows_follow_the_fixed_resources() {
    let fixture = Fixture::serving(shown(), |_| {}).await;
    // The selector allows two rows a page; each other source begins a page.
    assert_eq!(pages(&fixture, None).await, [owned(&[COUNT, MILK, BREAD]), owned(&[ODD])]);
    let hidden = [("hidden://1", "hidden://1"), ("hidden://2", "hidden://2")];
    let all = pages(&fixture, Some(&ann(&["hidden", "notes:secret"]))).await;
    let secret = ("secret://mine", "notes.secret");
    assert_eq!(all, [owned(&[COUNT, secret, MILK, BREAD]), owned(&hidden), owned(&[ODD])]);
    // What is listed can be read.
    for (uri, _) in all.concat() {
        let read = Request::modern("resources/read", json!({"uri": uri})).by(ann(&["hidden", "notes:secret"]));
        assert_eq!(fixture.post(&read).await.result()["contents"][0]["uri"], uri);
    }
}

#[tokio::test]
async fn pages_are_those_of_the_selector_and_of_the_server() {
    let fixture = Fixture::serving(shown(), |settings| settings.page_size = 1).await;
    let expected = [owned(&[COUNT, MILK]), owned(&[BREAD]), owned(&[ODD])];
    assert_eq!(pages(&fixture, None).await, expected);
    for revision in LEGACY {
        let session = fixture.session(revision).await;
        let first = session.call("resources/list", json!({})).await;
        assert_eq!(entries(first.result()), expected[0], "{revision}");
        let cursor = &first.result()["nextCursor"];
        let second = session.call("resources/list", json!({"cursor": cursor})).await;
        assert_eq!(entries(second.result()), expected[1], "{revision}");
    }
}

#[tokio::test]
async fn a_row_has_what_its_template_has() {
    let fixture = Fixture::serving(shown(), |_| {}).await;
    let page = fixture.modern("resources/list", json!({})).await;
    assert_eq!(
        page["resources"][1],
        json!({
            "uri": "notes://1",
            "name": "milk",
            "mimeType": "application/json",
            "annotations": {"audience": ["user"], "priority": 1.0, "lastModified": "2026-01-01T00:00:00Z"},
            "icons": [{
                "src": "https://notes.example/icon.svg",
                "mimeType": "image/svg+xml",
                "sizes": ["any"],
                "theme": "dark",
            }],
            "_meta": {"com.example/label": "template"},
        })
    );
}

#[tokio::test]
async fn who_is_refused_by_the_selector_sees_no_rows() {
    let fixture = Fixture::serving(shown(), |_| {}).await;
    let banned = Principal::new("https://id.example", "banned", ["hidden"]).unwrap();
    assert_eq!(pages(&fixture, Some(&banned)).await, [owned(&[COUNT]), Vec::new(), owned(&[ODD])]);
}

#[tokio::test]
async fn a_cursor_is_one_callers_view() {
    let fixture = Fixture::serving(shown(), |settings| settings.page_size = 1).await;
    let page = fixture.modern("resources/list", json!({})).await;
    let cursor = page["nextCursor"].as_str().unwrap();
    let list = |cursor: &str| Request::modern("resources/list", json!({"cursor": cursor}));
    let more = Principal::new("https://id.example", "ann", ["hidden"]).unwrap();
    let forged = [cursor.replacen("00200000", "00200009", 1), cursor.replacen("00200000", "00000005", 1)];
    assert!(forged.iter().all(|forged| forged != cursor), "{cursor}");
    let huge = format!("fffffffe00000{}", &cursor[cursor.len() - 16..]);
    for request in [list(&forged[0]), list(&forged[1]), list("x"), list(cursor).by(more), list(&huge)] {
        assert_eq!(fixture.post(&request).await.error(), (200, -32602), "{}", request.body);
    }
    assert_eq!(fixture.post(&list(cursor)).await.status, 200);
}
