//! What is limited before there is an operation: requests of an address, and its failed logins. In the memory of this process: they
//! protect it, and are asked before anything else is.
//!
//! How often operations may be called, the pipeline counts.

use crate::settings::HttpSettings;
use actix_web::http::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName};
use diptych_pipeline::{Clock, Meter, Network, Recent};
use diptych_spec::{ErrorKind, Limit, Mistake, Principal, Result};
use std::{
    hash::{Hash, Hasher},
    net::IpAddr,
    sync::Arc,
    time::Duration,
};

/// How long credentials that were good are known as such.
const GOOD_FOR: Duration = Duration::from_secs(60 * 60);

/// Where credentials are.
static FIELDS: [HeaderName; 3] = [AUTHORIZATION, COOKIE, HeaderName::from_static("x-api-key")];

/// The limits of addresses.
#[derive(Debug)]
pub(crate) struct Gate {
    requests: Option<Meter>,
    logins: Option<Logins>,
}

#[derive(Debug)]
struct Logins {
    failed: Meter,
    good: Recent,
}

/// A login that is looked at.
#[derive(Debug)]
pub(crate) struct Login<'g> {
    logins: &'g Logins,
    network: Option<Network>,
    sent: Sent<'g>,
    /// Whether it counts as failed when it is dropped now.
    failed: bool,
}

impl Gate {
    pub(crate) fn of(settings: &HttpSettings, clock: &Arc<dyn Clock>) -> Self {
        let keys = settings.limit_keys;
        let meter = |limit: &Limit, name, what| Meter::new(limit.clone(), name, what, keys, Arc::clone(clock));
        let requests = settings.address_limit.as_ref();
        let logins = settings.login_limit.as_ref().map(|limit| Logins {
            failed: meter(limit, "logins", "too many failed logins from this address"),
            good: Recent::new(GOOD_FOR, keys, Arc::clone(clock)),
        });
        let requests = requests.map(|limit| meter(limit, "address", "too many requests from this address"));
        Self { requests, logins }
    }

    /// What is wrong with the limits of the settings.
    pub(crate) fn mistakes(settings: &HttpSettings) -> Vec<Mistake> {
        let limits = [("`address_limit`", &settings.address_limit), ("`login_limit`", &settings.login_limit)];
        let wrong = limits.into_iter().filter_map(|(place, limit)| Some((place, limit.as_ref()?.mistake()?)));
        wrong.map(|(place, why)| Mistake::new(place, why)).collect()
    }

    /// Counts a request of this address.
    ///
    /// # Errors
    /// Rate limited.
    pub(crate) fn request(&self, address: Option<IpAddr>) -> Result<()> {
        match &self.requests {
            Some(meter) => meter.take(&address.map(Network::of)),
            None => Ok(()),
        }
    }

    /// Lets credentials be looked at, unless too many from this address were not good; `None` when nobody counts.
    ///
    /// # Errors
    /// Rate limited.
    pub(crate) fn login<'g>(&'g self, address: Option<IpAddr>, headers: &'g HeaderMap) -> Result<Option<Login<'g>>> {
        let Some(logins) = &self.logins else { return Ok(None) };
        let (network, sent) = (address.map(Network::of), Sent(headers));
        if let Err(refused) = logins.failed.check(&network)
            && !(sent.is_there() && logins.good.knows(&sent))
        {
            return Err(refused);
        }
        let failed = sent.is_there();
        Ok(Some(Login { logins, network, sent, failed }))
    }
}

impl Login<'_> {
    /// Notes whether the credentials were good.
    pub(crate) fn ended(mut self, principal: &Result<Option<Principal>>) {
        self.failed = false;
        match principal {
            Ok(Some(_)) if self.sent.is_there() => self.logins.good.remember(&self.sent),
            Err(error) if error.kind() == ErrorKind::Unauthenticated => {
                // Good once does not mean good for ever.
                self.logins.good.forget(&self.sent);
                self.failed = true;
            }
            _ => {}
        }
    }
}

/// Who goes away before the answer has cost as much as who waits for it.
impl Drop for Login<'_> {
    fn drop(&mut self) {
        if self.failed {
            // When others have failed meanwhile there is nothing left to count.
            let _ = self.logins.failed.take(&self.network);
        }
    }
}

/// The credentials of a request, of which nothing but a hash is kept.
#[derive(Debug)]
struct Sent<'r>(&'r HeaderMap);

impl Sent<'_> {
    fn is_there(&self) -> bool {
        FIELDS.iter().any(|name| self.0.contains_key(name))
    }
}

impl Hash for Sent<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for name in &FIELDS {
            self.0.get_all(name).for_each(|value| value.as_bytes().hash(state));
            state.write_u8(0);
        }
    }
}
