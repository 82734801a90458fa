//! Requests to an issuer: to addresses within reach, without redirects and proxies, with a ceiling of time and size.

use super::{outage::Outage, reach::Reach};
use oauth2::{HttpRequest, HttpResponse};
use reqwest::{Client, Request, StatusCode, header, redirect};
use std::{sync::OnceLock, time::Duration};
use url::Url;

/// More than this is no answer of an issuer.
const MOST_BYTES: usize = 256 * 1024;

pub(super) const TOO_SLOW: Outage = Outage("it does not answer in time");
pub(super) const NO_CONNECTION: Outage = Outage("no connection to an address within reach");

/// Sends the requests for one issuer.
pub(super) struct Fetcher {
    reach: Reach,
    timeout: Duration,
    client: OnceLock<Option<Client>>,
}

impl Fetcher {
    pub(super) fn new(reach: Reach, timeout: Duration) -> Self {
        Self { reach, timeout, client: OnceLock::new() }
    }

    /// Whether requests can be sent at all: TLS needs the certificates that this machine trusts.
    pub(super) fn is_ready(&self) -> bool {
        self.client().is_ok()
    }

    /// The body that a URL answers with, if it answers 200.
    ///
    /// # Errors
    /// Why it cannot be had.
    pub(super) async fn get(&self, url: &Url) -> Result<Vec<u8>, Outage> {
        let mut request = Request::new(reqwest::Method::GET, url.clone());
        request.headers_mut().insert(header::ACCEPT, header::HeaderValue::from_static("application/json"));
        let answer = self.send(request).await?;
        if answer.status() != StatusCode::OK {
            return Err(Outage("it answers with another status than 200"));
        }
        Ok(answer.into_body())
    }

    /// The answer to a request that somebody else has made.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn post(&self, request: HttpRequest) -> Result<HttpResponse, Outage> {
        let request = Request::try_from(request).map_err(|_| Outage("the request cannot be made"))?;
        self.send(request).await
    }

    async fn send(&self, request: Request) -> Result<HttpResponse, Outage> {
        // An address in the URL is looked up by nobody, so the resolver never sees it.
        if !self.reach.admits_url(request.url()) {
            return Err(Outage("a URL that it names is not https, or not of a public address"));
        }
        let mut answer = self
            .client()?
            .execute(request)
            .await
            .map_err(|error| if error.is_timeout() { TOO_SLOW } else { NO_CONNECTION })?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|_| Outage("its answer breaks off"))? {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(Outage("its answer is too large"));
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = HttpResponse::new(body);
        *response.status_mut() = answer.status();
        *response.headers_mut() = std::mem::take(answer.headers_mut());
        Ok(response)
    }

    fn client(&self) -> Result<&Client, Outage> {
        let made = self.client.get_or_init(|| {
            Client::builder()
                .no_proxy()
                .redirect(redirect::Policy::none())
                .referer(false)
                .timeout(self.timeout)
                .dns_resolver(self.reach)
                .pool_max_idle_per_host(4)
                .user_agent(concat!("diptych/", env!("CARGO_PKG_VERSION")))
                .build()
                .ok()
        });
        made.as_ref().ok_or(Outage("TLS cannot be set up"))
    }
}
