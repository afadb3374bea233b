//! The rates of one service tier for calls of one size, ready for rating, and what a charge says about them.
//! Invariant: what charges of one kind share is made once; rating an everyday call allocates nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use purser_domain::charge::{AppliedFactor, Basis};
use purser_domain::price::{Factor, Rate, Source, Tier};
use purser_domain::usage::Leaf;

use super::partial::Named;
use super::rate_chain::{self, Definition, Rates};

/// A set of leaves, a bit each in the order of [`Leaf::ALL`].
pub(crate) type Leaves = u32;

/// The unit of a search that is billed once for a prompt, however many queries it took.
pub(crate) const GROUNDED_PROMPTS: &str = "grounded_prompts";
/// How units begin that are a fee for a request by its kind.
pub(crate) const REQUEST_KIND: &str = "requests_";

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
    /// Rates of units.
    pub(crate) units: BTreeMap<String, Rate>,
    /// What the tenant named itself: no factor multiplies it.
    named: Named,
    /// Whether the price has a fee for a request by its kind, so that a request of an unknown kind has an unknown fee.
    pub(crate) has_fee_by_kind: bool,
    /// Whether no token has a price: what the units say is all that is billed.
    pub(crate) is_of_units: bool,
    /// Leaves without a rate of their own, and what each is charged as.
    fell_back: Vec<(Leaf, String)>,
    fallen: Leaves,
    /// What charges say if they used no leaf without a rate of its own.
    basis: Arc<Basis>,
    /// The same for each set of leaves of [`COMMON`].
    kept: [OnceLock<Arc<Basis>>; 1 << COMMON.len()],
}

impl RateTable {
    /// The table of `tier`, whose price was read at `source` and of whose rates the tenant named those in `named`;
    /// `standard` as for [`rate_chain::resolve`].
    pub(super) fn new(tier: &Tier, source: &Source, standard: Option<&Rates>, named: Named) -> Self {
        let definition = Definition::of(&tier.source.as_ref().unwrap_or(source).catalogue);
        let mut resolved = rate_chain::resolve(&tier.rates, &tier.service_tier, definition, standard);
        if let (None, Some(rate)) = (resolved.rates[Leaf::WebSearches as usize], tier.units.get(GROUNDED_PROMPTS)) {
            resolved.rates[Leaf::WebSearches as usize] = Some(*rate);
            resolved.fell_back.push((Leaf::WebSearches, GROUNDED_PROMPTS.to_owned()));
        }
        let basis = Basis {
            service_tier: tier.service_tier.clone(),
            over_input_tokens: tier.over_input_tokens,
            ..Basis::default()
        };
        Self {
            over_input_tokens: tier.over_input_tokens,
            has_fee_by_kind: resolved.rates[Leaf::Requests as usize].is_none()
                && tier.units.keys().any(|unit| unit.starts_with(REQUEST_KIND)),
            is_of_units: !tier.units.is_empty()
                && Leaf::ALL.iter().all(|leaf| !leaf.is_token() || tier.rates[*leaf as usize].is_none()),
            rates: resolved.rates,
            units: tier.units.clone(),
            named,
            fallen: resolved.fell_back.iter().fold(0, |set, (leaf, _)| set | set_of(*leaf)),
            fell_back: resolved.fell_back,
            basis: Arc::new(basis),
            kept: Default::default(),
        }
    }

    /// The same with the rates of tokens multiplied, but for those that the tenant named.
    ///
    /// A rate that would need more than 64 bits is left out: the call becomes incomplete rather than wrong.
    pub(crate) fn multiplied(&self, factors: &[&Factor]) -> Self {
        let mut rates = self.rates;
        for leaf in Leaf::ALL.into_iter().filter(|leaf| leaf.is_token() && !self.is_agreed(*leaf)) {
            let by = |rate: Rate, factor: &&Factor| rate.times(factor.numerator, factor.denominator);
            rates[leaf as usize] = rates[leaf as usize].and_then(|rate| factors.iter().try_fold(rate, by));
        }
        let factors = factors.iter().map(|factor| AppliedFactor {
            dimension: factor.dimension.clone(),
            value: factor.value.clone(),
            ratio: format!("{}/{}", factor.numerator, factor.denominator),
        });
        Self {
            rates,
            units: self.units.clone(),
            named: self.named.clone(),
            fell_back: self.fell_back.clone(),
            basis: Arc::new(Basis { factors: factors.collect(), ..(*self.basis).clone() }),
            kept: Default::default(),
            ..*self
        }
    }

    /// The rate of a unit; a call grounded in maps is billed by the prompt where the price says so.
    pub(crate) fn unit_rate(&self, unit: &str) -> Option<Rate> {
        let by_prompt = || (unit == "maps_groundings").then(|| self.units.get("maps_grounded_prompts")).flatten();
        self.units.get(unit).or_else(by_prompt).copied()
    }

    /// Whether the tenant named the rate of a leaf.
    pub(crate) const fn is_own(&self, leaf: Leaf) -> bool {
        self.named.leaves & set_of(leaf) != 0
    }

    /// Whether the leaf is charged at a rate that the tenant named, its own or its parent's.
    fn is_agreed(&self, leaf: Leaf) -> bool {
        let parent = || self.stand_in(leaf).and_then(|name| name.parse().ok());
        self.is_own(leaf) || parent().is_some_and(|parent| self.is_own(parent))
    }

    /// Whether the tenant named the rate of a unit.
    pub(crate) fn is_own_unit(&self, unit: &str) -> bool {
        self.named.units.contains(unit)
    }

    /// Whether a leaf or unit is billed once for a prompt, however many it took.
    pub(crate) fn is_per_prompt(&self, name: &str) -> bool {
        match name {
            "web_searches" => self.stand_in(Leaf::WebSearches) == Some(GROUNDED_PROMPTS),
            "maps_groundings" => !self.units.contains_key(name),
            _ => false,
        }
    }

    /// What the leaf is charged as, if it has no rate of its own.
    pub(crate) fn stand_in(&self, leaf: Leaf) -> Option<&str> {
        self.fell_back.iter().find(|(own, _)| *own == leaf).map(|(_, stand_in)| stand_in.as_str())
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
