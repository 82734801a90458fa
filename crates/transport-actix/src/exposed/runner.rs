//! Where an exposed handler runs: on an actix system of its own, because handlers never leave their thread, and a call may
//! come from anywhere (over HTTP, over stdio, in process). The thread begins with the first call and ends with the server.

use super::{request::Parts, response};
use actix_http::Request;
use actix_service::{IntoServiceFactory as _, Service, ServiceFactory as _};
use actix_web::{
    App,
    body::BoxBody,
    dev::{AppConfig, ServiceResponse},
    rt::{self, System},
    web::ServiceConfig,
};
use diptych_spec::{Error, ErrorKind, Result};
use futures_util::FutureExt as _;
use std::{
    future::Future,
    panic::AssertUnwindSafe,
    rc::Rc,
    sync::{Arc, OnceLock},
    thread,
};
use tokio::sync::{
    mpsc::{self, error::TrySendError},
    oneshot,
};

/// Calls that wait to be begun. They do so only while the handler keeps its thread to itself; whoever made them may be gone by then.
const WAITING: usize = 1024;

type Configure = dyn Fn(&mut ServiceConfig) + Send + Sync;

/// A handler and its thread.
pub(super) struct Runner {
    configure: Arc<Configure>,
    jobs: OnceLock<mpsc::Sender<Job>>,
}

struct Job {
    parts: Parts,
    max_bytes: usize,
    answer: oneshot::Sender<Result<Vec<u8>>>,
}

impl Runner {
    pub(super) fn new(configure: impl Fn(&mut ServiceConfig) + Send + Sync + 'static) -> Self {
        Self { configure: Arc::new(configure), jobs: OnceLock::new() }
    }

    /// Calls the handler. When the future is dropped, so is what the handler does.
    pub(super) fn run(&self, parts: Parts, max_bytes: usize) -> impl Future<Output = Result<Vec<u8>>> + use<> {
        let (answer, answered) = oneshot::channel();
        let sent = self.jobs().try_send(Job { parts, max_bytes, answer });
        let sent = sent.map_err(|refused| match refused {
            TrySendError::Full(_) => {
                Error::new(ErrorKind::Unavailable, "unavailable", "too many calls wait; try again")
            }
            TrySendError::Closed(_) => gone(),
        });
        async move {
            sent?;
            answered.await.unwrap_or_else(|_| Err(gone()))
        }
    }

    fn jobs(&self) -> &mpsc::Sender<Job> {
        self.jobs.get_or_init(|| {
            let (jobs, waiting) = mpsc::channel(WAITING);
            let configure = Arc::clone(&self.configure);
            let work = move || System::new().block_on(serve(&*configure, waiting));
            if let Err(error) = thread::Builder::new().name("exposed handler".to_owned()).spawn(work) {
                tracing::error!(%error, "there is no thread for an exposed handler");
            }
            jobs
        })
    }
}

/// Starts each job as it comes; they run side by side.
async fn serve(configure: &Configure, mut jobs: mpsc::Receiver<Job>) {
    let app = App::new().configure(configure).into_factory().new_service(AppConfig::default()).await;
    let Ok(app) = app else {
        tracing::error!("an exposed handler cannot be made a service");
        return;
    };
    let app = Rc::new(app);
    while let Some(job) = jobs.recv().await {
        rt::spawn(work(Rc::clone(&app), job));
    }
}

async fn work<S>(app: Rc<S>, job: Job)
where
    S: Service<Request, Response = ServiceResponse<BoxBody>, Error = actix_web::Error>,
{
    let Job { parts, max_bytes, mut answer } = job;
    let done = AssertUnwindSafe(async {
        let response = app.call(parts.into_request()).await;
        response::answer(response.map_err(|error| Error::internal(error.to_string()))?, max_bytes).await
    });
    tokio::select! {
        biased;
        () = answer.closed() => {}
        done = done.catch_unwind() => {
            // Whoever asked may be gone by now.
            let _ = answer.send(done.unwrap_or_else(|_| Err(Error::internal("the handler panicked"))));
        }
    }
}

fn gone() -> Error {
    Error::internal("the thread of an exposed handler is gone")
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::web;
    use diptych_pipeline::ExposedCall;
    use diptych_spec::Method;
    use serde_json::Map;
    use std::sync::{Mutex, mpsc};

    #[test]
    fn what_waits_for_a_handler_that_blocks_is_bounded() {
        let (began, has_begun) = mpsc::channel();
        let gate = Arc::new(Mutex::new(()));
        let own = Arc::clone(&gate);
        let runner = Runner::new(move |config| {
            let (began, gate) = (began.clone(), Arc::clone(&own));
            let block = move || {
                began.send(()).unwrap();
                drop(gate.lock());
                std::future::ready("done")
            };
            config.route("/", web::get().to(block));
        });
        let call = || {
            let call = ExposedCall { arguments: Map::new(), principal: None, max_bytes: 100 };
            runner.run(Parts::of(None, Method::Get, call).unwrap(), 100)
        };
        let closed = gate.lock();
        let blocking = call();
        has_begun.recv().unwrap();
        let waiting: Vec<_> = (0..=WAITING).map(|_| call().now_or_never()).collect();
        drop(closed);
        let refused: Vec<_> = waiting.into_iter().flatten().map(|answer| answer.unwrap_err().kind()).collect();
        assert_eq!(refused, [ErrorKind::Unavailable]);
        drop(blocking);
    }
}
