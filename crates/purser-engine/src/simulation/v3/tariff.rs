//! What one model call costs, by context size: the rates of rating, ready for many calls.
//! Invariant: a call costs what `rating::rate` says of the same usage, each leaf rounded half-even once.

use purser_domain::charge::Match;
use purser_domain::money::{CHARGE_MAX, div_half_even};
use purser_domain::price::Rate;
use purser_domain::time::Timestamp;
use purser_domain::usage::Leaf;
use purser_domain::usage_event::UsageEvent;

use crate::price_book::{Rates, TenantBook};

/// The price of one (model, service tier) at one time.
#[derive(Debug, Clone)]
pub(super) struct Tariff {
    /// By context size, largest first; the last is for any size.
    sizes: Vec<(u64, Prices)>,
    /// Who sells the model.
    pub(super) provider: String,
    /// The price's content id.
    pub(super) version: String,
}

#[derive(Debug, Clone, Copy)]
struct Prices {
    input: Unit,
    read: Unit,
    write: Unit,
    output: Unit,
    request: u64,
}

#[derive(Debug, Clone, Copy)]
struct Unit {
    pico: u64,
    per: u64,
}

/// The tokens of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Call {
    /// Read, not cached.
    pub(super) input: u64,
    /// Read from the cache.
    pub(super) read: u64,
    /// Written to the cache.
    pub(super) write: u64,
    /// Answered.
    pub(super) output: u64,
}

impl Unit {
    fn of(rate: Rate) -> Self {
        let (pico, per) = rate.parts();
        Self { pico, per }
    }

    #[inline]
    fn amount(self, quantity: u64) -> u64 {
        if self.per == 1 { self.pico * quantity } else { self.divided(quantity) }
    }

    #[cold]
    fn divided(self, quantity: u64) -> u64 {
        div_half_even(i128::from(self.pico) * i128::from(quantity), i128::from(self.per)) as u64
    }
}

impl Tariff {
    /// The tariff of a model at `at`, for calls of at most `tokens_max` tokens of each kind.
    ///
    /// # Errors
    /// As rating: no such model, date, tier or rate; or a call of that size fits no charge.
    pub(super) fn find(
        book: &TenantBook,
        (provider, model): (&str, &str),
        tier: Option<&str>,
        at: Timestamp,
        tokens_max: u64,
    ) -> Result<Self, Match> {
        let event = UsageEvent {
            provider: purser_domain::provider::canonical(provider),
            model: model.to_owned(),
            service_tier: tier.map(str::to_owned),
            occurred_at: at,
            ..UsageEvent::default()
        };
        let found = book.sizes(&event)?;
        let sizes = found.tables.iter();
        let sizes = sizes.map(|table| Ok((table.over_input_tokens, prices(&table.rates, tokens_max)?)));
        let sizes: Vec<(u64, Prices)> = sizes.collect::<Result<_, Match>>()?;
        if sizes.last().is_none_or(|(over, _)| *over > 0) {
            return Err(Match::NoRateForTier);
        }
        Ok(Self { sizes, provider: found.provider.to_owned(), version: found.version.to_string() })
    }

    #[inline]
    fn prices(&self, read: u64) -> &Prices {
        if let [(_, only)] = &*self.sizes {
            return only;
        }
        let fits = self.sizes.iter().find(|(over, _)| *over == 0 || read > *over);
        &fits.unwrap_or(&self.sizes[self.sizes.len() - 1]).1
    }

    /// Pico-dollars for what is read, and for what is answered.
    #[inline]
    #[must_use]
    pub(super) fn cost(&self, call: Call) -> (u64, u64) {
        let prices = self.prices(call.input + call.read + call.write);
        let cached = if call.read + call.write == 0 {
            0
        } else {
            prices.read.amount(call.read) + prices.write.amount(call.write)
        };
        (prices.input.amount(call.input) + cached + prices.request, prices.output.amount(call.output))
    }

    /// The same for a call without a cache.
    #[inline]
    #[must_use]
    pub(super) fn uncached(&self, input: u64, output: u64) -> (u64, u64) {
        let prices = self.prices(input);
        (prices.input.amount(input) + prices.request, prices.output.amount(output))
    }

    /// The most that one call of so many tokens costs.
    #[must_use]
    pub(super) fn most(&self, read: u64, output: u64) -> u128 {
        let of = |prices: &Prices| {
            let dearest = [prices.input, prices.read, prices.write].map(|unit| u128::from(unit.amount(read)));
            dearest.into_iter().max().unwrap_or(0) + u128::from(prices.output.amount(output) + prices.request)
        };
        self.sizes.iter().map(|(_, prices)| of(prices)).max().unwrap_or(0)
    }

    /// Pico-dollars for a million tokens read and a million answered.
    #[must_use]
    pub(super) fn per_million(&self) -> (u64, u64) {
        let prices = &self.sizes[self.sizes.len() - 1].1;
        (prices.input.amount(1_000_000), prices.output.amount(1_000_000))
    }
}

fn prices(rates: &Rates, tokens_max: u64) -> Result<Prices, Match> {
    let unit = |leaf: Leaf| {
        let rate = rates[leaf as usize].ok_or(Match::NoRateForLeaf)?;
        rate.amount(tokens_max).filter(|most| most.pico() <= CHARGE_MAX.pico() / 4).ok_or(Match::TooLarge)?;
        Ok(Unit::of(rate))
    };
    let request = rates[Leaf::Requests as usize].and_then(|rate| rate.amount(1));
    Ok(Prices {
        input: unit(Leaf::Input)?,
        read: unit(Leaf::CacheRead)?,
        write: unit(Leaf::CacheWrite5m)?,
        output: unit(Leaf::Output)?,
        request: request.map_or(0, |amount| amount.pico() as u64),
    })
}
