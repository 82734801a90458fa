//! Several authenticators, tried in order.

use crate::{ApiKeys, Authenticator, Credentials};
use diptych_pipeline::Db;
use diptych_spec::{Mistake, Principal, Result};
use futures_util::future::{BoxFuture, try_join_all};
use serde_json::Value;
use std::{fmt, net::SocketAddr, sync::Arc};

/// Several authenticators: the first that finds credentials of its kind decides, and one that refuses them ends the search.
///
/// The builder's `.auth(…)`, called several times, makes one.
#[derive(Clone)]
pub struct Chain(Vec<Arc<dyn Authenticator>>);

impl Chain {
    /// These, in this order.
    #[must_use]
    pub fn new(authenticators: Vec<Arc<dyn Authenticator>>) -> Self {
        Self(authenticators)
    }
}

impl Authenticator for Chain {
    fn authenticate<'a>(&'a self, headers: &'a Credentials<'a>) -> BoxFuture<'a, Result<Option<Principal>>> {
        Box::pin(async move {
            for authenticator in &self.0 {
                headers.forget_ambient();
                if let Some(principal) = authenticator.authenticate(headers).await? {
                    return Ok(Some(principal));
                }
            }
            Ok(None)
        })
    }

    fn local(&self, user: &str) -> Result<Option<Principal>> {
        for authenticator in &self.0 {
            if let Some(principal) = authenticator.local(user)? {
                return Ok(Some(principal));
            }
        }
        Ok(None)
    }

    /// Until one says no. Where one cannot tell and none says no, it cannot be told.
    fn is_active<'a>(&'a self, principal: &'a Principal) -> BoxFuture<'a, Result<bool>> {
        Box::pin(async move {
            let mut untold = None;
            for authenticator in &self.0 {
                match authenticator.is_active(principal).await {
                    Ok(true) => {}
                    Ok(false) => return Ok(false),
                    Err(error) => untold = Some(error),
                }
            }
            untold.map_or(Ok(true), Err)
        })
    }

    fn start<'a>(&'a self, db: &'a Db) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move { try_join_all(self.0.iter().map(|one| one.start(db))).await.map(drop) })
    }

    fn api_keys(&self) -> Option<&ApiKeys> {
        self.0.iter().find_map(|one| one.api_keys())
    }

    fn resource_metadata(&self, endpoint: &str) -> Option<String> {
        self.0.iter().find_map(|one| one.resource_metadata(endpoint))
    }

    fn metadata(&self, endpoint: &str) -> Option<Value> {
        self.0.iter().find_map(|one| one.metadata(endpoint))
    }

    fn listens_at(&self, address: SocketAddr) {
        self.0.iter().for_each(|one| one.listens_at(address));
    }

    fn mistakes(&self) -> Vec<Mistake> {
        self.0.iter().flat_map(|one| one.mistakes()).collect()
    }

    fn is_for_development(&self) -> bool {
        self.0.iter().any(|one| one.is_for_development())
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chain of {}", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use diptych_spec::Error;
    use futures_util::FutureExt as _;

    /// Knows the local user of its name, and whether callers may still act.
    struct Fixed(&'static str, fn() -> Result<bool>);

    impl Authenticator for Fixed {
        fn authenticate<'a>(&'a self, _: &'a Credentials<'a>) -> BoxFuture<'a, Result<Option<Principal>>> {
            Box::pin(std::future::ready(Ok(None)))
        }
        fn local(&self, user: &str) -> Result<Option<Principal>> {
            (user == self.0).then(|| Principal::new(self.0, user, [] as [&str; 0])).transpose()
        }
        fn is_active<'a>(&'a self, _: &'a Principal) -> BoxFuture<'a, Result<bool>> {
            Box::pin(std::future::ready((self.1)()))
        }
    }

    const YES: fn() -> Result<bool> = || Ok(true);
    const NO: fn() -> Result<bool> = || Ok(false);
    const UNTOLD: fn() -> Result<bool> = || Err(Error::internal("the directory is down"));

    fn chain(one: Fixed, other: Fixed) -> Chain {
        Chain::new(vec![Arc::new(one), Arc::new(other)])
    }

    #[test]
    fn the_first_that_knows_a_local_user_says_who_it_is() {
        let both = chain(Fixed("ann", YES), Fixed("bob", YES));
        let issuer = |user| both.local(user).unwrap().map(|who| who.issuer().to_owned());
        assert_eq!((issuer("bob"), issuer("ann"), issuer("eve")), (Some("bob".into()), Some("ann".into()), None));
    }

    #[test]
    fn one_that_says_no_is_enough_and_one_that_cannot_tell_is_not() {
        let ann = Principal::new("i", "ann", [] as [&str; 0]).unwrap();
        for (one, other, may) in [
            (YES, YES, Some(true)),
            (YES, NO, Some(false)),
            (NO, YES, Some(false)),
            (UNTOLD, NO, Some(false)),
            (UNTOLD, YES, None),
            (YES, UNTOLD, None),
        ] {
            let both = chain(Fixed("", one), Fixed("", other));
            assert_eq!(both.is_active(&ann).now_or_never().unwrap().ok(), may);
        }
    }
}
