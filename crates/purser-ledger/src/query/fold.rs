//! Folds sums by quarter of an hour and keys into an answer: calendar buckets, top groups, the rest, empty buckets.
//!
//! Since 2015 every zone's offset is a whole number of quarters, so quarters fit into every calendar bucket.
//! Invariant: nothing is dropped but groups whose sums are all zero.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use purser_domain::money::Money;
use purser_domain::time::{Calendar, Timestamp, Window};
use purser_domain::usage_query::{Answer, Query, Row, Totals};

/// A quarter of an hour.
pub(crate) const QUARTER_MICROS: i64 = 900_000_000;

/// A group's values; `None` is the folded rest.
type Keys = Option<Vec<Option<String>>>;

/// Sums on their way to an answer.
pub(crate) struct Fold<'a> {
    calendar: &'a Calendar,
    query: &'a Query,
    groups: HashMap<(Option<Timestamp>, Vec<Option<String>>), Totals>,
    buckets: HashMap<i64, Timestamp>,
    newest: Option<Timestamp>,
}

impl<'a> Fold<'a> {
    /// Nothing yet.
    pub(crate) fn new(calendar: &'a Calendar, query: &'a Query) -> Self {
        Self { calendar, query, groups: HashMap::new(), buckets: HashMap::new(), newest: None }
    }

    /// Adds the sums of a group in a bucket.
    pub(crate) fn add(
        &mut self,
        bucket: Option<Timestamp>,
        keys: Vec<Option<String>>,
        totals: &Totals,
        newest: Timestamp,
    ) {
        self.newest = self.newest.max(Some(newest));
        self.groups.entry((bucket, keys)).or_default().add(totals);
    }

    /// The bucket that holds a quarter of an hour, counted from the epoch; `None` if the query has no grain.
    pub(crate) fn bucket(&mut self, quarter: i64) -> Option<Timestamp> {
        let grain = self.query.grain?;
        let start = || self.calendar.floor(Timestamp::from_micros(quarter * QUARTER_MICROS), grain);
        Some(*self.buckets.entry(quarter).or_insert_with(start))
    }

    /// The answer to the query, as of `as_of`.
    pub(crate) fn answer(mut self, as_of: Timestamp) -> Answer {
        self.groups.retain(|_, totals| *totals != Totals::default());
        let mut total = Totals::default();
        for totals in self.groups.values() {
            total.add(totals);
        }
        let kept = self.query.top.map(|top| self.largest(top));
        let mut groups: BTreeMap<(Option<Timestamp>, Keys), Totals> = BTreeMap::new();
        for ((bucket, keys), totals) in self.groups.drain() {
            let keys = match &kept {
                Some(kept) if !kept.contains(&keys) => None,
                _ => Some(keys),
            };
            groups.entry((bucket, keys)).or_default().add(&totals);
        }
        if self.query.zero_fill {
            self.fill(&mut groups);
        }
        let mut rows: Vec<Row> = groups
            .into_iter()
            .map(|((bucket, keys), totals)| Row {
                bucket,
                other: keys.is_none(),
                keys: keys.unwrap_or_default(),
                totals,
            })
            .collect();
        rows.sort_by(|a, b| {
            let (cost_a, cost_b) = (a.totals.cost, b.totals.cost);
            (a.bucket, a.other, cost_b, &a.keys).cmp(&(b.bucket, b.other, cost_a, &b.keys))
        });
        Answer { rows, total, as_of, newest: self.newest }
    }

    /// The groups with the largest cost over all buckets; among equals, the first by key.
    fn largest(&self, top: usize) -> BTreeSet<Vec<Option<String>>> {
        let mut costs: HashMap<&Vec<Option<String>>, Money> = HashMap::new();
        for ((_, keys), totals) in &self.groups {
            let cost = costs.entry(keys).or_default();
            *cost = [*cost, totals.cost].into_iter().sum();
        }
        let mut costs: Vec<_> = costs.into_iter().collect();
        costs.sort_by(|(keys_a, a), (keys_b, b)| (b, keys_a).cmp(&(a, keys_b)));
        costs.into_iter().take(top).map(|(keys, _)| keys.clone()).collect()
    }

    /// Adds the buckets that a group has nothing in.
    fn fill(&self, groups: &mut BTreeMap<(Option<Timestamp>, Keys), Totals>) {
        let Some(grain) = self.query.grain else { return };
        let first = groups.keys().find_map(|(bucket, _)| *bucket);
        let last = groups.keys().next_back().and_then(|(bucket, _)| *bucket);
        let seen = first.zip(last).and_then(|(from, last)| Window::new(from, self.calendar.next(last, grain)));
        let Some(window) = self.query.window.or(seen) else { return };
        let mut series: BTreeSet<Keys> = groups.keys().map(|(_, keys)| keys.clone()).collect();
        if series.is_empty() && self.query.by.is_empty() {
            series.insert(Some(Vec::new()));
        }
        for bucket in self.calendar.buckets(window, grain) {
            for keys in &series {
                groups.entry((Some(bucket), keys.clone())).or_default();
            }
        }
    }
}
