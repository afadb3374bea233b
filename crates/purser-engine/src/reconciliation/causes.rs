//! Why one row of a bill differs from what was rated.
//! Invariant: exact integers; no cause is larger than the figures of the row show.

use purser_domain::money::{Money, div_half_even};
use purser_domain::price::Rate;
use purser_domain::reconciliation::{Cause, Causes};
use purser_domain::usage::Leaf;

/// What the bill and the ledger say of one row.
#[derive(Debug, Clone, Default)]
pub(super) struct Sides {
    /// How many lines of the bill it holds.
    pub(super) lines: u32,
    /// By how much rounding may have changed the bill's amounts in all.
    pub(super) rounding: Money,
    pub(super) billed: [Money; Leaf::COUNT],
    pub(super) billed_tools: Money,
    /// Billed without being split by meter.
    pub(super) billed_whole: Money,
    /// `None` where the bill tells no quantity.
    pub(super) billed_quantities: [Option<i128>; Leaf::COUNT],
    pub(super) quantities: [i128; Leaf::COUNT],
    pub(super) amounts: [Money; Leaf::COUNT],
    pub(super) tools: Money,
    /// Charged without being split: reported costs.
    pub(super) whole: Money,
}

/// The tiers that a bill may have charged instead, by the names that price books use.
const TIERS: [&str; 5] = ["standard", "batch", "flex", "priority", "fast"];

impl Sides {
    pub(super) fn billed(&self) -> Money {
        self.billed.iter().copied().chain([self.billed_tools, self.billed_whole]).sum()
    }

    pub(super) fn rated(&self) -> Money {
        self.amounts.iter().copied().chain([self.tools, self.whole]).sum()
    }

    fn has_usage(&self) -> bool {
        self.quantities.iter().any(|quantity| *quantity != 0) || self.whole != Money::ZERO
    }

    /// The price of a unit that was charged, as pico-dollars for a number of units; else that of the book.
    fn price(&self, leaf: Leaf, book: Option<Rate>) -> Option<(i128, i128)> {
        let (amount, quantity) = (self.amounts[leaf as usize].pico(), self.quantities[leaf as usize]);
        if amount > 0 && quantity > 0 {
            return Some((amount, quantity));
        }
        book.map(|rate| (i128::from(rate.parts().0), i128::from(rate.parts().1)))
    }
}

/// The causes of billed less rated. `rate` is the book's price of a leaf, in a tier or in the row's own.
pub(super) fn explain(sides: &Sides, rate: impl Fn(Option<&str>, Leaf) -> Option<Rate>) -> Causes {
    let mut causes = Explained::new(sides.billed().pico() - sides.rated().pico());
    if sides.lines == 0 {
        causes.take(Cause::NotBilled, causes.rest);
        return causes.finish(0);
    }
    let searches = Leaf::WebSearches as usize;
    let tools = |whole: Money, searches: Money| whole.pico() + searches.pico();
    let billed_tools = tools(sides.billed_tools, sides.billed[searches]);
    let rated_tools = if sides.billed_whole == Money::ZERO { tools(sides.tools, sides.amounts[searches]) } else { 0 };
    causes.take(Cause::Tools, billed_tools - rated_tools);
    if !sides.has_usage() {
        causes.take(Cause::MissingUsage, causes.rest);
        return causes.finish(sides.rounding.pico());
    }
    if sides.billed_quantities.iter().any(Option::is_some) {
        by_quantities(sides, &rate, &mut causes);
    } else {
        by_amounts(sides, &rate, &mut causes);
    }
    causes.finish(sides.rounding.pico())
}

/// Causes taken off a difference.
struct Explained {
    rest: i128,
    causes: Causes,
}

impl Explained {
    const fn new(difference: i128) -> Self {
        Self { rest: difference, causes: Causes::new() }
    }

    fn take(&mut self, cause: Cause, pico: i128) {
        if pico != 0 {
            let sum = self.causes.entry(cause).or_default();
            *sum = Money::from_pico(sum.pico() + pico);
            self.rest -= pico;
        }
    }

    /// What is left is rounding if the bill's digits allow for it.
    fn finish(mut self, rounding: i128) -> Causes {
        let cause = if self.rest.abs() <= rounding { Cause::Rounding } else { Cause::Unexplained };
        self.take(cause, self.rest);
        self.causes.retain(|_, amount| *amount != Money::ZERO);
        self.causes
    }
}

/// The leaves that a bill tells a quantity or an amount of, tools apart.
fn token_leaves(sides: &Sides) -> impl Iterator<Item = Leaf> + '_ {
    Leaf::ALL.into_iter().filter(|leaf| leaf.is_token()).filter(|leaf| {
        let place = *leaf as usize;
        sides.billed[place] != Money::ZERO || sides.billed_quantities[place].is_some() || sides.quantities[place] != 0
    })
}

/// The bill tells how much was used: usage and price can be told apart.
fn by_quantities(sides: &Sides, rate: &impl Fn(Option<&str>, Leaf) -> Option<Rate>, causes: &mut Explained) {
    let mut expected = 0;
    let mut more = [0_i128; Leaf::COUNT];
    for leaf in token_leaves(sides) {
        let place = leaf as usize;
        let billed = sides.billed_quantities[place].unwrap_or(0);
        let Some((pico, per)) = sides.price(leaf, rate(None, leaf)) else { continue };
        expected += times(pico, billed, per);
        more[place] = billed - sides.quantities[place];
    }
    move_cached(sides, rate, &mut more, causes);
    for leaf in token_leaves(sides) {
        let Some((pico, per)) = sides.price(leaf, rate(None, leaf)) else { continue };
        let quantity = more[leaf as usize];
        let cause = if quantity < 0 { Cause::NotBilled } else { Cause::MissingUsage };
        causes.take(cause, times(pico, quantity, per));
    }
    let searches = sides.billed[Leaf::WebSearches as usize].pico() + sides.billed_tools.pico();
    let billed = sides.billed().pico() - searches;
    let cause = price_cause(sides, rate, billed, expected);
    // What the ledger charged without splitting it cannot be compared with unit prices.
    if sides.whole == Money::ZERO && (billed - expected).abs() > sides.rounding.pico() {
        causes.take(cause, billed - expected);
    }
}

/// Tokens that moved between input and cached input: equal numbers, opposite signs.
fn move_cached(
    sides: &Sides,
    rate: &impl Fn(Option<&str>, Leaf) -> Option<Rate>,
    more: &mut [i128; Leaf::COUNT],
    causes: &mut Explained,
) {
    let (input, cached) = (more[Leaf::Input as usize], more[Leaf::CacheRead as usize]);
    if input.signum() * cached.signum() >= 0 {
        return;
    }
    let moved = input.abs().min(cached.abs()) * input.signum();
    for (leaf, quantity) in [(Leaf::Input, moved), (Leaf::CacheRead, -moved)] {
        if let Some((pico, per)) = sides.price(leaf, rate(None, leaf)) {
            causes.take(Cause::CachedInput, times(pico, quantity, per));
        }
        more[leaf as usize] -= quantity;
    }
}

/// The bill tells amounts only: a cause is named where all of a row's meters show the same ratio.
fn by_amounts(sides: &Sides, rate: &impl Fn(Option<&str>, Leaf) -> Option<Rate>, causes: &mut Explained) {
    let (mut billed, mut rated) = (0, 0);
    if sides.billed_whole == Money::ZERO {
        for leaf in token_leaves(sides) {
            let place = leaf as usize;
            let (on_bill, in_ledger) = (sides.billed[place].pico(), sides.amounts[place].pico());
            match (on_bill, in_ledger) {
                (0, _) => causes.take(Cause::NotBilled, -in_ledger),
                (_, 0) if sides.quantities[place] == 0 => causes.take(Cause::MissingUsage, on_bill),
                (_, 0) => causes.take(Cause::Price, on_bill),
                _ => (billed, rated) = (billed + on_bill, rated + in_ledger),
            }
        }
        if !is_uniform(sides, billed, rated) {
            return;
        }
    } else {
        (billed, rated) = (sides.billed_whole.pico(), sides.rated().pico());
    }
    if (billed - rated).abs() <= sides.rounding.pico() {
        return;
    }
    let cause = price_cause(sides, rate, billed, rated);
    if cause != Cause::Price {
        causes.take(cause, billed - rated);
    }
}

/// Whether each meter was billed in the same proportion to what was rated, within the bill's rounding.
fn is_uniform(sides: &Sides, billed: i128, rated: i128) -> bool {
    token_leaves(sides).all(|leaf| {
        let (on_bill, in_ledger) = (sides.billed[leaf as usize].pico(), sides.amounts[leaf as usize].pico());
        on_bill == 0 || in_ledger == 0 || (on_bill - times(billed, in_ledger, rated)).abs() <= sides.rounding.pico()
    })
}

/// Why unit prices differ: another tier, one percentage off all, or simply another price.
fn price_cause(
    sides: &Sides,
    rate: &impl Fn(Option<&str>, Leaf) -> Option<Rate>,
    billed: i128,
    expected: i128,
) -> Cause {
    let slack = sides.rounding.pico().max(1);
    let in_tier = |tier: &str| {
        let parts = token_leaves(sides).map(|leaf| {
            let quantity = sides.billed_quantities[leaf as usize].unwrap_or(sides.quantities[leaf as usize]);
            let (pico, per) = rate(Some(tier), leaf)?.parts();
            Some(times(i128::from(pico), quantity, i128::from(per)))
        });
        parts.sum::<Option<i128>>()
    };
    if TIERS.into_iter().filter_map(in_tier).any(|amount| (amount - billed).abs() <= slack) {
        return Cause::Tier;
    }
    if expected <= 0 || billed <= 0 || billed > expected {
        return Cause::Price;
    }
    // A discount is a multiple of half a percent.
    let half_percents = div_half_even((expected - billed) * 200, expected);
    let discounted = expected - times(expected, half_percents, 200);
    if half_percents > 0 && (discounted - billed).abs() <= slack { Cause::Discount } else { Cause::Price }
}

/// `pico × quantity / per`, rounded half-even.
fn times(pico: i128, quantity: i128, per: i128) -> i128 {
    if per == 0 { 0 } else { div_half_even(pico.saturating_mul(quantity), per) }
}
