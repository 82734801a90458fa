//! What each way of counting promises, tried against every call that a caller could think of.

use super::*;
use proptest::prelude::*;

const SECOND: u64 = 1_000_000_000;

/// Calls at these times, in seconds, with these costs: which are let through.
fn granted(limit: &Limit, calls: &[(f64, u32)]) -> Vec<bool> {
    run(limit, calls.iter().map(|(at, cost)| ((at * 1e9) as u64, *cost))).iter().map(|(.., granted)| *granted).collect()
}

/// The same in nanoseconds: time, cost, and whether it was let through.
fn run(limit: &Limit, calls: impl IntoIterator<Item = (u64, u32)>) -> Vec<(u64, u32, bool)> {
    let (counter, mut state) = (Counter::of(limit), State::default());
    let calls = calls.into_iter().map(|(at, cost)| {
        let trial = counter.attempt(state, cost, at);
        if trial.standing.granted {
            state = trial.state;
        }
        (at, cost, trial.standing.granted)
    });
    calls.collect()
}

#[test]
fn each_way_of_counting_keeps_its_word() {
    let bucket = Limit::per_minute(60).burst(3);
    let fixed = Limit::new(3, Duration::from_secs(10)).fixed_window();
    let sliding = Limit::new(4, Duration::from_secs(10)).sliding_window();
    for (what, limit, calls, expected) in [
        (
            "a burst, then the rate",
            &bucket,
            &[(0., 1), (0., 1), (0., 1), (0., 1), (0.99, 1), (1., 1), (1., 1)][..],
            "yyynnyn",
        ),
        ("an idle bucket is full, not more", &bucket, &[(0., 3), (100., 3), (100., 1)], "yyn"),
        ("a cost is taken whole or not at all", &bucket, &[(0., 2), (0., 2), (0., 1), (1.5, 2), (2., 2)], "ynyny"),
        ("so many in a window", &fixed, &[(1., 1), (9., 2), (9.9, 1), (10., 3), (10., 1), (25., 1)], "yynyny"),
        ("twice that around its turn", &fixed, &[(9.9, 3), (10., 3)], "yy"),
        (
            "half of the window before, in the middle",
            &sliding,
            &[(9., 4), (10., 1), (15., 2), (15., 1), (19.9, 1)],
            "ynyny",
        ),
        ("after a pause nothing is carried", &sliding, &[(9., 4), (20., 4), (40., 4)], "yyy"),
        // At 12 s a fifth of the window before has faded: 0.8 of 4, not yet one.
        ("what is refused is not counted", &sliding, &[(0., 5), (0., 4), (0., 1), (12., 1)], "nynn"),
    ] {
        let found: String = granted(limit, calls).iter().map(|granted| if *granted { 'y' } else { 'n' }).collect();
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn what_is_left_and_when_there_is_more_is_told() {
    let now = 1_000 * SECOND;
    for (limit, costs, remaining, reset) in [
        (Limit::per_minute(60).burst(3), &[0][..], 3, 0),
        (Limit::per_minute(60).burst(3), &[1], 2, 1_000),
        (Limit::per_minute(60).burst(3), &[1, 1, 1], 0, 1_000),
        (Limit::per_minute(60).burst(3), &[3, 2], 0, 2_000),
        (Limit::per_minute(60).fixed_window(), &[10], 50, 20_000),
        (Limit::per_minute(60).fixed_window(), &[60, 1], 0, 20_000),
        // In the next window 60 are carried; one fades in a second.
        (Limit::per_minute(60).sliding_window(), &[60, 1], 0, 21_000),
    ] {
        let (counter, mut state) = (Counter::of(&limit), State::default());
        let mut standing = None;
        for cost in costs {
            let trial = counter.attempt(state, *cost, now);
            state = trial.state;
            standing = Some(trial.standing);
        }
        let standing = standing.unwrap();
        assert_eq!(
            (standing.remaining, standing.reset),
            (remaining, Duration::from_millis(reset)),
            "{limit} {costs:?}"
        );
    }
}

/// A thread may have read its clock before another one that counted first.
#[test]
fn a_window_that_has_turned_does_not_turn_back() {
    for limit in [Limit::per_second(1).fixed_window(), Limit::per_second(1).sliding_window()] {
        let calls = [(5 * SECOND, 1), (5 * SECOND - 1, 1), (5 * SECOND, 1)];
        let found = run(&limit, calls);
        assert_eq!(found.iter().filter(|(.., granted)| *granted).count(), 1, "{found:?}");
    }
}

/// Limits of every kind, small, so that they are met often.
fn limits(counting: Counting) -> impl Strategy<Value = Limit> {
    (1..20u32, 1..5_000u64, 1..20u32).prop_map(move |(amount, millis, burst)| {
        let limit = Limit::new(amount, Duration::from_millis(millis));
        match counting {
            Counting::FixedWindow => limit.fixed_window(),
            Counting::SlidingWindow => limit.sliding_window(),
            _ => limit.burst(burst),
        }
    })
}

/// Calls in order of time, often in bursts.
fn calls() -> impl Strategy<Value = Vec<(u64, u32)>> {
    let step = prop_oneof![3 => Just(0), 3 => 0..SECOND / 100, 2 => 0..SECOND, 1 => 0..20 * SECOND];
    proptest::collection::vec((step, 1..4u32), 1..120).prop_map(|steps| {
        let mut now = 1_700_000_000 * SECOND;
        let next = |(step, cost)| {
            now += step;
            (now, cost)
        };
        steps.into_iter().map(next).collect()
    })
}

/// The most that is let through in any span of this length.
fn most_in(found: &[(u64, u32, bool)], span: u64) -> u64 {
    let granted = || found.iter().filter(|(.., granted)| *granted);
    let within = |start: u64| granted().filter(move |(at, ..)| (start..start + span).contains(at));
    granted().map(|(start, ..)| within(*start).map(|(_, cost, _)| u64::from(*cost)).sum()).max().unwrap_or(0)
}

proptest! {
    #[test]
    fn a_bucket_gives_what_it_holds_and_what_flows_in(limit in limits(Counting::TokenBucket), calls in calls(), span in 1..30 * SECOND) {
        let flows = span.div_ceil(nanos(limit.refill()));
        prop_assert!(most_in(&run(&limit, calls), span) <= u64::from(limit.capacity()) + flows);
    }

    #[test]
    fn a_window_gives_its_amount_and_no_more(
        limit in prop_oneof![limits(Counting::FixedWindow), limits(Counting::SlidingWindow)],
        calls in calls(),
    ) {
        let (amount, per) = (u64::from(limit.amount()), nanos(limit.per()));
        let found = run(&limit, calls);
        prop_assert!(most_in(&found, per) <= 2 * amount);
        for (start, ..) in &found {
            let window = start - start % per;
            let within = found.iter().filter(|(at, _, granted)| *granted && (window..window + per).contains(at));
            prop_assert!(within.map(|(_, cost, _)| u64::from(*cost)).sum::<u64>() <= amount);
        }
    }

    /// A full window, wherever in it the calls came, leaves the next one no more than what has passed of it.
    #[test]
    fn after_a_full_window_capacity_comes_back_evenly(amount in 1..50u32, at in 0..SECOND, then in 0..SECOND) {
        let limit = Limit::per_second(amount).sliding_window();
        let start = 1_700_000_000 * SECOND;
        let more = (0..2 * amount).map(|_| (start + SECOND + then, 1));
        let found = run(&limit, [(start + at, amount)].into_iter().chain(more));
        let granted = found[1..].iter().filter(|(.., granted)| *granted).count() as u64;
        prop_assert_eq!(granted, u64::from(amount) * then / SECOND);
    }

    /// Whoever waits as long as they are told is let through, and not before.
    #[test]
    fn the_wait_is_right(
        limit in prop_oneof![limits(Counting::TokenBucket), limits(Counting::FixedWindow), limits(Counting::SlidingWindow)],
        calls in calls(),
    ) {
        let (counter, mut state) = (Counter::of(&limit), State::default());
        for (at, cost) in calls {
            let cost = cost.min(limit.capacity());
            let trial = counter.attempt(state, cost, at);
            let reset = nanos(trial.standing.reset);
            match trial.standing.granted {
                true => state = trial.state,
                false => {
                    prop_assert!(reset > 0);
                    prop_assert!(counter.attempt(state, cost, at + reset).standing.granted, "{limit}: {state:?} {cost}");
                    prop_assert!(!counter.attempt(state, cost, at + reset - 1).standing.granted, "{limit}: {state:?} {cost}");
                }
            }
            prop_assert!(trial.standing.remaining <= limit.capacity());
        }
    }

    /// What is spent may be forgotten: the next call is treated alike.
    #[test]
    fn nothing_is_lost_with_what_is_spent(
        limit in prop_oneof![limits(Counting::TokenBucket), limits(Counting::FixedWindow), limits(Counting::SlidingWindow)],
        calls in calls(),
        later in 0..20 * SECOND,
        cost in 1..4u32,
    ) {
        let (counter, mut state) = (Counter::of(&limit), State::default());
        let mut now = 0;
        for (at, cost) in calls {
            now = at + later;
            let trial = counter.attempt(state, cost, at);
            state = if trial.standing.granted { trial.state } else { state };
        }
        if counter.is_spent(state, now) {
            let (kept, forgotten) = (counter.attempt(state, cost, now), counter.attempt(State::default(), cost, now));
            prop_assert_eq!(kept.standing, forgotten.standing);
        }
    }
}
