//! Asking an issuer about a token (RFC 7662).

use super::{fetch::Fetcher, issuer::Introspection, outage::Outage, strict};
use futures_util::future::BoxFuture;
use oauth2::{
    AccessToken, AsyncHttpClient, AuthType, ClientId, ClientSecret, HttpRequest, HttpResponse, IntrospectionUrl,
    RequestTokenError, TokenIntrospectionResponse, basic::BasicClient,
};
use serde_json::{Map, Value};
use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{sync::Semaphore, time::timeout};
use url::Url;

/// How many requests may be under way: strangers can send as many different tokens as they like.
const MOST_REQUESTS: usize = 32;

const LOGGED_EVERY: Duration = Duration::from_secs(10);

const MALFORMED: Outage = Outage("its introspection response is malformed");

/// Asks one issuer, as one client.
pub(super) struct Introspector {
    client: BasicClient,
    requests: Semaphore,
    patience: Duration,
    /// When the log was last told of an outage. Strangers decide how many there are.
    logged: Mutex<Option<Instant>>,
}

/// What an issuer says of a token, and in how many bytes.
pub(super) type Answer = (Map<String, Value>, usize);

impl Introspector {
    pub(super) fn new(who: &Introspection, patience: Duration) -> Self {
        let client = BasicClient::new(ClientId::new(who.client_id.clone()))
            .set_client_secret(ClientSecret::new(who.secret.expose().to_owned()));
        Self { client, requests: Semaphore::new(MOST_REQUESTS), patience, logged: Mutex::default() }
    }

    /// Tells the log why the issuer cannot be asked, once in a while.
    pub(super) fn log(&self, issuer: &str, outage: Outage) {
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.is_none_or(|at| at.elapsed() > LOGGED_EVERY) {
            *logged = Some(Instant::now());
            tracing::warn!(issuer, reason = %outage, "an issuer cannot be asked about tokens");
        }
    }

    /// What the issuer says of a token; `None` when it is not a good one.
    ///
    /// # Errors
    /// It cannot be asked, or does not answer as it should.
    pub(super) async fn ask(
        &self,
        fetcher: &Fetcher,
        endpoint: Url,
        secret_in_body: bool,
        token: &str,
    ) -> Result<Option<Answer>, Outage> {
        let permit = timeout(self.patience, self.requests.acquire()).await;
        let _permit = permit.ok().and_then(Result::ok).ok_or(Outage("too many requests to it are under way"))?;
        let way = if secret_in_body { AuthType::RequestBody } else { AuthType::BasicAuth };
        let client = self.client.clone().set_auth_type(way).set_introspection_url(IntrospectionUrl::from_url(endpoint));
        let token = AccessToken::new(token.to_owned());
        let sender = Sender { fetcher, read: Mutex::default() };
        let answer = client.introspect(&token).set_token_type_hint("access_token").request_async(&sender).await;
        match answer {
            Ok(answer) if answer.active() => {
                sender.read.into_inner().unwrap_or_else(PoisonError::into_inner).map(Some).ok_or(MALFORMED)
            }
            Ok(_) => Ok(None),
            Err(RequestTokenError::Request(outage)) => Err(outage),
            Err(RequestTokenError::Parse(..)) => Err(MALFORMED),
            Err(_) => Err(Outage("it refuses introspection; are client id and secret right?")),
        }
    }
}

/// Sends what the library asks, and reads the answer itself: the library's own type leaves out what it does not know, and does not
/// mind what is said twice.
struct Sender<'f> {
    fetcher: &'f Fetcher,
    read: Mutex<Option<Answer>>,
}

impl<'c> AsyncHttpClient<'c> for Sender<'_> {
    type Error = Outage;
    type Future = BoxFuture<'c, Result<HttpResponse, Outage>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move {
            let answer = self.fetcher.post(request).await?;
            let members = strict::object(answer.body()).map(|members| (members, answer.body().len()));
            *self.read.lock().unwrap_or_else(PoisonError::into_inner) = members;
            Ok(answer)
        })
    }
}
