//! `.main()`: the whole program around a server, run as its arguments say.

use super::MCPServerBuilder;
use crate::{
    StartError,
    command::{Command, Output},
    configuration, cost, logging, panics, scopes,
};
use diptych_spec::Result;
use diptych_transport_actix::ListenError;
use std::{fmt, process::ExitCode};

impl MCPServerBuilder {
    /// The whole program. Run without arguments or as `app serve` it reads `DIPTYCH_BIND` and `DATABASE_URL`, builds,
    /// prints where it listens, and serves until Ctrl-C or SIGTERM. Run as `app stdio` it is an MCP server on standard
    /// input and output, for the user that `DIPTYCH_USER` names, until the input ends. Run as `app tools` it prints what each
    /// tool costs a conversation, and writes nothing to the database; as `app scopes` whose rows each operation works on. Run as `app keys` it creates, lists and revokes the keys of
    /// [`crate::ApiKeys`]. Run as `app outbox` it lists the messages of [`crate::Outbox`] that were given up, and lets them be tried
    /// again. With a local issuer (feature `oauth`), `app token` prints a
    /// token of it, and `DIPTYCH_SIGN_IN_AS` names whom it signs in without asking. Mistakes are printed to standard
    /// error.
    #[must_use]
    pub fn main(self) -> ExitCode {
        let command = match Command::read(std::env::args_os()) {
            Ok(command) => command,
            Err(told) => {
                // The help goes to standard output, what is wrong to standard error.
                let _ = told.print();
                return u8::try_from(told.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from);
            }
        };
        #[cfg(feature = "otel")]
        let _sends_what_is_left_when_dropped = match self.start_telemetry() {
            Ok(exporter) => exporter,
            Err(error) => {
                complain(&format_args!("error: {error}"));
                return ExitCode::FAILURE;
            }
        };
        #[cfg(not(feature = "otel"))]
        logging::start(None);
        if !self.keeps_panic_hook {
            panics::keep_messages_out_of_the_log();
        }
        match actix_web::rt::System::new().block_on(self.run(command)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                complain(&format_args!("error: {error}"));
                ExitCode::FAILURE
            }
        }
    }

    /// Starts logging, and traces where they are wanted.
    #[cfg(feature = "otel")]
    fn start_telemetry(&self) -> Result<Option<crate::TraceExporter>, StartError> {
        let Some(telemetry) = &self.telemetry else {
            logging::start(None);
            return Ok(None);
        };
        let exporter = telemetry.exporter(&self.mcp.name, &self.mcp.version)?;
        let traces = exporter.as_ref().map(|exporter| Box::new(exporter.layer()) as logging::Traces);
        if !logging::start(traces) && exporter.is_some() {
            tracing::warn!(
                "traces are not exported: the program has a subscriber of its own, which has to export them"
            );
        }
        Ok(exporter)
    }

    async fn run(self, command: Command) -> Result<(), StartError> {
        match command {
            Command::Serve => self.serve().await,
            Command::Stdio => self.stdio().await,
            Command::Tools(output) => self.tools(output).await,
            Command::Scopes(output) => self.scopes(output).await,
            Command::Keys(wanted) => self.keys(wanted).await,
            Command::Outbox(wanted) => self.dead_mail(wanted).await,
            #[cfg(feature = "oauth")]
            Command::Token(wanted) => self.token(&wanted),
        }
    }

    #[cfg_attr(not(feature = "oauth"), expect(unused_mut, reason = "only the issuer is changed"))]
    async fn serve(mut self) -> Result<(), StartError> {
        let bind = configuration::bind()?;
        // Before anything is migrated or filled.
        let for_development =
            self.authenticator.as_ref().is_none_or(|authenticator| authenticator.is_for_development());
        #[cfg(feature = "oauth")]
        let for_development = for_development || self.local_issuer.is_some();
        if for_development && !bind.ip().is_loopback() {
            return Err(StartError::Listen(ListenError::Development(bind).to_string()));
        }
        #[cfg(feature = "oauth")]
        if let Some(user) = configuration::sign_in_as() {
            self.local_issuer = self.local_issuer.map(|issuer| issuer.approve(user));
        }
        let server = self.build().await?;
        server.listen(bind)?.announce().run().await
    }

    /// Nobody but the program that started this one can reach it, so any authenticator will do.
    async fn stdio(self) -> Result<(), StartError> {
        let server = self.build().await?;
        let principal = configuration::user(server.http().authenticator())?;
        server.stdio(principal).await
    }

    /// Nothing is connected to: the key is in a file, and where the server is, the configuration says.
    #[cfg(feature = "oauth")]
    #[expect(clippy::print_stdout, reason = "the program is asked to print this")]
    fn token(self, wanted: &crate::command::WantedToken) -> Result<(), StartError> {
        println!("{}", self.issued(wanted)?.expose());
        Ok(())
    }

    #[expect(clippy::print_stdout, reason = "the program is asked to print this")]
    async fn scopes(self, output: Output) -> Result<(), StartError> {
        let scopes = self.checked().await?.server.row_scopes();
        match output {
            Output::Table => println!("{}", scopes::table(&scopes)),
            Output::Json => println!("{:#}", scopes::json(&scopes)),
        }
        Ok(())
    }

    #[expect(clippy::print_stdout, reason = "the program is asked to print this")]
    async fn tools(self, output: Output) -> Result<(), StartError> {
        let costs = self.checked().await?.server.tool_costs();
        match output {
            Output::Table => println!("{}", cost::table(&costs)),
            Output::Json => println!("{:#}", cost::json(&costs)),
        }
        Ok(())
    }
}

#[expect(clippy::print_stderr, reason = "the program ends with this")]
fn complain(why: &dyn fmt::Display) {
    eprintln!("{why}");
}
