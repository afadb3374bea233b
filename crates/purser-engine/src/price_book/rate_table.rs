//! The rates of one service tier for calls of one size, ready for rating, and what a charge says about them.
//! Invariant: what charges of one kind share is made once; rating an everyday call allocates nothing.

use std::sync::{Arc, OnceLock};

use purser_domain::charge::Basis;
use purser_domain::price::{Rate, Source, Tier};
use purser_domain::usage::Leaf;

use super::rate_chain::{self, Definition, Rates};

/// A set of leaves, a bit each in the order of [`Leaf::ALL`].
pub(crate) type Leaves = u32;

/// The set of one leaf.
pub(crate) const fn set_of(leaf: Leaf) -> Leaves {
    1 << leaf as u32
}

/// The leaves that everyday calls use and prices often leave out. A basis is kept for every set of them.
const COMMON: [Leaf; 4] = [Leaf::Reasoning, Leaf::CacheRead, Leaf::CacheWrite5m, Leaf::CacheWrite1h];

/// The rates of one (service tier, context size).
#[derive(Debug)]
pub(crate) struct RateTable {
    pub(crate) over_input_tokens: u64,
    /// Rates with the fallbacks that the catalogue defines.
    pub(crate) rates: Rates,
    /// Leaves whose rates the tenant named itself.
    pub(crate) named: Leaves,
    /// Leaves without a rate of their own, and what each is charged as.
    fell_back: Vec<(Leaf, String)>,
    fallen: Leaves,
    /// What charges say if they used no leaf without a rate of its own.
    basis: Arc<Basis>,
    /// The same for each set of leaves of [`COMMON`].
    kept: [OnceLock<Arc<Basis>>; 1 << COMMON.len()],
}

impl RateTable {
    /// The table of `tier`, whose price was read at `source` and of whose rates the tenant named those of `named`;
    /// `standard` as for [`rate_chain::resolve`].
    pub(crate) fn new(tier: &Tier, source: &Source, standard: Option<&Rates>, named: Leaves) -> Self {
        let definition = Definition::of(&tier.source.as_ref().unwrap_or(source).catalogue);
        let resolved = rate_chain::resolve(&tier.rates, &tier.service_tier, definition, standard);
        let basis = Basis {
            service_tier: tier.service_tier.clone(),
            over_input_tokens: tier.over_input_tokens,
            ..Basis::default()
        };
        Self {
            over_input_tokens: tier.over_input_tokens,
            rates: resolved.rates,
            named,
            fallen: resolved.fell_back.iter().fold(0, |set, (leaf, _)| set | set_of(*leaf)),
            fell_back: resolved.fell_back,
            basis: Arc::new(basis),
            kept: Default::default(),
        }
    }

    /// What a charge that used the leaves of `used` says.
    pub(crate) fn basis(&self, used: Leaves) -> Arc<Basis> {
        let fallen = used & self.fallen;
        if fallen == 0 {
            return self.basis.clone();
        }
        let (mut rest, mut place) = (fallen, 0);
        for (bit, leaf) in COMMON.into_iter().enumerate() {
            if fallen & set_of(leaf) != 0 {
                rest &= !set_of(leaf);
                place |= 1 << bit;
            }
        }
        let make = || self.fallen_basis(fallen);
        if rest == 0 { self.kept[place].get_or_init(make).clone() } else { make() }
    }

    fn fallen_basis(&self, fallen: Leaves) -> Arc<Basis> {
        let named = self.fell_back.iter().filter(|(leaf, _)| fallen & set_of(*leaf) != 0);
        let fell_back = named.map(|(leaf, stand_in)| (leaf.name().to_owned(), stand_in.clone())).collect();
        Arc::new(Basis { fell_back, ..(*self.basis).clone() })
    }

    /// The rate of a leaf.
    pub(crate) const fn rate(&self, leaf: Leaf) -> Option<Rate> {
        self.rates[leaf as usize]
    }
}
