//! Whose a row is: a column of text that no two callers share.

use diptych::{Call, Error, FromCall, Principal, Result};

/// The issuer whose subjects are owners as they are; those of any other own by issuer and subject. There is none in development, where
/// everybody is taken at their word.
#[derive(Debug)]
pub(super) struct Home(pub(super) String);

/// The owner that a caller is. `ann` of one issuer is not `ann` of another.
#[derive(Debug)]
pub struct Owner(String);

impl Owner {
    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl FromCall for Owner {
    async fn from_call(call: &mut Call) -> Result<Self> {
        let who = call.principal().ok_or_else(Error::unauthenticated)?;
        let home = call.state::<Home>();
        Ok(Self(owner_of(home.as_ref().map(|home| &*home.0), who)))
    }
}

/// Issuers have no space: what is before the first one is an issuer, and an owner without one is of the home.
fn owner_of(home: Option<&str>, who: &Principal) -> String {
    match home {
        Some(home) if who.issuer() != home || who.subject().contains(' ') => {
            format!("{} {}", who.issuer(), who.subject())
        }
        _ => who.subject().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_callers_are_one_owner() {
        let of = |home, issuer, subject| {
            let who = Principal::new(issuer, subject, [""; 0]).unwrap();
            owner_of(home, &who)
        };
        let (one, other) = ("https://one.example", "https://other.example");
        assert_eq!(of(None, "development", "ann"), "ann");
        assert_eq!(of(Some(one), one, "ann"), "ann");
        assert_eq!(of(Some(one), other, "ann"), "https://other.example ann");
        assert_ne!(of(Some(one), one, "https://other.example ann"), of(Some(one), other, "ann"));
    }
}
