//! The one behaviour suite: the example application, called over every surface on every database. What is written here once
//! holds in process, over REST, over MCP of both eras, and over stdio.

mod access;
mod affording;
mod amending;
mod answers;
mod arguments;
mod bulk;
mod calling;
mod chaining;
mod changing;
mod including;
mod listing;
mod picking;
mod prompting;
mod reading;
mod retrying;
mod searching;
mod sending;
mod sets;
mod trying;
mod versions;
mod walking;
mod world;

pub(crate) use world::{World, application, customer, invoice, numbers};

/// Runs a behaviour on every database and surface: fifteen tests.
macro_rules! everywhere {
    ($($behaviour:ident),+ $(,)?) => {$(
        mod $behaviour {
            use crate::suite::{World, everywhere};
            everywhere!(@on $behaviour, Sqlite, sqlite_in_process, InProcess);
            everywhere!(@on $behaviour, Sqlite, sqlite_rest, Rest);
            everywhere!(@on $behaviour, Sqlite, sqlite_mcp_session, McpSession);
            everywhere!(@on $behaviour, Sqlite, sqlite_mcp_stateless, McpStateless);
            everywhere!(@on $behaviour, Sqlite, sqlite_stdio, Stdio);
            everywhere!(@on $behaviour, Postgres, postgres_in_process, InProcess);
            everywhere!(@on $behaviour, Postgres, postgres_rest, Rest);
            everywhere!(@on $behaviour, Postgres, postgres_mcp_session, McpSession);
            everywhere!(@on $behaviour, Postgres, postgres_mcp_stateless, McpStateless);
            everywhere!(@on $behaviour, Postgres, postgres_stdio, Stdio);
            everywhere!(@on $behaviour, MySql, mysql_in_process, InProcess);
            everywhere!(@on $behaviour, MySql, mysql_rest, Rest);
            everywhere!(@on $behaviour, MySql, mysql_mcp_session, McpSession);
            everywhere!(@on $behaviour, MySql, mysql_mcp_stateless, McpStateless);
            everywhere!(@on $behaviour, MySql, mysql_stdio, Stdio);
        }
    )+};
    (@on $behaviour:ident, $backend:ident, $name:ident, $surface:ident) => {
        #[tokio::test]
        async fn $name() {
            let world = World::new(diptych::Backend::$backend, diptych_testkit::Surface::$surface).await;
            super::$behaviour(&world).await;
        }
    };
}
pub(crate) use everywhere;
