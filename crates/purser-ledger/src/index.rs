//! Which events the ledger has, for ever: (tenant, source, event id) → payload and standing, and which of them may be
//! sightings of one call. On disk in a log-structured tree, with a bounded share of memory.
//!
//! Invariant: derived data. It holds exactly the rows up to its checkpoint, written in the same batch; losing it, whole
//! or its last writes, costs a replay of inbox and lake, never an event.

mod contexts;
mod links;
mod sources;
mod state;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use fjall::config::{BlockSizePolicy, BloomConstructionPolicy, FilterPolicy, FilterPolicyEntry, PartitioningPolicy};
use fjall::{Database, Keyspace, KeyspaceCreateOptions};
use purser_domain::entry::{Entry, Kind, Reason};
use purser_domain::sighting::Sighting;
use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;
use purser_domain::usage_event::UsageEvent;

use crate::codec::Hasher;
use crate::error::Error;
pub(crate) use links::Keys;
use links::{Link, Member, MemberKey};
pub(crate) use state::{Standing, State};

/// The version of the index; another one on disk is rebuilt.
const VERSION: u8 = 4;

/// A hash of a key.
pub(crate) type Key = [u8; 16];

/// How far the index has read the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Checkpoint {
    /// The last inbox batch.
    pub(crate) seq: i64,
    /// Its last `received_at`.
    pub(crate) received_through: Timestamp,
}

/// Changes that are not in the index yet; they hide what is.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) events: HashMap<Key, State, Hashed>,
    links: HashMap<Key, Link, Hashed>,
    /// Members of links that hold many.
    members: BTreeMap<MemberKey, Member>,
    sources: sources::Sources,
}

/// Keys are hashes already.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Hashed;

impl std::hash::BuildHasher for Hashed {
    type Hasher = FirstBytes;

    fn build_hasher(&self) -> FirstBytes {
        FirstBytes(0)
    }
}

/// Takes the first bytes of a hash as the hash.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FirstBytes(u64);

impl std::hash::Hasher for FirstBytes {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk::<8>() {
            self.0 ^= u64::from_le_bytes(*first);
        }
    }

    fn write_usize(&mut self, _length: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Whether the files themselves are wrong, so that only a new index helps.
pub(crate) fn is_damage(error: &fjall::Error) -> bool {
    let is_passing = matches!(error, fjall::Error::Io(_) | fjall::Error::Locked | fjall::Error::Poisoned)
        || matches!(error, fjall::Error::Storage(inner) if std::error::Error::source(inner).is_some_and(|s| s.is::<std::io::Error>()));
    !is_passing
}

/// The index on disk.
pub(crate) struct Index {
    database: Database,
    events: Keyspace,
    /// The first members of every link.
    links: Keyspace,
    /// The rest of them.
    members: Keyspace,
    /// What spans around calls told lately.
    contexts: Keyspace,
    /// Every source of each tenant.
    sources: Keyspace,
    about: Keyspace,
    seed: u64,
}

impl Index {
    /// Opens the index in `path`, or begins an empty one if there is none that this version can read.
    pub(crate) fn open(path: &Path, bytes: u64) -> Result<Self, Error> {
        match Self::open_at(path, bytes) {
            Ok(index) => match index.version()? {
                Some(VERSION) => return Ok(index),
                None => return index.begin(),
                Some(version) => tracing::info!(version, "the index is of another version and is rebuilt"),
            },
            Err(Error::Index(error)) if is_damage(&error) => {
                tracing::warn!(%error, "the index is damaged and is rebuilt");
            }
            Err(error) => return Err(error),
        }
        std::fs::remove_dir_all(path).map_err(|source| Error::file(path, source))?;
        Self::open_at(path, bytes)?.begin()
    }

    fn open_at(path: &Path, bytes: u64) -> Result<Self, Error> {
        std::fs::create_dir_all(path).map_err(|source| Error::file(path, source))?;
        let database =
            Database::builder(path).cache_size(bytes / 2).max_journaling_size(128 << 20).worker_threads(1).open()?;
        // Below the newest level filters and indexes are read in parts: whole, one of either is megabytes, which a
        // cache of this size would read from disk again for every key.
        let in_parts = || PartitioningPolicy::new([false, true]);
        let options = |memtable: u64| {
            let filter = FilterPolicyEntry::Bloom(BloomConstructionPolicy::BitsPerKey(12.0));
            KeyspaceCreateOptions::default()
                .max_memtable_size(memtable)
                .data_block_size_policy(BlockSizePolicy::all(4 << 10))
                .filter_policy(FilterPolicy::all(filter))
                .filter_block_partitioning_policy(in_parts())
                .index_block_partitioning_policy(in_parts())
        };
        let events = database.keyspace("events", || options(bytes / 4))?;
        let links = database.keyspace("links", || options(bytes / 8))?;
        let members = database.keyspace("members", || options(bytes / 16))?;
        let contexts = database.keyspace("contexts", || options(bytes / 16))?;
        let sources = database.keyspace("sources", || options(1 << 20))?;
        let about = database.keyspace("about", || options(1 << 20))?;
        let seed = match about.get("seed")? {
            Some(seed) => u64::from_le_bytes(seed.as_ref().try_into().unwrap_or_default()),
            None => 0,
        };
        Ok(Self { database, events, links, members, contexts, sources, about, seed })
    }

    fn version(&self) -> Result<Option<u8>, Error> {
        Ok(self.about.get("version")?.and_then(|bytes| bytes.first().copied()))
    }

    fn begin(mut self) -> Result<Self, Error> {
        self.seed = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), std::process::id());
        let mut batch = self.database.batch();
        batch.insert(&self.about, "seed", self.seed.to_le_bytes());
        batch.insert(&self.about, "version", [VERSION]);
        batch.commit()?;
        Ok(self)
    }

    /// A hasher of this index's keys.
    pub(crate) fn hasher(&self) -> Hasher {
        Hasher::new(self.seed)
    }

    /// Whether it is of the lake with `id`; a new index is of any.
    pub(crate) fn is_of(&self, id: &str) -> Result<bool, Error> {
        match self.about.get("lake")? {
            Some(known) => Ok(known.as_ref() == id.as_bytes()),
            None => {
                self.set_lake(id)?;
                Ok(true)
            }
        }
    }

    /// Notes whose index it is.
    pub(crate) fn set_lake(&self, id: &str) -> Result<(), Error> {
        Ok(self.about.insert("lake", id)?)
    }

    /// How far it has read.
    pub(crate) fn checkpoint(&self) -> Result<Checkpoint, Error> {
        let Some(bytes) = self.about.get("checkpoint")? else { return Ok(Checkpoint::default()) };
        let corrupt = || Error::Corrupt("the index's checkpoint".to_owned());
        let (seq, received) = bytes.split_first_chunk::<8>().ok_or_else(corrupt)?;
        let received = received.try_into().map_err(|_| corrupt())?;
        let received_through = Timestamp::from_micros(i64::from_le_bytes(received));
        Ok(Checkpoint { seq: i64::from_le_bytes(*seq), received_through })
    }

    /// What is known of the event with `key`, `changes` first.
    pub(crate) fn event(&self, changes: &Changes, key: &Key) -> Result<Option<State>, Error> {
        if let Some(state) = changes.events.get(key) {
            return Ok(Some(*state));
        }
        let Some(bytes) = self.events.get(key)? else { return Ok(None) };
        let state = State::from_bytes(&bytes).ok_or_else(|| Error::Corrupt("an event in the index".to_owned()))?;
        Ok(Some(state))
    }

    /// Writes `changes`, which bring the index to `checkpoint`.
    pub(crate) fn apply(&self, changes: &Changes, checkpoint: Checkpoint) -> Result<(), Error> {
        let mut batch = self.database.batch();
        for (key, state) in &changes.events {
            batch.insert(&self.events, *key, state.to_bytes());
        }
        for (key, link) in &changes.links {
            batch.insert(&self.links, *key, link.to_bytes());
        }
        for (key, member) in &changes.members {
            batch.insert(&self.members, *key, member.to_bytes());
        }
        for key in changes.sources.keys() {
            batch.insert(&self.sources, key, []);
        }
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&checkpoint.seq.to_le_bytes());
        bytes[8..].copy_from_slice(&checkpoint.received_through.micros().to_le_bytes());
        batch.insert(&self.about, "checkpoint", bytes);
        Ok(batch.commit()?)
    }

    /// Notes a row that another node, or an earlier process, wrote. Any order, any number of times.
    pub(crate) fn note(&self, changes: &mut Changes, hasher: &mut Hasher, entry: &Entry) -> Result<(), Error> {
        let event = &entry.event;
        let key = event_key(hasher, &entry.tenant, event);
        changes.note_source(&entry.tenant, &event.source);
        let (day, at) = (event.occurred_at.utc_day(), entry.received_at);
        let known = self.event(changes, &key)?;
        let mut state = known.unwrap_or(State {
            payload: 0,
            day,
            standing: Standing::after(entry),
            moved: false,
            received_at: at,
            sent_at: Timestamp::default(),
            facts_at: Timestamp::default(),
        });
        state.moved |= state.day != day;
        if state.received_at <= at {
            (state.day, state.standing, state.received_at) = (day, Standing::after(entry), at);
        }
        let is_sent = entry.reason.is_none();
        if is_sent && state.sent_at <= at {
            (state.payload, state.sent_at) = (hasher.payload(event), at);
        }
        let holds_facts = is_sent || (entry.kind == Kind::Observation && entry.reason == Some(Reason::Observation));
        if holds_facts {
            state.facts_at = state.facts_at.max(at);
            let seen = Sighting { event, witness: &entry.witness };
            if let Some(keys) = Keys::of(hasher, &entry.tenant, key, &seen) {
                self.link(changes, &keys)?;
            }
        }
        if known != Some(state) {
            changes.events.insert(key, state);
        }
        Ok(())
    }

    /// Its size on disk.
    pub(crate) fn disk_bytes(&self) -> u64 {
        self.database.disk_space().unwrap_or(0)
    }

    /// Events it knows, exactly; reads all of them.
    pub(crate) fn count_events(&self) -> Result<u64, Error> {
        Ok(u64::try_from(self.events.len()?).unwrap_or(u64::MAX))
    }
}

/// The key of an event.
pub(crate) fn event_key(hasher: &mut Hasher, tenant: &TenantId, event: &UsageEvent) -> Key {
    hasher.texts([tenant.as_str(), &event.source, &event.event_id])
}
