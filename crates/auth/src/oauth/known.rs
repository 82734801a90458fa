//! Tokens that were checked a moment ago.

use super::{claims::Claims, outage::Outage};
use aws_lc_rs::digest::{SHA256, digest};
use moka::{Expiry, future::Cache};
use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

/// The SHA-256 of a token, by which it is found again.
pub(super) type Hash = [u8; 32];

/// What came out for a token. Whether it is good at this moment, and for which endpoint, is asked each time.
#[derive(Clone)]
pub(super) enum Verdict {
    /// It is one of the issuer's.
    Good(Arc<Claims>),
    /// It is not good, for this reason.
    Refused(&'static str),
}

#[derive(Clone)]
struct Entry {
    verdict: Verdict,
    weight: u32,
}

/// What came out for tokens that were checked, for at most a minute and never beyond their expiry.
pub(super) struct Known {
    cache: Option<Cache<Hash, Entry>>,
}

impl Known {
    pub(super) const TIME: Duration = Duration::from_secs(60);
    pub(super) const BYTES: u64 = 16 * 1024 * 1024;

    /// Keeps each for `time`, at most a minute, and all in about as many `bytes`.
    pub(super) fn new(time: Duration, bytes: u64) -> Self {
        let time = time.min(Self::TIME);
        let cache = (!time.is_zero() && bytes > 0).then(|| {
            Cache::builder()
                .max_capacity(bytes)
                .weigher(|_, entry: &Entry| entry.weight)
                .expire_after(UntilExpiry { time })
                .build()
        });
        Self { cache }
    }

    pub(super) fn hash(token: &str) -> Hash {
        let mut hash = Hash::default();
        hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        hash
    }
}

impl Known {
    pub(super) async fn get(&self, hash: &Hash) -> Option<Verdict> {
        Some(self.cache.as_ref()?.get(hash).await?.verdict)
    }

    /// Keeps what came out for a token of this many bytes.
    pub(super) async fn keep(&self, hash: Hash, verdict: Verdict, bytes: usize) {
        if let Some(cache) = &self.cache {
            cache.insert(hash, Entry::of(verdict, bytes)).await;
        }
    }

    /// What came out for a token, or what comes out now: however many ask at the same time, one finds out.
    ///
    /// # Errors
    /// It cannot be found out. That is not kept.
    pub(super) async fn get_or(
        &self,
        hash: Hash,
        find_out: impl Future<Output = Result<(Verdict, usize), Outage>>,
    ) -> Result<Verdict, Outage> {
        let Some(cache) = &self.cache else { return Ok(find_out.await?.0) };
        let found = cache.try_get_with(hash, async {
            let (verdict, bytes) = find_out.await?;
            Ok::<_, Outage>(Entry::of(verdict, bytes))
        });
        found.await.map(|entry| entry.verdict).map_err(|outage| *outage)
    }
}

impl Entry {
    /// Claims as values take several times the bytes that they were read from.
    fn of(verdict: Verdict, bytes: usize) -> Self {
        let held = if matches!(verdict, Verdict::Good(_)) { bytes.saturating_mul(4) } else { 0 };
        Self { verdict, weight: u32::try_from(held.saturating_add(256)).unwrap_or(u32::MAX) }
    }
}

struct UntilExpiry {
    time: Duration,
}

impl Expiry<Hash, Entry> for UntilExpiry {
    fn expire_after_create(&self, _: &Hash, entry: &Entry, _: Instant) -> Option<Duration> {
        let end = match &entry.verdict {
            Verdict::Good(claims) => claims.principal.expires_at(),
            Verdict::Refused(_) => None,
        };
        let left = end.map(|end| end.duration_since(SystemTime::now()).unwrap_or_default());
        Some(left.map_or(self.time, |left| left.min(self.time)))
    }

    fn expire_after_update(&self, key: &Hash, entry: &Entry, now: Instant, _: Option<Duration>) -> Option<Duration> {
        self.expire_after_create(key, entry, now)
    }
}
