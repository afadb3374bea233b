//! Sets of sightings that are joined step by step into calls.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::counts::Counts;
use super::{Call, Sighting, rank};

/// Sightings in sets that only ever grow. Sets are walked in the order of their sightings' ids.
pub(super) struct Groups<'s> {
    pub(super) sightings: &'s [Sighting<'s>],
    /// Places in `sightings`, ordered by source and event id.
    pub(super) order: Vec<usize>,
    parent: Vec<usize>,
    /// By set: it stands for several calls.
    aggregate: Vec<bool>,
    /// By sighting: the sets that stand for several calls directly around it.
    around: Vec<Vec<usize>>,
}

impl<'s> Groups<'s> {
    /// Every sighting by itself.
    pub(super) fn new(sightings: &'s [Sighting<'s>]) -> Self {
        let mut order: Vec<usize> = (0..sightings.len()).collect();
        order.sort_by_key(|place| sightings[*place].key());
        let (parent, aggregate) = ((0..sightings.len()).collect(), vec![false; sightings.len()]);
        Self { sightings, order, parent, aggregate, around: vec![Vec::new(); sightings.len()] }
    }

    /// The set of a sighting, named by one of its places.
    pub(super) fn root(&self, mut place: usize) -> usize {
        while self.parent[place] != place {
            place = self.parent[place];
        }
        place
    }

    /// Joins two sets.
    pub(super) fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        if one != other {
            let (first, second) =
                if self.sightings[one].key() < self.sightings[other].key() { (one, other) } else { (other, one) };
            self.parent[second] = first;
            self.aggregate[first] |= self.aggregate[second];
        }
    }

    /// Says that the set of `place` stands for several calls: those of `inside`.
    pub(super) fn set_aggregate(&mut self, place: usize, inside: &[usize]) {
        let root = self.root(place);
        self.aggregate[root] = true;
        for place in inside {
            self.around[*place].push(root);
        }
    }

    /// Whether the set of `place` stands for several calls.
    pub(super) fn is_aggregate(&self, place: usize) -> bool {
        self.aggregate[self.root(place)]
    }

    /// The places of a set, in order.
    pub(super) fn members(&self, root: usize) -> Vec<usize> {
        self.order.iter().copied().filter(|place| self.root(*place) == root).collect()
    }

    /// Every set with its places, both in order.
    pub(super) fn sets(&self) -> Vec<Vec<usize>> {
        let mut sets: Vec<Vec<usize>> = Vec::new();
        let mut place_of = vec![usize::MAX; self.sightings.len()];
        for place in &self.order {
            let root = self.root(*place);
            if place_of[root] == usize::MAX {
                place_of[root] = sets.len();
                sets.push(Vec::new());
            }
            sets[place_of[root]].push(*place);
        }
        sets
    }

    /// The best of some sightings.
    pub(super) fn best(&self, places: &[usize]) -> Option<&Sighting<'s>> {
        places.iter().map(|place| &self.sightings[*place]).max_by_key(|sighting| rank(sighting.event))
    }

    /// What the best of some sightings counted.
    pub(super) fn counts(&self, places: &[usize]) -> Option<Counts> {
        self.best(places).and_then(Sighting::counts)
    }

    /// The sets as calls, without those that stand for several.
    pub(super) fn calls(&self) -> Vec<Call> {
        let charged = self.sets().into_iter().filter(|places| !self.is_aggregate(places[0]));
        let call = |mut members: Vec<usize>| {
            let around = self.around(&members);
            members.sort_by_key(|place| Reverse(rank(self.sightings[*place].event)));
            Call { members, around }
        };
        charged.map(call).collect()
    }

    /// The sightings in sets around those of a call, the nearest first.
    fn around(&self, members: &[usize]) -> Vec<usize> {
        let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
        let mut next: Vec<usize> = members.to_vec();
        while !next.is_empty() {
            let roots: BTreeSet<usize> = next.iter().flat_map(|place| &self.around[*place]).copied().collect();
            next = roots
                .into_iter()
                .filter(|root| seen.insert(self.root(*root)))
                .flat_map(|root| self.members(self.root(root)))
                .collect();
            next.sort_by_key(|place| Reverse(rank(self.sightings[*place].event)));
            found.extend(&next);
        }
        found
    }
}
