//! One price, ready for rating: its rates by tier, size, and what multiplies them.
//! Invariant: where and how fast a call was served never changes its cost in silence: a factor, a tier, or unknown.

use std::borrow::Cow;
use std::sync::Arc;

use purser_domain::charge::Match;
use purser_domain::price::{Factor, Price, STANDARD, Tier, service_tier};
use purser_domain::time::Timestamp;
use purser_domain::usage_event::UsageEvent;

use super::rate_table::RateTable;
use super::{model_name, partial, version};

/// Service tier, then its rates by context size, largest first.
type Tiers = Vec<(String, Vec<RateTable>)>;

/// The most factors of one price that can be told apart.
const FACTORS_MAX: usize = 32;

/// The event's field for where a call ran, as factors name it.
const GEOGRAPHY: &str = "inference_geo";
/// The event's field for how fast it was asked to run.
const SPEED: &str = "speed";
/// The tier of decisions, as OpenAI prices them.
const DECISIONS: &str = "decisions";
/// Words for the usual place and speed.
const USUAL: [&str; 11] =
    ["", "auto", "default", "global", "none", "normal", "not_available", "null", "standard", "unknown", "unspecified"];

#[derive(Debug)]
pub(crate) struct Dated {
    pub(crate) price: Arc<Price>,
    pub(crate) version: Arc<str>,
    tiers: Tiers,
    /// The same for every combination of factors of different dimensions, by a bit for each factor of the price.
    multiplied: Vec<(u32, Tiers)>,
    /// Whether the model's name says where it runs, so that the rates are those of that place.
    is_regional: bool,
}

/// The rates of a call, and what it was served with that has no price.
#[derive(Debug, Clone)]
pub(crate) struct Served<'a> {
    pub(crate) table: &'a RateTable,
    /// `speed fast`, `inference_geo mars`.
    pub(crate) unknown: Option<String>,
}

impl Dated {
    pub(super) fn new(price: Price) -> Self {
        Self::with_own(price, None)
    }

    /// The price of a tenant that `own` was laid over the book's to make.
    pub(super) fn with_own(price: Price, own: Option<&Price>) -> Self {
        let tiers = tables(&price, own);
        let is_regional = model_name::is_regional(&price.provider, &price.model);
        let multiplied = combinations(&price.factors)
            .into_iter()
            .map(|set| {
                let of: Vec<&Factor> = chosen(&price.factors, set).collect();
                let all = |tables: &[RateTable]| tables.iter().map(|table| table.multiplied(&of)).collect();
                (set, tiers.iter().map(|(name, tables)| (name.clone(), all(tables))).collect())
            })
            .collect();
        Self { version: version(&price).into(), price: Arc::new(price), tiers, multiplied, is_regional }
    }

    /// Whether the price is valid at `at`, its time of day included.
    pub(crate) fn holds_at(&self, at: Timestamp) -> bool {
        self.price.effective_from.is_none_or(|from| from <= at)
            && self.price.effective_to.is_none_or(|to| at < to)
            && self.price.daily.as_ref().is_none_or(|window| window.contains(at))
    }

    /// The rates of a service tier (in its canonical name) by context size, largest first, without factors.
    pub(crate) fn sizes(&self, service_tier: &str) -> Option<&[RateTable]> {
        sizes(&self.tiers, service_tier)
    }

    /// Whether the price tells one place from another.
    pub(super) fn knows_geographies(&self) -> bool {
        self.is_regional || self.price.factors.iter().any(|factor| factor.dimension == GEOGRAPHY)
    }

    /// The tier that charges a call: a decision has rates of its own where the model has some for it.
    pub(super) fn tier_of<'e>(&self, event: &'e UsageEvent) -> Cow<'e, str> {
        let told = tier_of(event);
        let decides = told == STANDARD && event.operation.as_deref() == Some("decide");
        if decides && self.sizes(DECISIONS).is_some() { DECISIONS.into() } else { told }
    }

    /// The rates that a call is charged at: those of its tier, context and speed, multiplied by the factors of its
    /// place and speed.
    ///
    /// `knows_places`: whether the provider's prices tell places apart, so that one without a factor costs nothing extra.
    ///
    /// # Errors
    /// [`Match::NoRateForTier`].
    pub(crate) fn served(&self, event: &UsageEvent, knows_places: impl Fn() -> bool) -> Result<Served<'_>, Match> {
        let tier = self.tier_of(event);
        let (place, speed) = (told(event.inference_geo.as_deref()), told(event.speed.as_deref()));
        let (tiers, tier, unknown) = if place.is_none() && speed.is_none() {
            (&self.tiers, tier, None)
        } else {
            self.conditional(tier, place, speed, knows_places)
        };
        let table = match sizes(tiers, &tier) {
            Some([only]) if only.over_input_tokens == 0 => only,
            Some(sizes) => of_size(sizes, event.context_tokens()).ok_or(Match::NoRateForTier)?,
            None => return Err(Match::NoRateForTier),
        };
        Ok(Served { table, unknown })
    }

    /// The rates for a place and a speed that were told.
    fn conditional<'a>(
        &self,
        mut tier: Cow<'a, str>,
        place: Option<&str>,
        speed: Option<&'a str>,
        knows_places: impl Fn() -> bool,
    ) -> (&Tiers, Cow<'a, str>, Option<String>) {
        let (mut set, mut unknown) = (0, None);
        if let Some(speed) = speed {
            let own_tier = service_tier(speed).filter(|name| tier == STANDARD && self.sizes(name).is_some());
            match (own_tier, self.factor(SPEED, speed)) {
                (Some(own), _) => tier = own,
                (None, Some(bit)) => set |= bit,
                (None, None) => unknown = Some(format!("{SPEED} {speed}")),
            }
        }
        if let Some(place) = place.filter(|_| !self.is_regional) {
            match self.factor(GEOGRAPHY, place) {
                Some(bit) => set |= bit,
                None if knows_places() => {}
                None => unknown = Some(format!("{GEOGRAPHY} {place}")),
            }
        }
        let tiers = self.multiplied.iter().find(|(of, _)| *of == set).map_or(&self.tiers, |(_, tiers)| tiers);
        (tiers, tier, unknown)
    }

    /// The bit of the factor for a value of a dimension: its own before one for every other value.
    fn factor(&self, dimension: &str, value: &str) -> Option<u32> {
        let holds = |factor: &(usize, &Factor)| factor.1.holds_for(dimension, value);
        let all = || self.price.factors.iter().enumerate().take(FACTORS_MAX);
        let exact = all().filter(|(_, factor)| !factor.value.starts_with('!')).find(holds);
        exact.or_else(|| all().find(holds)).map(|(index, _)| 1 << index)
    }
}

/// The tables of every tier.
fn tables(price: &Price, own: Option<&Price>) -> Tiers {
    let mut tiers: Tiers = Vec::new();
    let standard = |tier: &Tier| tier.service_tier == STANDARD && tier.over_input_tokens == 0;
    let reference = price.tiers.iter().find(|tier| standard(tier));
    for tier in &price.tiers {
        let of = reference.filter(|_| !standard(tier)).map(|tier| &tier.rates);
        let named = own.map(|own| partial::named_in(own, tier)).unwrap_or_default();
        let table = RateTable::new(tier, &price.source, of, named);
        match tiers.iter_mut().find(|(name, _)| *name == tier.service_tier) {
            Some((_, sizes)) => sizes.push(table),
            None => tiers.push((tier.service_tier.clone(), vec![table])),
        }
    }
    for (_, sizes) in &mut tiers {
        sizes.sort_by_key(|table| std::cmp::Reverse(table.over_input_tokens));
    }
    tiers.sort_by_key(|(name, _)| name != STANDARD);
    tiers
}

fn sizes<'a>(tiers: &'a Tiers, service_tier: &str) -> Option<&'a [RateTable]> {
    tiers.iter().find(|(name, _)| name == service_tier).map(|(_, sizes)| &**sizes)
}

/// The rates of a call that read `context_tokens`.
fn of_size(sizes: &[RateTable], context_tokens: u64) -> Option<&RateTable> {
    sizes.iter().find(|table| table.over_input_tokens == 0 || context_tokens > table.over_input_tokens)
}

/// Every set of factors with at least one, and at most one of a dimension.
fn combinations(factors: &[Factor]) -> Vec<u32> {
    let mut sets = vec![0_u32];
    for (index, factor) in factors.iter().enumerate().take(FACTORS_MAX) {
        let apart = |set: &&u32| chosen(factors, **set).all(|other| other.dimension != factor.dimension);
        let grown: Vec<u32> = sets.iter().filter(apart).map(|set| set | 1 << index).collect();
        sets.extend(grown);
    }
    sets.split_off(1)
}

fn chosen(factors: &[Factor], set: u32) -> impl Iterator<Item = &Factor> {
    factors
        .iter()
        .take(FACTORS_MAX)
        .enumerate()
        .filter(move |(index, _)| set & (1 << index) != 0)
        .map(|(_, factor)| factor)
}

/// The tier that charges a call, as it was told.
fn tier_of(event: &UsageEvent) -> Cow<'_, str> {
    event.service_tier.as_deref().and_then(service_tier).unwrap_or(STANDARD.into())
}

/// A place or speed other than the usual one.
fn told(value: Option<&str>) -> Option<&str> {
    value.map(str::trim).filter(|value| !USUAL.iter().any(|usual| value.eq_ignore_ascii_case(usual)))
}
