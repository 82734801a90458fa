//! A panic becomes an answer. actix would close the connection without one.

use crate::{refusal::Refusal, report, shared::Shared};
use actix_web::{
    HttpRequest, HttpResponse, Route,
    web::{self, Payload},
};
use diptych_spec::Error;
use futures_util::FutureExt as _;
use std::{future::Future, panic::AssertUnwindSafe, sync::Arc};

/// The answer of `work`; a problem when it refuses, and when it panics.
pub(crate) async fn answered(work: impl Future<Output = Result<HttpResponse, Refusal>>) -> HttpResponse {
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(Ok(response)) => response,
        Ok(Err(refusal)) => refusal.response(),
        Err(_) => Refusal::from(report::error(Error::internal("the handler panicked"))).response(),
    }
}

/// A route that needs neither a body nor a caller.
pub(crate) fn route<F>(shared: &Arc<Shared>, answer: F) -> Route
where
    F: Fn(&Shared, &HttpRequest) -> Result<HttpResponse, Refusal> + Clone + 'static,
{
    let shared = Arc::clone(shared);
    web::to(move |request: HttpRequest, payload: Payload| {
        let (shared, answer) = (Arc::clone(&shared), answer.clone());
        async move {
            let answer = async {
                shared.arrived(&request)?;
                answer(&shared, &request)
            };
            let response = answered(answer).await;
            shared.sent(response, "", &request, payload)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_is_a_500_problem() {
        let response = answered(async { panic!("at the worst moment") }).await;
        assert_eq!(response.status(), 500);
        assert_eq!(response.headers().get("content-type").unwrap(), "application/problem+json");
    }
}
