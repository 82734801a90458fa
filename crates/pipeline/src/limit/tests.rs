//! Limits at work: memory that is bounded whatever keys come, and several limits that are asked together.

use super::{Clock, LimitStore, Limits, LimitsBuilder, Meter, Recent, Standing, Wanted, rule::Rule};
use crate::{Caller, Operation, Operations, Surface, Via, db::Tx};
use diptych_spec::{Anyone, By, Deadline, ErrorKind, Limit, Principal, Result, ServiceSpec};
use futures_util::{FutureExt as _, future::BoxFuture};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    sync::{Arc, Mutex},
    time::Duration,
};

/// A clock that is set.
#[derive(Debug)]
struct Hands(AtomicU64);

impl Hands {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(1_700_000_000_000)))
    }

    fn advance(&self, by: Duration) {
        self.0.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

impl Clock for Hands {
    fn now(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}

fn rule(limit: Limit, keys: usize) -> Rule {
    Rule::new(limit, "l#0".to_owned(), "l".into(), keys)
}

fn take(rule: &Rule, key: u64, now: Duration) -> bool {
    let attempt = rule.attempt(&key, 1, now);
    let granted = attempt.standing().granted;
    if granted {
        attempt.keep();
    }
    granted
}

/// Ten million callers, each seen once within a minute. (Fewer where the code is not optimized.)
#[test]
fn memory_is_bounded_whatever_keys_come() {
    let callers = if cfg!(debug_assertions) { 1_000_000 } else { 10_000_000 };
    let most = 100_000;
    let rule = rule(Limit::per_minute(5), most);
    let (_, empty) = rule.size();
    assert!(empty < 128 * 1024, "what is not used takes little: {empty}");
    for caller in 0..callers {
        let now = Duration::from_secs(1_700_000_000) + Duration::from_micros(caller * 60_000_000 / callers);
        assert!(take(&rule, caller, now), "nobody is refused for what others do");
    }
    let (keys, bytes) = rule.size();
    assert!((most * 9 / 10..=most).contains(&keys), "{keys}");
    assert!(bytes <= most * 33 + 1024, "{bytes}");
}

/// Whoever used up their limit does not get it back by coming as a million others.
#[test]
fn a_flood_of_new_keys_resets_nobody() {
    for limit in [Limit::per_minute(5), Limit::per_minute(5).fixed_window(), Limit::per_minute(5).sliding_window()] {
        let rule = rule(limit, 1_000);
        let now = Duration::from_secs(1_700_000_040);
        for attacker in 0..10 {
            assert_eq!((0..9).filter(|_| take(&rule, attacker, now)).count(), 5);
        }
        for key in 1_000..200_000 {
            take(&rule, key, now);
        }
        for attacker in 0..10 {
            assert!(!take(&rule, attacker, now), "{:?}", rule.limit);
        }
        assert!(rule.size().0 <= 1_024);
    }
}

/// Keys whose limit is whole again make room first.
#[test]
fn what_is_spent_makes_room() {
    let rule = rule(Limit::per_second(1), 32);
    let then = Duration::from_secs(1_700_000_000);
    (0..32).for_each(|key| assert!(take(&rule, key, then)));
    let later = then + Duration::from_millis(900);
    assert!((0..32).all(|key| !take(&rule, key, later)), "all of them fit");
    let now = then + Duration::from_secs(2);
    (100..116).for_each(|key| assert!(take(&rule, key, now)));
    assert!((100..116).all(|key| !take(&rule, key, now)), "none of the new ones was forgotten for another");
    assert_eq!(rule.size().0, 32);
}

#[test]
fn a_meter_and_what_is_recent_go_by_the_clock() {
    let clock = Hands::new();
    let meter = Meter::new(Limit::per_minute(2).sliding_window(), "login", "too much", 100, clock.clone());
    assert!((0..5).all(|_| meter.check(&1).is_ok()), "looking counts nothing");
    assert!(meter.take(&1).is_ok() && meter.take(&1).is_ok() && meter.take(&2).is_ok());
    let refused = meter.check(&1).unwrap_err();
    assert_eq!((refused.kind(), refused.quotas().len()), (ErrorKind::RateLimited, 1));
    assert!(refused.detail().starts_with("too much: at most 2 in a minute; wait "), "{refused}");
    assert!(meter.take(&1).is_err());
    clock.advance(refused.retry_after().unwrap() + Duration::from_millis(1));
    assert!(meter.check(&1).is_ok());

    let recent = Recent::new(Duration::from_secs(10), 100, clock.clone());
    recent.remember(&"a");
    recent.remember(&"b");
    recent.forget(&"b");
    assert!(recent.knows(&"a") && !recent.knows(&"b") && !recent.knows(&"c"));
    clock.advance(Duration::from_secs(10));
    assert!(!recent.knows(&"a"));
}

async fn nothing(_: &mut Tx) -> Result<()> {
    Ok(())
}

fn operations() -> Vec<Operation> {
    let service = |name: &'static str| ServiceSpec::from_fn(name, nothing).allow(Anyone);
    let operations = Operations::new()
        .add(service("write").limit(Limit::per_minute(3)).limit(Limit::per_hour(4).by(By::Everyone)))
        .add(service("dear").cost(2))
        .add(service("free").cost(0))
        .add(service("read"));
    operations.as_slice().to_vec()
}

fn caller(subject: &str) -> Caller {
    Caller::new(Some(Principal::new("it", subject, [""; 0]).unwrap()), Via::new(Surface::InProcess))
}

fn limits(server: Vec<Limit>, clock: Arc<dyn Clock>, store: Option<Arc<dyn LimitStore>>) -> Limits {
    LimitsBuilder { server, store, clock: Some(clock) }.build(&operations(), 1_000)
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(60))
}

/// Takes until it is refused: how often it was not, and the name of the limit that refuses.
fn drained(limits: &Limits, operation: &str, caller: &Caller) -> (usize, String) {
    let operations = operations();
    let declared = operations.iter().map(Operation::declaration).find(|own| own.name() == operation).unwrap();
    for times in 0.. {
        if times > 1_000 || !limits.apply(declared, caller) {
            return (times, String::new());
        }
        if let Err(error) = limits.take(declared, caller, soon(), None).now_or_never().unwrap() {
            let refusing = error.quotas().iter().find(|quota| quota.refuses).unwrap();
            return (times, refusing.name.to_string());
        }
    }
    unreachable!()
}

#[test]
fn the_strictest_of_several_limits_wins_and_the_others_count_nothing() {
    let clock = Hands::new();
    let server = vec![Limit::per_minute(10).by(By::Operation).by(By::Principal)];
    let limits = limits(server, clock.clone(), None);
    assert_eq!(drained(&limits, "write", &caller("ann")), (3, "write".to_owned()));
    assert_eq!(drained(&limits, "write", &caller("bob")), (1, "write-2".to_owned()), "all callers have four together");
    assert_eq!(
        drained(&limits, "read", &caller("ann")),
        (10, "server".to_owned()),
        "another operation, another counter"
    );
    assert_eq!(drained(&limits, "dear", &caller("ann")), (5, "server".to_owned()), "at twice the price");
    assert_eq!(drained(&limits, "free", &caller("ann")).0, 0, "what costs nothing is not counted at all");
    // Ann's refused calls took nothing of the others: her bucket of three is full again, and three more are for everyone.
    clock.advance(Duration::from_secs(45 * 60));
    assert_eq!(drained(&limits, "write", &caller("ann")), (3, "write".to_owned()));
}

#[test]
fn a_mount_has_limits_of_its_own() {
    let limits = limits(Vec::new(), Hands::new(), None);
    let at = |mount: &super::MountLimits| Caller { mount_limits: mount.clone(), ..caller("ann") };
    let (one, other) = (
        limits.of_mount("/mcp/one", &[Limit::per_minute(2)]),
        limits.of_mount("/mcp/other", &[Limit::per_minute(2).named("agents")]),
    );
    assert_eq!(drained(&limits, "read", &at(&one)), (2, "/mcp/one".to_owned()));
    assert_eq!(drained(&limits, "write", &at(&one)), (0, "/mcp/one".to_owned()));
    assert_eq!(drained(&limits, "read", &at(&other)), (2, "agents".to_owned()));
    assert!(!limits.apply(operations()[3].declaration(), &caller("ann")), "elsewhere nothing is counted");
}

/// Threads that take from the same two limits, which have to agree to the last call.
#[test]
fn threads_never_take_more_than_there_is() {
    let server = vec![Limit::per_hour(500).by(By::Everyone), Limit::per_hour(300)];
    let limits = limits(server, Hands::new(), None);
    let operations = operations();
    let read = operations[3].declaration();
    let granted: usize = std::thread::scope(|scope| {
        let threads = (0..8).map(|thread| {
            let (limits, caller) = (&limits, caller(if thread % 2 == 0 { "ann" } else { "bob" }));
            scope.spawn(move || {
                let taken = |_: &usize| limits.take(read, &caller, soon(), None).now_or_never().unwrap().is_ok();
                (0..400).filter(taken).count()
            })
        });
        let threads: Vec<_> = threads.collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(granted, 500);
}

/// Counters that several processes share: what they are asked, and what follows from the answer.
#[derive(Default)]
struct Shared {
    asked: Mutex<Vec<String>>,
    answers: Mutex<Vec<Result<Vec<Standing>>>>,
}

impl LimitStore for Shared {
    fn take<'a>(&'a self, wanted: &'a [Wanted<'a>]) -> BoxFuture<'a, Result<Vec<Standing>>> {
        let texts = wanted.iter().map(|wanted| format!("{} x{} of {}", wanted.key, wanted.cost, wanted.limit));
        self.asked.lock().unwrap().extend(texts);
        let answer = self.answers.lock().unwrap().remove(0);
        Box::pin(async { answer })
    }
}

#[tokio::test]
async fn a_shared_store_is_asked_for_all_at_once() {
    let standing = |granted, remaining| Standing { granted, remaining, reset: Duration::from_secs(7) };
    let shared = Arc::new(Shared::default());
    *shared.answers.lock().unwrap() = vec![
        Ok(vec![standing(true, 9), standing(true, 1), standing(true, 2)]),
        Ok(vec![standing(true, 9), standing(false, 0), standing(true, 2)]),
        Ok(vec![standing(true, 9)]),
        Err(diptych_spec::Error::new(ErrorKind::Unavailable, "unavailable", "later")),
    ];
    let limits = limits(vec![Limit::per_minute(10)], Hands::new(), Some(shared.clone()));
    let operations = operations();
    let (write, ann) = (operations[0].declaration(), caller("ann"));
    let mut told = Vec::new();
    let mut take = || limits.take(write, &ann, soon(), Some(&mut told)).now_or_never().unwrap();
    assert!(take().is_ok());
    let refused = take().unwrap_err();
    assert_eq!(refused.detail(), "too many calls: at most 4 in an hour; wait 7 seconds, then try again");
    assert_eq!(
        take().unwrap_err().kind(),
        ErrorKind::Internal,
        "a store that does not answer for all lets nobody through"
    );
    assert_eq!(take().unwrap_err().kind(), ErrorKind::Unavailable);
    // What counts everyone together tells nobody what the others do.
    let names: Vec<_> = told.iter().map(|quota| (&*quota.name, quota.remaining)).collect();
    assert_eq!(names, [("write", 9), ("server", 2)]);
    let expected = [
        "operation:write#0;issuer=2:it;subject=3:ann x1 of 3 in a minute",
        "operation:write#1 x1 of 4 in an hour",
        "server:server#0;issuer=2:it;subject=3:ann x1 of 10 in a minute",
    ];
    assert_eq!(shared.asked.lock().unwrap()[..3], expected);
}

#[tokio::test]
async fn an_operation_may_have_the_name_of_a_mount_or_of_the_server() {
    let shared = Arc::new(Shared::default());
    let standing = Standing { granted: true, remaining: 1, reset: Duration::ZERO };
    shared.answers.lock().unwrap().push(Ok(vec![standing; 3]));
    let service = ServiceSpec::from_fn("server", nothing).allow(Anyone).limit(Limit::per_minute(1));
    let operations = Operations::new().add(service);
    let server = vec![Limit::per_minute(1)];
    let limits = LimitsBuilder { server, store: Some(shared.clone()), clock: None }.build(operations.as_slice(), 1_000);
    let mount_limits = limits.of_mount("server", &[Limit::per_minute(1)]);
    let caller = Caller { mount_limits, ..caller("ann") };
    limits.take(operations.as_slice()[0].declaration(), &caller, soon(), None).now_or_never().unwrap().unwrap();
    let mut asked = shared.asked.lock().unwrap().clone();
    asked.dedup();
    assert_eq!(asked.len(), 3, "{asked:?}");
}

/// Counters behind a wire that nobody answers.
struct Silent;

impl LimitStore for Silent {
    fn take<'a>(&'a self, _: &'a [Wanted<'a>]) -> BoxFuture<'a, Result<Vec<Standing>>> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test]
async fn a_shared_store_that_does_not_answer_is_waited_for_until_the_deadline() {
    let limits = limits(Vec::new(), Hands::new(), Some(Arc::new(Silent)));
    let (operations, ann) = (operations(), caller("ann"));
    let write = operations[0].declaration();
    let over = Deadline::after(Duration::ZERO);
    assert_eq!(limits.take(write, &ann, over, None).await.unwrap_err().kind(), ErrorKind::Deadline);
    ann.withdrawn.cancel();
    assert_eq!(limits.take(write, &ann, soon(), None).await.unwrap_err().kind(), ErrorKind::Cancelled);
}
