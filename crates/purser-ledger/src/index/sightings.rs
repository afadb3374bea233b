//! Which events saw a call: sightings join it, and leave it when their event is withdrawn.
//!
//! A call that one event saw is kept as such; the sightings of a call that several saw are kept beside it, each under
//! the call's and the event's key.
//! Invariant: calls are made of the sightings of events that count or may count, in whatever order rows are noted.

use std::collections::BTreeMap;

use purser_domain::tenant::TenantId;

use super::{Changes, Index, Key};
use crate::codec::Hasher;
use crate::error::Error;
use crate::observation::{self, Call, Sighting};

/// The key of a call, then that of an event.
pub(crate) type SightingKey = [u8; 32];

fn sighting_key(hasher: &mut Hasher, tenant: &TenantId, call: Key, (source, event_id): (&str, &str)) -> SightingKey {
    let mut key = [0; 32];
    key[..16].copy_from_slice(&call);
    key[16..].copy_from_slice(&hasher.texts([tenant.as_str(), source, event_id]));
    key
}

impl Index {
    /// Adds a sighting to the calls with `key`; returns the winners of the calls it joined, and the winner now.
    pub(crate) fn join(
        &self,
        changes: &mut Changes,
        hasher: &mut Hasher,
        tenant: &TenantId,
        key: Key,
        seen: Call,
    ) -> Result<(Vec<Sighting>, Sighting), Error> {
        let mut calls = self.calls(changes, &key)?;
        if !calls.is_empty() && self.leave(changes, hasher, tenant, key, (seen.winner.id(), i64::MAX))? {
            calls = self.calls(changes, &key)?;
        }
        let own = seen.clone();
        let (joined, winner) = observation::merge(&mut calls, seen);
        if !joined.is_empty() {
            for call in joined.iter().filter(|call| call.alone).chain([&own]) {
                let key = sighting_key(hasher, tenant, key, call.winner.id());
                changes.sightings.insert(key, Some(call.clone()));
            }
        }
        changes.calls.insert(key, calls);
        Ok((joined.into_iter().map(|call| call.winner).collect(), winner))
    }

    /// Takes an event's sighting out of the calls with `key`, if it was noted before `before`, microseconds: what is
    /// left is cut into calls anew. Returns whether it was there.
    pub(crate) fn leave(
        &self,
        changes: &mut Changes,
        hasher: &mut Hasher,
        tenant: &TenantId,
        key: Key,
        (id, before): ((&str, &str), i64),
    ) -> Result<bool, Error> {
        let is_gone = |call: &Call| call.winner.id() == id && call.since < before;
        let own_key = sighting_key(hasher, tenant, key, id);
        let calls = self.calls(changes, &key)?;
        let is_member = calls.iter().any(|call| call.alone && is_gone(call))
            || self.sighting(changes, &own_key)?.is_some_and(|call| is_gone(&call));
        if !is_member {
            return Ok(false);
        }
        changes.sightings.insert(own_key, None);
        let mut left = self.sightings(changes, &key)?;
        for call in calls.into_iter().filter(|call| call.alone && !is_gone(call)) {
            // A call that lost its other sightings may still be noted as one of several.
            if !left.iter().any(|known| known.winner.id() == call.winner.id()) {
                left.push(call);
            }
        }
        let mut rebuilt = Vec::new();
        for call in left {
            observation::merge(&mut rebuilt, call);
        }
        changes.calls.insert(key, rebuilt);
        Ok(true)
    }

    /// One sighting of a call that several events saw, `changes` first.
    fn sighting(&self, changes: &Changes, key: &SightingKey) -> Result<Option<Call>, Error> {
        if let Some(known) = changes.sightings.get(key) {
            return Ok(known.clone());
        }
        self.sightings.get(key)?.map(|bytes| read(&bytes)).transpose()
    }

    /// Every sighting of the calls with `key` that several events saw, `changes` first.
    fn sightings(&self, changes: &Changes, key: &Key) -> Result<Vec<Call>, Error> {
        let mut found = BTreeMap::new();
        for guard in self.sightings.prefix(key) {
            let (key, value) = guard.into_inner()?;
            found.insert(key.to_vec(), read(&value)?);
        }
        let (mut first, mut last) = ([0; 32], [0xff; 32]);
        first[..16].copy_from_slice(key);
        last[..16].copy_from_slice(key);
        for (key, call) in changes.sightings.range(first..=last) {
            match call {
                Some(call) => drop(found.insert(key.to_vec(), call.clone())),
                None => drop(found.remove(key.as_slice())),
            }
        }
        Ok(found.into_values().collect())
    }
}

fn read(bytes: &[u8]) -> Result<Call, Error> {
    let calls = observation::from_bytes(bytes).unwrap_or_default();
    calls.into_iter().next().ok_or_else(|| Error::Corrupt("a sighting in the index".to_owned()))
}
