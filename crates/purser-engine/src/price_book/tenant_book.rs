//! The price book as one tenant sees it: overrides first, then the book less discounts.
//! Invariant: one discount at most applies to a price; what an override names is final and is never discounted.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use purser_domain::charge::Match;
use purser_domain::price::{Discount, Price};
use purser_domain::time::Timestamp;
use purser_domain::usage_event::UsageEvent;

use crate::rating::Preferences;

use super::partial;
use super::{Dated, PriceBook, RateTable, Rates, Served};

/// The rates of a call, the version of the price they stand in, and how it was found.
#[derive(Debug, Clone)]
pub struct Found<'a> {
    /// Rates with the fallbacks that their catalogue defines.
    pub rates: &'a Rates,
    /// The rates' table, and what the call was served with that has no price.
    pub(crate) served: Served<'a>,
    /// The price's content id; a discount changes it.
    pub version: &'a Arc<str>,
    /// How the price was found.
    pub matched: Match,
}

/// The provider under which a tenant prices its tools, by their names.
pub const TOOL: &str = "tool";
/// The provider under which a tenant prices MCP servers (`SERVER`) and single tools of theirs (`SERVER/TOOL`).
pub const MCP: &str = "mcp";

/// A price as a tenant pays it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub(crate) dated: &'a Dated,
    /// The discount on the rates that are the book's.
    pub(crate) discount: Option<&'a Discount>,
}

/// The rates of one service tier by the context size they start above, largest first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes<'a> {
    pub(crate) tables: &'a [RateTable],
    /// Who sells it.
    pub(crate) provider: &'a str,
    /// The price's content id.
    pub(crate) version: &'a Arc<str>,
}

/// A tenant's prices. Cheap to make from a shared book while the tenant has no terms of its own.
#[derive(Debug, Clone)]
pub struct TenantBook {
    book: Arc<PriceBook>,
    terms: Option<Arc<Terms>>,
    preferences: Option<Arc<Preferences>>,
}

#[derive(Debug)]
struct Terms {
    overrides: PriceBook,
    discounts: Vec<Discount>,
    /// By (price of the book, discount).
    discounted: HashMap<(usize, usize), Dated>,
    /// The prices of the book that each override is laid over, in the order they are tried.
    bases: Vec<Vec<usize>>,
    /// Overrides laid over the book, by (override, price of the book, discount).
    laid_over: HashMap<(usize, usize, Option<usize>), Dated>,
}

impl TenantBook {
    pub(super) fn new(book: Arc<PriceBook>, overrides: Vec<Price>, mut discounts: Vec<Discount>) -> Self {
        if overrides.is_empty() && discounts.is_empty() {
            return Self { book, terms: None, preferences: None };
        }
        discounts.sort_by(|a, b| rank(a).cmp(&rank(b)));
        let (overrides, _) = PriceBook::compile(overrides);
        let terms = Some(Arc::new(Terms::new(&book, overrides, discounts)));
        Self { book, terms, preferences: None }
    }

    /// The same prices with other preferences than the usual ones between rated and reported costs.
    #[must_use]
    pub fn preferring(self, preferences: Arc<Preferences>) -> Self {
        Self { preferences: Some(preferences), ..self }
    }

    /// Which cost stands where two are known.
    pub(crate) fn preferences(&self) -> &Preferences {
        static USUAL: LazyLock<Preferences> = LazyLock::new(Preferences::default);
        self.preferences.as_deref().unwrap_or(&USUAL)
    }

    /// The shared book behind it.
    #[must_use]
    pub const fn book(&self) -> &Arc<PriceBook> {
        &self.book
    }

    /// The rates that a call is charged at.
    ///
    /// An override of the response model, then of the request model, then the book's price of
    /// either. A model known to the book, but not at that date, gives way to the next name.
    ///
    /// # Errors
    /// Why there is none: [`Match::UnknownModel`], [`Match::NoPriceAtDate`] or [`Match::NoRateForTier`].
    pub fn find(&self, event: &UsageEvent) -> Result<Found<'_>, Match> {
        let (Origin { dated, .. }, matched) = self.price_of(event)?;
        let served = dated.served(event, || self.book.knows_places_of(&dated.price.provider))?;
        Ok(Found { rates: &served.table.rates, served, version: &dated.version, matched })
    }

    /// The rates of a call's model and service tier by context size, largest first, and the price's version:
    /// for calls whose size is not known yet.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub(crate) fn sizes(&self, event: &UsageEvent) -> Result<Sizes<'_>, Match> {
        let (Origin { dated, .. }, _) = self.price_of(event)?;
        let tables = dated.sizes(&dated.tier_of(event)).ok_or(Match::NoRateForTier)?;
        Ok(Sizes { tables, provider: &dated.price.provider, version: &dated.version })
    }

    /// The price of a call, and how it came to be.
    pub(crate) fn origin(&self, event: &UsageEvent) -> Option<Origin<'_>> {
        self.price_of(event).ok().map(|(origin, _)| origin)
    }

    /// Whether `event` calls a tool that the tenant has priced.
    ///
    /// Only then is a tool's call charged at all: most of them cost nothing.
    #[must_use]
    pub fn prices_tool(&self, event: &UsageEvent) -> bool {
        self.terms.as_deref().is_some_and(|terms| tool_price(terms, event).is_some())
    }

    fn price_of(&self, event: &UsageEvent) -> Result<(Origin<'_>, Match), Match> {
        let at = event.occurred_at;
        if event.operation.as_deref() == Some(EXECUTE_TOOL) {
            let terms = self.terms.as_deref().ok_or(Match::UnknownModel)?;
            let index = tool_price(terms, event).ok_or(Match::UnknownModel)?;
            return Ok((Origin { dated: terms.overrides.dated(index), discount: None }, Match::Override));
        }
        let names = [
            event.response_model.as_deref().map(|model| (model, Match::ResponseModel)),
            Some((event.model.as_str(), Match::RequestModel)),
        ];
        if let Some(terms) = self.terms.as_deref().filter(|terms| !terms.overrides.is_empty()) {
            for (model, _) in names.into_iter().flatten() {
                if let Some(index) = self.override_of(terms, &event.provider, model, at) {
                    return Ok((self.laid_over(terms, index, at), Match::Override));
                }
            }
        }
        let mut reason = Match::UnknownModel;
        for (model, matched) in names.into_iter().flatten() {
            match self.book.lookup(&event.provider, model, at) {
                Ok(index) => return Ok((self.less_discount(index, at), matched)),
                Err(Match::NoPriceAtDate) => reason = Match::NoPriceAtDate,
                Err(_) => {}
            }
        }
        Err(reason)
    }

    fn override_of(&self, terms: &Terms, provider: &str, model: &str, at: Timestamp) -> Option<usize> {
        terms.overrides.lookup(provider, model, at).ok().or_else(|| {
            let (provider, own_name) = self.book.identity(provider, model)?;
            terms.overrides.lookup(provider, own_name, at).ok()
        })
    }

    /// An override with what it leaves out taken from the book's price that holds at `at`.
    fn laid_over<'a>(&self, terms: &'a Terms, index: usize, at: Timestamp) -> Origin<'a> {
        let base = self.book.holding(&terms.bases[index], at);
        let discount = base.and_then(|base| terms.discount_of(&self.book.dated(base).price, at));
        let laid_over = base.and_then(|base| terms.laid_over.get(&(index, base, discount)));
        let dated = laid_over.unwrap_or_else(|| terms.overrides.dated(index));
        Origin { dated, discount: discount.map(|discount| &terms.discounts[discount]) }
    }

    fn less_discount(&self, index: usize, at: Timestamp) -> Origin<'_> {
        let dated = self.book.dated(index);
        let found = self.terms.as_deref().and_then(|terms| {
            let discount = terms.discount_of(&dated.price, at)?;
            Some(Origin {
                dated: terms.discounted.get(&(index, discount))?,
                discount: Some(&terms.discounts[discount]),
            })
        });
        found.unwrap_or(Origin { dated, discount: None })
    }
}

impl Terms {
    fn new(book: &PriceBook, overrides: PriceBook, discounts: Vec<Discount>) -> Self {
        let about = |price: &Price| {
            let fitting = discounts.iter().enumerate().filter(|(_, discount)| is_about(discount, price));
            fitting.map(|(index, _)| index).collect::<Vec<usize>>()
        };
        let mut discounted = HashMap::new();
        for (place, dated) in book.all_dated().iter().enumerate() {
            for index in about(&dated.price) {
                discounted.insert((place, index), Dated::new(apply(&discounts[index], &dated.price)));
            }
        }
        let bases = |own: &Dated| book.slot(&own.price.provider, &own.price.model).unwrap_or_default().to_vec();
        let bases: Vec<Vec<usize>> = overrides.all_dated().iter().map(bases).collect();
        let mut laid_over = HashMap::new();
        for (index, own) in overrides.all_dated().iter().enumerate() {
            for base in &bases[index] {
                let price = &book.dated(*base).price;
                for discount in std::iter::once(None).chain(about(price).into_iter().map(Some)) {
                    let less = discount.and_then(|discount| discounted.get(&(*base, discount)));
                    let price = partial::lay_over(&own.price, less.map_or(price, |less| &less.price));
                    laid_over.insert((index, *base, discount), Dated::with_own(price, Some(&own.price)));
                }
            }
        }
        Self { overrides, discounts, discounted, bases, laid_over }
    }

    /// The discount that applies to a price of the book at `at`.
    fn discount_of(&self, price: &Price, at: Timestamp) -> Option<usize> {
        self.discounts.iter().position(|discount| holds_at(discount, at) && is_about(discount, price))
    }
}

/// The operation of a tool's call.
const EXECUTE_TOOL: &str = "execute_tool";

/// The tenant's price of a tool's call: of the tool of its MCP server, of the server, of the tool.
fn tool_price(terms: &Terms, event: &UsageEvent) -> Option<usize> {
    let tool = event.tool.as_deref().unwrap_or(&event.model);
    let of_server = event.mcp_server.as_deref().map(|server| [format!("{server}/{tool}"), server.to_owned()]);
    let of_server = of_server.into_iter().flatten().map(|name| (MCP, name));
    let mut names = of_server.chain(std::iter::once((TOOL, tool.to_owned())));
    names.find_map(|(provider, name)| terms.overrides.exact(provider, &name, event.occurred_at))
}

/// Smaller is tried first: the most specific discount, then the latest start, then the id.
fn rank(discount: &Discount) -> impl Ord + '_ {
    let breadth = 2 * u8::from(discount.model.is_none()) + u8::from(discount.provider.is_none());
    (breadth, std::cmp::Reverse(discount.effective_from), &discount.id)
}

/// Whether any price of `book` is less for `discount`. An override is never discounted.
#[must_use]
pub fn has_effect(book: &PriceBook, discount: &Discount) -> bool {
    book.all_dated().iter().any(|dated| is_about(discount, &dated.price))
}

fn is_about(discount: &Discount, price: &Price) -> bool {
    let is_model = |model: &String| {
        price.model.eq_ignore_ascii_case(model) || price.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(model))
    };
    discount.provider.as_ref().is_none_or(|provider| *provider == price.provider)
        && discount.model.as_ref().is_none_or(is_model)
}

fn holds_at(discount: &Discount, at: Timestamp) -> bool {
    discount.effective_from.is_none_or(|from| from <= at) && discount.effective_to.is_none_or(|to| at < to)
}

/// The price at the discounted unit prices. A rate that would need more than 64 bits is left out:
/// the call becomes unpriced rather than wrong.
fn apply(discount: &Discount, price: &Price) -> Price {
    let mut price = price.clone();
    for tier in &mut price.tiers {
        for rate in &mut tier.rates {
            *rate = rate.and_then(|rate| rate.discounted(discount.percent_milli));
        }
        let less = std::mem::take(&mut tier.units).into_iter();
        tier.units = less.filter_map(|(unit, rate)| Some((unit, rate.discounted(discount.percent_milli)?))).collect();
    }
    price
}
