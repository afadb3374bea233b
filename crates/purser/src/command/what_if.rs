//! `purser what-if`: what past usage would have cost with other models or prices.

use std::path::PathBuf;

use purser_api::what_if::{WhatIfAnswer, WhatIfCosts, WhatIfRequest};
use purser_domain::tenant::TenantId;
use purser_domain::time::Timestamp;
use purser_domain::usage_query::Dimension;
use purser_domain::what_if::{Question, Switch, parse_discount};
use purser_service::clock::Clock;

use crate::config::Settings;
use crate::exit::{Exit, Failure};
use crate::local;
use crate::output::{self, Column, grouped, usd};
use crate::remote::RemoteFlags;
use crate::time;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The tenant; not needed with --server
    #[arg(long, required_unless_present = "server", conflicts_with = "server")]
    tenant: Option<TenantId>,
    /// First instant: a date in the tenant's zone, RFC 3339, or an age such as 30d
    #[arg(long, value_name = "TIME")]
    from: String,
    /// First instant after; now, if absent
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Calls of one model as if they had gone to another; a name may be PROVIDER/MODEL
    #[arg(long, value_name = "MODEL=MODEL", value_delimiter = ',')]
    switch: Vec<String>,
    /// Percent off unit prices, in place of the tenant's own discounts: PERCENT, MODEL=PERCENT or PROVIDER/*=PERCENT
    #[arg(long, value_name = "[MODEL=]PERCENT", value_delimiter = ',')]
    discount: Vec<String>,
    /// A price file laid over the price book
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
    /// Cut the answer by these: feature, model, provider, user, agent, …, tag:KEY
    #[arg(long, value_delimiter = ',', value_name = "DIMENSION", default_value = "feature")]
    by: Vec<Dimension>,
    /// The date of the prices; now, if absent
    #[arg(long, value_name = "TIME")]
    price_at: Option<String>,
    /// Print JSON, exact
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    remote: RemoteFlags,
}

pub(crate) async fn run(args: Args, settings: &Settings) -> anyhow::Result<Exit> {
    let prices = args.prices.as_ref().map(|path| {
        std::fs::read_to_string(path).map_err(|error| Failure::usage(format!("prices: {}: {error}", path.display())))
    });
    let prices = prices.transpose()?;
    let answer = match args.remote.client()? {
        Some(client) => {
            let zone = client.tenant().await?.zone;
            client.what_if(&request(&args, &zone, prices)?).await?
        }
        None => ask_locally(&args, settings, prices).await?,
    };
    if args.json {
        output::json(&answer)?;
    } else {
        show(&answer)?;
    }
    Ok(Exit::Done)
}

fn request(args: &Args, zone: &str, prices: Option<String>) -> anyhow::Result<WhatIfRequest> {
    let question = question(args, zone, prices.is_some())?;
    Ok(WhatIfRequest {
        from: question.window.from,
        to: question.window.to,
        switch: args.switch.clone(),
        discount: args.discount.clone(),
        prices,
        by: Some(question.by.iter().map(Dimension::name).collect()),
        price_at: Some(question.price_at),
    })
}

fn question(args: &Args, zone: &str, has_prices: bool) -> anyhow::Result<Question> {
    let (zone, now) = (time::zone(zone)?, Clock::System.now());
    let window = time::window(Some(&args.from), args.to.as_deref(), &zone, now)?;
    let Some(window) = window else { return Err(Failure::usage("from: is required")) };
    let switches = args.switch.iter().map(|text| text.parse::<Switch>());
    let switches = switches.collect::<Result<_, _>>().map_err(|reason| Failure::usage(format!("switch: {reason}")))?;
    let discounts: Result<Vec<_>, _> = args.discount.iter().map(|text| parse_discount(text)).collect();
    let discounts = discounts.map_err(|reason| Failure::usage(format!("discount: {reason}")))?;
    let at = args.price_at.as_deref().map(|text| time::instant("price-at", text, &zone, now)).transpose()?;
    let reprice_all = has_prices || !discounts.is_empty();
    let price_at: Timestamp = at.unwrap_or(now);
    Ok(Question { window, by: args.by.clone(), switches, discounts, reprice_all, price_at })
}

async fn ask_locally(args: &Args, settings: &Settings, prices: Option<String>) -> anyhow::Result<WhatIfAnswer> {
    let Some(tenant) = &args.tenant else { return Err(Failure::usage("tenant: is required")) };
    local::with(settings, async |local| {
        let who = local.speak_for(tenant).await?;
        let zone = local.service.tenant(&who).await?.zone;
        let question = question(args, &zone, prices.is_some())?;
        let answer = local.service.what_if(&who, &question, prices.as_deref().map(str::as_bytes)).await?;
        Ok(WhatIfAnswer::new(&question, &answer))
    })
    .await
}

fn show(answer: &WhatIfAnswer) -> anyhow::Result<()> {
    let mut columns: Vec<Column> = vec![Column::Text("Usage")];
    columns.extend(["Actual", "Would cost", "Saves", "Events", "Repriced"].map(Column::Number));
    let mut rows: Vec<Vec<String>> = Vec::new();
    for row in &answer.rows {
        let keys = answer.group_by.iter().map(|name| row.keys.get(name).cloned().flatten());
        let keys: Vec<String> = keys.map(|key| key.unwrap_or_else(|| "(none)".to_owned())).collect();
        rows.push(cells(keys.join(" · "), &row.costs));
    }
    rows.push(cells("total".to_owned(), &answer.total));
    output::table(&columns, rows)?;
    for left in &answer.not_repriced {
        output::talk(format!(
            "{} events of {}/{} keep their cost: {}",
            grouped(left.events.into()),
            left.provider,
            left.model,
            left.reason.replace('_', " "),
        ));
    }
    for switch in &answer.unused_switches {
        output::talk(format!("{switch} changes nothing: no usage of that window fits it"));
    }
    if answer.total.low_usd != answer.total.high_usd {
        output::talk("the range: every cache as warm as it was, to a cold cache wherever the model is another one");
    }
    Ok(())
}

fn cells(name: String, costs: &WhatIfCosts) -> Vec<String> {
    vec![
        name,
        usd(costs.actual_usd),
        range(costs.low_usd, costs.high_usd),
        range(costs.saving_low_usd, costs.saving_high_usd),
        grouped(costs.events.into()),
        grouped(costs.repriced_events.into()),
    ]
}

fn range(low: purser_domain::money::Money, high: purser_domain::money::Money) -> String {
    if low == high { usd(low) } else { format!("{} – {}", usd(low), usd(high)) }
}
