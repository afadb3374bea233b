//! The price book in force, and each tenant's view of it.
//! Invariant: a later import of a model replaces all its prices in the book; nothing is lost, imports are kept by version.

use std::collections::HashSet;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use purser_domain::price::Price;
use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;
use purser_domain::usage_event::UsageEvent;
use purser_engine::price_book::{PriceBook, TenantBook};
use purser_engine::rating::{self, Preferences};
use purser_ingest::price_file;
use purser_ledger::Rate;
use purser_store::Store;

use crate::cache::Cache;
use crate::error::Error;
use crate::principal::Principal;
use crate::service::{Service, TRUST_MICROS};

/// The prices that purser ships, in its own format.
pub const SHIPPED: &[u8] = include_bytes!("../../../data/prices.jsonl");

/// The book with the version of the import it holds.
#[derive(Clone)]
struct Current {
    version: i64,
    book: Arc<PriceBook>,
    checked_at: Timestamp,
}

/// The shared book and the tenants' views.
pub(crate) struct Books {
    current: RwLock<Current>,
    tenants: Cache<TenantId, Arc<TenantBook>>,
    preferences: OnceLock<Arc<Preferences>>,
}

impl Books {
    pub(crate) async fn open(store: &Store) -> Result<Self, Error> {
        let current = load(store).await?;
        Ok(Self { current: RwLock::new(current), tenants: Cache::new(TRUST_MICROS), preferences: OnceLock::new() })
    }

    /// The book in force, as of at most a second ago.
    pub(crate) async fn book(&self, store: &Store, now: Timestamp) -> Result<Arc<PriceBook>, Error> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner).clone();
        let age = now.micros() - current.checked_at.micros();
        if (0..TRUST_MICROS).contains(&age) {
            return Ok(current.book);
        }
        let newest = newest_version(store).await?;
        let current = if newest == current.version { current } else { load(store).await? };
        let current = Current { checked_at: now, ..current };
        let book = current.book.clone();
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = current;
        Ok(book)
    }

    /// Forgets the tenants' views, so that the next use reads them anew.
    pub(crate) fn forget(&self) {
        self.tenants.clear();
        self.current.write().unwrap_or_else(PoisonError::into_inner).checked_at = Timestamp::from_micros(i64::MIN / 2);
    }
}

async fn newest_version(store: &Store) -> Result<i64, Error> {
    Ok(store.price_import().list().await?.iter().map(|import| import.version).max().unwrap_or(0))
}

/// The prices in force, read from the state database alone: what ships, with every import laid over it.
///
/// # Errors
/// Internal if stored prices do not read; unavailable.
pub async fn in_force(store: &Store) -> Result<Vec<Price>, Error> {
    Ok(prices_and_version(store).await?.0)
}

/// The shipped prices with every import laid over them, oldest first, and the last import's version.
async fn prices_and_version(store: &Store) -> Result<(Vec<Price>, i64), Error> {
    prices_until(store, None).await
}

/// The same, of imports until `at` only.
async fn prices_until(store: &Store, at: Option<Timestamp>) -> Result<(Vec<Price>, i64), Error> {
    let mut prices = parse("shipped prices", SHIPPED)?;
    let mut imports = store.price_import().list().await?;
    imports.retain(|import| at.is_none_or(|at| import.imported_at <= at));
    imports.sort_by_key(|import| import.version);
    for import in &imports {
        let lines = store.price_import().lines(import.version).await?;
        let newer = parse(&format!("price import {}", import.version), lines.join("\n").as_bytes())?;
        lay_over(&mut prices, newer);
    }
    Ok((prices, imports.last().map_or(0, |import| import.version)))
}

async fn load(store: &Store) -> Result<Current, Error> {
    let (prices, version) = prices_and_version(store).await?;
    let (book, _) = PriceBook::compile(prices);
    Ok(Current { version, book: Arc::new(book), checked_at: Timestamp::from_micros(i64::MIN / 2) })
}

pub(crate) fn parse(what: &str, bytes: &[u8]) -> Result<Vec<Price>, Error> {
    price_file::parse(bytes).map_err(|findings| {
        let first = findings.first().map(|finding| format!("{}: {}", finding.subject, finding.message));
        Error::internal(&format!("{what}: {}", first.unwrap_or_default()))
    })
}

/// Replaces the prices of every model that `newer` has.
pub(crate) fn lay_over(prices: &mut Vec<Price>, newer: Vec<Price>) {
    let replaced: HashSet<(String, String)> =
        newer.iter().map(|price| (price.provider.clone(), price.model.to_ascii_lowercase())).collect();
    prices.retain(|price| !replaced.contains(&(price.provider.clone(), price.model.to_ascii_lowercase())));
    prices.extend(newer);
}

impl Service {
    /// Sets which cost stands where an event is rated and its source reports one too; changes nothing once it is set.
    pub fn prefer(&self, preferences: Preferences) {
        self.books().preferences.get_or_init(|| Arc::new(preferences));
        self.books().forget();
    }

    /// The price book in force, before any tenant's overrides.
    pub(crate) async fn book(&self) -> Result<Arc<PriceBook>, Error> {
        self.books().book(self.store(), self.now()).await
    }

    /// Rates calls of the caller's tenant at the prices in force.
    pub(crate) async fn rate(&self, who: &Principal) -> Result<Rate, Error> {
        let book = self.tenant_book(who.tenant()).await?;
        Ok(Arc::new(move |event: &UsageEvent| rating::rate(&book, event)))
    }

    /// What `tenant` pays.
    pub(crate) async fn tenant_book(&self, tenant: &TenantId) -> Result<Arc<TenantBook>, Error> {
        let now = self.now();
        if let Some(book) = self.books().tenants.get(tenant, now) {
            return Ok(book);
        }
        let view = view(self.store(), self.book().await?, tenant).await?;
        let view = Arc::new(match self.books().preferences.get() {
            Some(preferences) => view.preferring(preferences.clone()),
            None => view,
        });
        self.books().tenants.put(tenant.clone(), view.clone(), now);
        Ok(view)
    }
}

/// The book with a tenant's own terms.
async fn view(store: &Store, book: Arc<PriceBook>, tenant: &TenantId) -> Result<TenantBook, Error> {
    let overrides = store.price_override(tenant).list().await?.into_iter().map(|own| own.price).collect();
    let discounts = store.discount(tenant).list().await?;
    Ok(PriceBook::for_tenant(book, overrides, discounts))
}

/// What `tenant` paid at `at`: what ships, with the imports, overrides and discounts that were in force then.
pub(crate) async fn as_of(store: &Store, tenant: &TenantId, at: Timestamp) -> Result<TenantBook, Error> {
    let in_force =
        |set_at: Timestamp, retired_at: Option<Timestamp>| set_at <= at && retired_at.is_none_or(|end| at < end);
    let (book, _) = PriceBook::compile(prices_until(store, Some(at)).await?.0);
    let overrides = store.price_override(tenant).history().await?.into_iter();
    let overrides = overrides.filter(|set| in_force(set.set_at, set.retired_at)).map(|set| set.of.price).collect();
    let discounts = store.discount(tenant).history().await?.into_iter();
    let discounts = discounts.filter(|set| in_force(set.set_at, set.retired_at)).map(|set| set.of).collect();
    Ok(PriceBook::for_tenant(Arc::new(book), overrides, discounts))
}

/// What `tenant` pays, read from the state database alone, whether or not a server runs on it.
///
/// # Errors
/// Internal if stored prices do not read; unavailable.
pub async fn for_tenant(store: &Store, tenant: &TenantId) -> Result<TenantBook, Error> {
    let (book, _) = PriceBook::compile(in_force(store).await?);
    view(store, Arc::new(book), tenant).await
}

/// Lays `prices` over the book in the state database alone, whether or not a server runs on it.
///
/// # Errors
/// Unavailable.
pub async fn import(store: &Store, catalogue: &str, prices: &[Price], now: Timestamp) -> Result<i64, Error> {
    let lines: Vec<String> = price_file::write(prices).lines().map(str::to_owned).collect();
    Ok(store.price_import().add(catalogue, &lines, now).await?.version)
}
