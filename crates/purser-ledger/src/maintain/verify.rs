//! Re-derives counts and sums from the stored rows, one by one, and compares them with what the ledger says.

use std::collections::HashMap;

use futures::StreamExt;
use purser_domain::entry::Kind;
use purser_domain::money::Money;
use purser_domain::time::Calendar;
use purser_domain::usage_query::Query;

use crate::error::Error;
use crate::index::{Hashed, Key, event_key};
use crate::query::{Scope, answer};
use crate::report::{Finding, Verified};
use crate::row::Reader;
use crate::scan::frame;
use crate::shared::Shared;

/// Reads every file and the inbox; holds 20 bytes per event meanwhile.
pub(crate) async fn verify(shared: &Shared) -> Result<Verified, Error> {
    let view = shared.fresh_view().await?;
    let mut verified = Verified { files: view.lake.files.len() as u64, ..Verified::default() };
    let mut charges: HashMap<Key, i32, Hashed> = HashMap::default();
    let mut hasher = shared.index.get()?.hasher();
    for file in view.lake.files.iter().map(Some).chain([None]) {
        let tail = if file.is_none() { view.tail.clone() } else { Vec::new() };
        let mut stream = frame(&shared.lake, file.into_iter().cloned().collect(), tail)?.execute_stream().await?;
        let mut rows = 0;
        while let Some(batch) = stream.next().await {
            for entry in Reader::new(&batch?)?.entries() {
                let entry = entry?;
                rows += 1;
                let sign = i32::from(entry.kind.sign());
                let cost = entry.charge.cost().map_or(Money::ZERO, |(money, _)| money);
                let signed = Money::from_pico(cost.pico() * i128::from(sign));
                verified.cost = [verified.cost, signed].into_iter().sum();
                verified.charged += i64::from(sign);
                *charges.entry(event_key(&mut hasher, &entry.tenant, &entry.event)).or_default() += sign;
                // Where the reported cost stands, a charge has no amounts.
                let is_sum = |rated| entry.charge.prefers_reported || rated == amount_sum(&entry.charge);
                if entry.kind == Kind::Charge && !entry.charge.rated_usd.is_none_or(is_sum) {
                    let place = format!("{}/{}/{}", entry.tenant, entry.event.source, entry.event.event_id);
                    verified.find(place, "rated_usd is not the sum of its leaves and units".to_owned());
                }
            }
        }
        verified.rows += rows;
        if let Some(file) = file.filter(|file| file.rows != rows) {
            verified.find(file.path.clone(), format!("{rows} rows, {} in the log", file.rows));
        }
    }
    let bad = charges.values().filter(|net| !(0..=1).contains(*net)).count();
    if bad > 0 {
        verified.find("events".to_owned(), format!("{bad} events count neither once nor not at all"));
    }
    let index = shared.index.get()?;
    let (is_abreast, known) = (index.checkpoint()?.seq >= view.head.seq, index.count_events()?);
    if is_abreast && known < charges.len() as u64 {
        verified.find("index".to_owned(), format!("{known} events, {} in the files", charges.len()));
    }
    let scope = Scope { tenant: None, by_tenant: false };
    let query = Query { as_of: Some(view.head.received_through), ..Query::default() };
    let total = answer(shared, scope, &Calendar::default(), &query).await?.total;
    if (total.cost, total.charged) != (verified.cost, verified.charged) {
        let (cost, charged) = (total.cost, total.charged);
        let problem =
            format!("{cost} USD for {charged} events, {} USD for {} in the rows", verified.cost, verified.charged);
        verified.find("query".to_owned(), problem);
    }
    Ok(verified)
}

fn amount_sum(charge: &purser_domain::charge::Charge) -> Money {
    charge.amounts.iter().flatten().chain(charge.unit_amounts.values()).copied().sum()
}

impl Verified {
    fn find(&mut self, place: String, problem: String) {
        self.findings.push(Finding { place, problem });
    }
}
