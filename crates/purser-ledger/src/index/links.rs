//! Which events may be sightings of one call: by the response they name, by their place in a trace, by what they
//! counted and when. Candidates only; the rules that decide are pure and read the stored rows.
//!
//! The first few members of a link stand in one value; a link with more keeps the rest under keys of their own, so that
//! adding one costs the same however many there are.
//! Invariant: members are only ever added; one that does not belong any more does no harm.

use std::collections::BTreeMap;

use purser_domain::sighting::{ENDS_APART_MICROS, SLACK_MICROS, Sighting};
use purser_domain::tenant::TenantId;

use super::{Changes, Index, Key};
use crate::codec::Hasher;
use crate::error::Error;

/// How many members stand in a link's own value.
const INLINE: usize = 8;
/// The most members that are looked at: more are no sightings of one call.
const MEMBERS_MAX: usize = 1_000;
/// How long the ends of sightings are kept under one key, microseconds.
const SLOT_MICROS: i64 = 8 * ENDS_APART_MICROS;

/// The key of a link, then that of an event.
pub(crate) type MemberKey = [u8; 32];

/// An event that a link names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) event: Key,
    emitter: u64,
    start: i64,
    end: i64,
}

/// The value of a link.
#[derive(Debug, Clone, Default)]
pub(crate) struct Link {
    members: Vec<Member>,
    /// Several emitters are among its members, those under keys of their own included.
    mixed: bool,
}

/// The keys of a sighting's links.
pub(crate) struct Keys {
    member: Member,
    response: Option<Key>,
    /// The spans around it.
    around: Vec<Key>,
    /// The events that the spans around it would be.
    outer: Vec<Key>,
    /// Its own span.
    span: Option<Key>,
    counts: Option<Key>,
    /// Where sightings stand that ended just before or after the slot.
    near: Option<Key>,
}

impl Keys {
    /// The links of an event with `key`; `None` if it can have none.
    pub(crate) fn of(hasher: &mut Hasher, tenant: &TenantId, key: Key, seen: &Sighting<'_>) -> Option<Self> {
        let is_named = seen.response_id().is_some() || seen.event.trace_id.is_some();
        if seen.event.is_aggregate() || !(is_named || seen.is_of_instrumentation()) {
            return None;
        }
        let tenant = tenant.as_str();
        let (start, end) = seen.interval();
        let member = Member { event: key, emitter: hasher.number(seen.emitter()), start, end };
        let (mut around, mut outer) = (Vec::new(), Vec::new());
        for (trace, span) in seen.spans_around() {
            let link = hasher.texts([tenant, "span", trace, span]);
            if !around.contains(&link) {
                around.push(link);
                // The id that every call's span has as an event.
                outer.push(hasher.texts([tenant, "otlp", &format!("{trace}:{span}")]));
            }
        }
        let (mut counts, mut near) = (None, None);
        if let Some((input, output)) = seen.totals() {
            let slot = end.div_euclid(SLOT_MICROS);
            let mut of = |slot: i64| hasher.numbers([tenant, "counts"], [input.into(), output.into(), slot.into()]);
            counts = Some(of(slot));
            let within = end.rem_euclid(SLOT_MICROS);
            if within < ENDS_APART_MICROS {
                near = Some(of(slot - 1));
            } else if within >= SLOT_MICROS - ENDS_APART_MICROS {
                near = Some(of(slot + 1));
            }
        }
        Some(Self {
            member,
            response: seen.response_id().map(|id| hasher.texts([tenant, "response", id, ""])),
            around,
            outer,
            span: seen.span().map(|(trace, span)| hasher.texts([tenant, "span", trace, span])),
            counts,
            near,
        })
    }

    /// The links that name it.
    fn own(&self) -> impl Iterator<Item = Key> + '_ {
        self.response.into_iter().chain(self.around.iter().copied()).chain(self.counts)
    }
}

impl Index {
    /// Adds a sighting to its links.
    pub(crate) fn link(&self, changes: &mut Changes, keys: &Keys) -> Result<(), Error> {
        for key in keys.own() {
            let mut link = self.read_link(changes, &key)?;
            if link.members.contains(&keys.member) {
                continue;
            }
            let mixed = link.mixed || link.members.first().is_some_and(|first| first.emitter != keys.member.emitter);
            let inline = link.members.len() < INLINE;
            if inline {
                link.members.push(keys.member);
            } else {
                let mut member_key = [0; 32];
                member_key[..16].copy_from_slice(&key);
                member_key[16..].copy_from_slice(&keys.member.event);
                changes.members.insert(member_key, keys.member);
            }
            if inline || mixed != link.mixed {
                link.mixed = mixed;
                changes.links.insert(key, link);
            }
        }
        Ok(())
    }

    /// The events that may be sightings of the call that `keys` are of, its own among them or not.
    pub(crate) fn related(&self, changes: &Changes, keys: &Keys) -> Result<Vec<Key>, Error> {
        let own = keys.member;
        let mut found = Vec::new();
        for key in keys.response.iter().chain(&keys.span) {
            found.extend(self.members(changes, key)?.into_iter().map(|member| member.event));
        }
        for outer in &keys.outer {
            if self.event(changes, outer)?.is_some() {
                found.push(*outer);
            }
        }
        for key in keys.counts.iter().chain(&keys.near) {
            let link = self.read_link(changes, key)?;
            let alone = !link.mixed && link.members.first().is_none_or(|first| first.emitter == own.emitter);
            if !alone {
                let members = self.members(changes, key)?.into_iter();
                found.extend(members.filter(|member| member.may_pair(&own)).map(|member| member.event));
            }
        }
        found.retain(|event| *event != own.event);
        Ok(found)
    }

    fn read_link(&self, changes: &Changes, key: &Key) -> Result<Link, Error> {
        if let Some(link) = changes.links.get(key) {
            return Ok(link.clone());
        }
        let Some(bytes) = self.links.get(key)? else { return Ok(Link::default()) };
        Link::from_bytes(&bytes).ok_or_else(|| Error::Corrupt("a link in the index".to_owned()))
    }

    /// The calls directly inside a span.
    pub(super) fn inside(&self, link: &Key) -> Result<Vec<Key>, Error> {
        Ok(self.members(&Changes::default(), link)?.into_iter().map(|member| member.event).collect())
    }

    /// The members of a link, at most [`MEMBERS_MAX`], `changes` included.
    fn members(&self, changes: &Changes, key: &Key) -> Result<Vec<Member>, Error> {
        let mut members = self.read_link(changes, key)?.members;
        if members.len() < INLINE {
            return Ok(members);
        }
        let mut rest = BTreeMap::new();
        for guard in self.members.prefix(key).take(MEMBERS_MAX) {
            let (key, value) = guard.into_inner()?;
            let event = key.get(16..).and_then(|event| event.try_into().ok());
            let member = event.and_then(|event| Member::from_bytes(event, &value));
            rest.insert(key.to_vec(), member.ok_or_else(|| Error::Corrupt("a link in the index".to_owned()))?);
        }
        let (mut first, mut last) = ([0; 32], [0xff; 32]);
        first[..16].copy_from_slice(key);
        last[..16].copy_from_slice(key);
        for (key, member) in changes.members.range(first..=last) {
            rest.insert(key.to_vec(), *member);
        }
        members.extend(rest.into_values().take(MEMBERS_MAX - INLINE));
        Ok(members)
    }
}

impl Member {
    /// Whether two that counted the same may be of one call.
    const fn may_pair(&self, other: &Self) -> bool {
        self.emitter != other.emitter
            && self.start <= other.end.saturating_add(SLACK_MICROS)
            && other.start <= self.end.saturating_add(SLACK_MICROS)
            && self.end.abs_diff(other.end) <= ENDS_APART_MICROS.unsigned_abs()
    }

    pub(super) fn to_bytes(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&self.emitter.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.start.to_le_bytes());
        bytes[16..].copy_from_slice(&self.end.to_le_bytes());
        bytes
    }

    fn from_bytes(event: Key, bytes: &[u8]) -> Option<Self> {
        let (emitter, rest) = bytes.split_first_chunk::<8>()?;
        let (start, rest) = rest.split_first_chunk::<8>()?;
        Some(Self {
            event,
            emitter: u64::from_le_bytes(*emitter),
            start: i64::from_le_bytes(*start),
            end: i64::from_le_bytes(rest.try_into().ok()?),
        })
    }
}

impl Link {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(1 + self.members.len() * 40);
        bytes.push(u8::from(self.mixed));
        for member in &self.members {
            bytes.extend_from_slice(&member.event);
            bytes.extend_from_slice(&member.to_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (mixed, mut rest) = bytes.split_first()?;
        let mut members = Vec::with_capacity(INLINE);
        while let Some((event, after)) = rest.split_first_chunk::<16>() {
            let (value, after) = after.split_first_chunk::<24>()?;
            members.push(Member::from_bytes(*event, value)?);
            rest = after;
        }
        rest.is_empty().then_some(Self { members, mixed: *mixed == 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_survive_as_bytes() {
        let member = |n: u8| Member { event: [n; 16], emitter: u64::from(n), start: -i64::from(n), end: i64::from(n) };
        let link = Link { members: vec![member(1), member(2)], mixed: true };
        let read = Link::from_bytes(&link.to_bytes()).expect("a link");
        assert_eq!((read.members, read.mixed), (link.members, true));
        assert!(Link::from_bytes(&[0; 40]).is_none());
    }

    #[test]
    fn only_other_emitters_at_about_the_same_time_may_pair() {
        let second = 1_000_000_i64;
        let member = |emitter, start: i64, end: i64| Member {
            event: [0; 16],
            emitter,
            start: start * second,
            end: end * second,
        };
        let one = member(1, 10, 20);
        assert!(one.may_pair(&member(2, 12, 19)));
        assert!(!one.may_pair(&member(1, 12, 19)), "one emitter sees a call once");
        assert!(!one.may_pair(&member(2, 23, 24)), "three seconds later");
        assert!(!one.may_pair(&member(2, 10, 36)), "16 seconds after its end");
    }
}
