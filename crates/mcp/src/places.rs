//! Places for what waits for long: the streams of `subscriptions/listen`, and calls of the old eras that wait for answers. So many in
//! all, so many of one caller, and half of them for callers who are not signed in, so that nobody takes all of them.

use diptych_spec::Principal;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
pub(crate) struct Places {
    most: usize,
    /// Of one caller who is signed in.
    most_of_one: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    of_nobody: usize,
    of: HashMap<(String, String), usize>,
}

/// A place, which is free again when it is dropped.
#[derive(Debug)]
pub(crate) struct Place<'p> {
    places: &'p Places,
    owner: Option<(String, String)>,
}

impl Places {
    pub(crate) fn new(most: usize, most_of_one: usize) -> Self {
        Self { most, most_of_one, taken: Mutex::default() }
    }

    /// A place for this caller; `None` when there is none left.
    pub(crate) fn take(&self, caller: Option<&Principal>) -> Option<Place<'_>> {
        let owner = caller.map(|caller| (caller.issuer().to_owned(), caller.subject().to_owned()));
        let mut taken = self.lock();
        let own = owner.as_ref().and_then(|owner| taken.of.get(owner)).copied().unwrap_or_default();
        let is_full = match owner {
            Some(_) => own >= self.most_of_one,
            None => taken.of_nobody >= self.most.div_ceil(2),
        };
        if is_full || taken.all >= self.most {
            return None;
        }
        taken.all += 1;
        match &owner {
            Some(owner) => _ = taken.of.insert(owner.clone(), own + 1),
            None => taken.of_nobody += 1,
        }
        Some(Place { places: self, owner })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.all -= 1;
        let Some(owner) = self.owner.take() else {
            taken.of_nobody -= 1;
            return;
        };
        if let Some(own) = taken.of.get_mut(&owner) {
            *own -= 1;
            if *own == 0 {
                taken.of.remove(&owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_the_places_of_others() {
        let who = |subject| Principal::new("a", subject, [] as [&str; 0]).unwrap();
        let (ann, bob) = (who("ann"), who("bob"));
        let places = Places::new(4, 2);
        let own = [places.take(Some(&ann)), places.take(Some(&ann))];
        assert!(own.iter().all(Option::is_some) && places.take(Some(&ann)).is_none());
        let theirs = places.take(Some(&bob));
        let anybody = places.take(None);
        assert!(theirs.is_some() && anybody.is_some() && places.take(Some(&bob)).is_none(), "four in all");
        drop(own);
        assert!(places.take(Some(&ann)).is_some());
        drop((theirs, anybody));
        assert!(places.lock().of.is_empty(), "nothing is kept of who has none");
        let nobody = [places.take(None), places.take(None)];
        assert!(nobody.iter().all(Option::is_some) && places.take(None).is_none());
        assert!(places.take(Some(&ann)).is_some(), "half are for who is signed in");
        drop(nobody);
        assert!(places.take(None).is_some());
    }
}
