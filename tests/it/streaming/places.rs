//! Who has a place among the streams: all of them together, and one caller of them.

use super::{ask, begin_as, operations, set_up};
use diptych::{MCPServer, Settings};
use diptych_testkit::{RunningServer, TestDatabase};
use serde_json::json;
use std::time::Duration;

const ENDLESS: &str = "application/x-ndjson";

#[tokio::test]
async fn one_caller_leaves_places_for_others() {
    for (most, share) in [(2, 1), (5, 2)] {
        let database = TestDatabase::sqlite();
        let settings = Settings { max_streams: most, ..Settings::default() };
        let server = MCPServer::builder("lines", "1").database_url(database.url()).settings(settings);
        let running = RunningServer::start(server.on_start(set_up).mount(operations())).await;
        let socket = running.socket();
        let mut open = Vec::new();
        for user in [None, Some("ann"), Some("bob")] {
            for _ in 0..share.min(most - open.len()) {
                open.push((user, begin_as(socket, "/endless", user).await));
            }
            if open.len() == most {
                break;
            }
            let refused = ask(socket, "/endless", ENDLESS, user).await;
            assert_eq!((refused.status, &refused.json()["code"]), (429, &json!("too_many_own_streams")), "{user:?}");
            let detail = format!(
                "at most {share} lists are streamed to you at a time; read one to its end first, or read pages"
            );
            assert_eq!((&refused.json()["detail"], refused.header("retry-after")), (&json!(detail), Some("5")));
            assert_eq!(ask(socket, "/lines/exact", "*/*", user).await.status, 200, "pages are no streams");
        }
        let refused = ask(socket, "/endless", ENDLESS, Some("eve")).await;
        assert_eq!((refused.status, &refused.json()["code"]), (503, &json!("too_many_streams")));
        // Whoever lets one go has room again.
        let (user, client) = open.swap_remove(0);
        drop(client);
        let again = async { while ask(socket, "/lines/exact", "text/csv", user).await.status != 200 {} };
        tokio::time::timeout(Duration::from_secs(60), again).await.expect("the place becomes free");
    }
}
