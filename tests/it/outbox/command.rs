//! `app outbox`: dead letters from the command line.

use super::{Gate, Process, Seen, handlers, within_reason};
use crate::counter::EVERY;
use serde_json::{Value, json};
use std::process::{Command, Output};

#[tokio::test]
async fn the_command_line_lists_shows_retries_and_discards() {
    for backend in EVERY {
        let seen = Seen::on(backend).await;
        let run = |arguments: &[&str], without: bool| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_keyed"));
            command.arg("outbox").args(arguments).env("DATABASE_URL", seen.database.url());
            if without {
                command.env("KEYED_WITHOUT", "1");
            }
            let Output { status, stdout, stderr } = command.output().unwrap();
            (status.success(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
        };
        // The table is made by it.
        let (ok, table, _) = run(&["list"], false);
        assert!(ok && table.lines().count() == 1, "{table}");
        let works = Process::start(&seen.database, handlers().attempts(1), Gate::failing(3)).await;
        for n in 1..=3 {
            works.send("noted", n).await;
        }
        within_reason(seen.until("dead", 3)).await;
        works.stop().await;

        let (_, table, _) = run(&["list"], false);
        let (ok, json, _) = run(&["list", "--format", "json"], false);
        let listed: Value = serde_json::from_str(&json).unwrap();
        let listed = listed["dead_letters"].as_array().unwrap();
        assert!(ok && table.lines().count() == 4 && table.contains("not_now") && listed.len() == 3, "{table}");
        assert!(!table.contains("{\"n\""), "not what they say: {table}");
        let ids: Vec<_> = listed.iter().map(|letter| letter["id"].as_str().unwrap()).collect();

        let (ok, shown, _) = run(&["show", ids[0]], false);
        assert!(ok && serde_json::from_str::<Value>(&shown).unwrap()["n"].is_i64(), "{shown}");
        let (ok, out, told) = run(&["discard", ids[0]], false);
        assert!(ok && out.is_empty() && told.contains("gone for good"), "{told}");
        assert!(run(&["retry", ids[1]], false).0 && seen.are("pending").await == 1);
        let (ok, _, told) = run(&["retry", "--all"], false);
        assert!(ok && told.starts_with("1 are tried again"), "{told}");
        assert_eq!((seen.are("pending").await, seen.are("dead").await), (2, 0), "{backend}");

        for (arguments, says) in [
            (&["retry", ids[0]] as &[&str], "no dead letter with the id"),
            (&["discard", "x"], "no dead letter with the id x"),
            (&["show", "x"], "`outbox list` prints them"),
            (&["retry"], "ID"),
        ] {
            let (ok, out, told) = run(arguments, false);
            assert!(!ok && out.is_empty() && told.contains(says), "{arguments:?}: {told}");
        }
        let (ok, _, told) = run(&["list"], true);
        assert!(!ok && told.contains(".outbox(Outbox::new())"), "{told}");
        assert_eq!(json!(listed[0]["attempts"]), 1);
    }
}
