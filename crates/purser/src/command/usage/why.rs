//! `purser usage why`: the price of an event's charge and all that was applied to it, part by part.

use purser_api::why::{SightingRecord, WhyPart, WhyPrice, WhyRecord};
use purser_domain::charge::CostSource;
use purser_domain::money::Money;
use purser_domain::tenant::TenantId;
use serde_json::json;

use crate::config::Settings;
use crate::exit::{Exit, Failure};
use crate::local;
use crate::output::{self, Column};
use crate::remote::RemoteFlags;

#[derive(Debug, clap::Args)]
pub(crate) struct Why {
    /// The event's id
    event: String,
    /// The tenant; not needed with --server
    #[arg(long, required_unless_present = "server", conflicts_with = "server")]
    tenant: Option<TenantId>,
    /// The event's source, if several sources used the id
    #[arg(long)]
    source: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    remote: RemoteFlags,
}

/// A charge in force and its explanation.
struct Answer {
    source: String,
    cost: Option<(Money, &'static str)>,
    rated_usd: Option<Money>,
    reported_usd: Option<Money>,
    why: WhyRecord,
}

pub(super) async fn run(args: &Why, settings: &Settings) -> anyhow::Result<Exit> {
    let answer = match args.remote.client()? {
        Some(client) => remote(&client, args).await?,
        None => local::with(settings, async |local| on_disk(local, args).await).await?,
    };
    let Some(answer) = answer else {
        let message =
            format!("event {:?} has no charge in force: it was withdrawn, or another sighting is charged", args.event);
        return Err(Failure::with(Exit::NotFound, message));
    };
    if args.json {
        output::json(&json!({
            "event_id": args.event,
            "source": answer.source,
            "cost_usd": answer.cost.map(|(cost, _)| cost),
            "cost_source": answer.cost.map_or("unpriced", |(_, source)| source),
            "rated_usd": answer.rated_usd,
            "reported_usd": answer.reported_usd,
            "why": answer.why,
        }))?;
    } else {
        show(&args.event, &answer)?;
    }
    Ok(Exit::Done)
}

async fn on_disk(local: &local::Local, args: &Why) -> anyhow::Result<Option<Answer>> {
    let Some(tenant) = &args.tenant else { return Err(Failure::usage("tenant: is required")) };
    let who = local.speak_for(tenant).await?;
    let detail = local.service.event(&who, &args.event, args.source.as_deref()).await?;
    Ok(detail.current.zip(detail.why).map(|(entry, (why, sightings))| Answer {
        source: entry.event.source,
        cost: entry.charge.cost().map(|(cost, source): (Money, CostSource)| (cost, source.name())),
        rated_usd: entry.charge.rated_usd,
        reported_usd: entry.charge.reported_usd,
        why: WhyRecord::new(why, sightings),
    }))
}

async fn remote(client: &purser_client::Client, args: &Why) -> anyhow::Result<Option<Answer>> {
    let detail = client.event(&args.event, args.source.as_deref()).await?;
    Ok(detail.current.zip(detail.why).map(|(entry, why)| Answer {
        cost: entry.cost_usd.map(|cost| (cost, if entry.cost_source == "rated" { "rated" } else { "reported" })),
        source: entry.source,
        rated_usd: entry.rated_usd,
        reported_usd: entry.reported_usd,
        why,
    }))
}

fn show(event: &str, answer: &Answer) -> anyhow::Result<()> {
    let why = &answer.why;
    let cost = answer.cost.map_or_else(
        || format!("unpriced ({})", why.match_reason),
        |(cost, source)| format!("{cost} USD ({source}, {})", why.match_reason),
    );
    output::line(format!("{event} of {}: {cost}", answer.source))?;
    for line in facts(answer) {
        output::line(line)?;
    }
    parts(&why.parts)?;
    if why.sightings.len() > 1 {
        sightings(&why.sightings)?;
    }
    Ok(())
}

fn facts(answer: &Answer) -> Vec<String> {
    let why = &answer.why;
    let mut facts = Vec::new();
    let mut tell = |name: &str, text: Option<String>| facts.extend(text.map(|text| format!("{name:<10} {text}")));
    tell("price", why.price.as_ref().map(price));
    let step = if why.over_input_tokens > 0 {
        let (over, read) = (output::grouped(why.over_input_tokens.into()), output::grouped(why.context_tokens.into()));
        format!(", calls that read more than {over} tokens (this one {read})")
    } else {
        String::new()
    };
    tell("tier", Some(format!("{}{step}", why.service_tier)).filter(|_| !why.service_tier.is_empty()));
    for factor in &why.factors {
        tell("factor", Some(format!("{} {} × {}", factor.dimension, factor.value, factor.ratio)));
    }
    tell("discount", why.discount_percent.as_ref().map(|percent| format!("{percent} % off the book's rates")));
    tell("unrated", Some(why.unrated.join(", ")).filter(|names| !names.is_empty()));
    tell("at least", why.at_least_usd.map(|least| format!("{least} USD")));
    tell("rated", answer.rated_usd.map(|rated| format!("{rated} USD")));
    tell("reported", answer.reported_usd.map(|reported| format!("{reported} USD")));
    tell("preference", why.preference.clone());
    facts
}

fn price(price: &WhyPrice) -> String {
    let from = price.effective_from.map_or_else(|| "undated".to_owned(), |from| format!("from {from}"));
    let to = price.effective_to.map_or_else(String::new, |to| format!(" to {to}"));
    let url = price.url.as_deref().map_or_else(String::new, |url| format!(", {url}"));
    let other =
        if price.is_other { "; the event was charged at another price: the rates are those of now" } else { "" };
    format!(
        "{} {} {}, {from}{to}; {}{url}, read {}{other}",
        price.provider, price.model, price.version, price.catalogue, price.retrieved
    )
}

fn parts(parts: &[WhyPart]) -> anyhow::Result<()> {
    let columns = [
        Column::Text("Part"),
        Column::Number("Quantity"),
        Column::Number("USD"),
        Column::Number("For"),
        Column::Text("Rate of"),
        Column::Number("Amount USD"),
    ];
    let rows = parts.iter().map(|part| {
        let rate_of = match (&part.charged_as, part.is_own) {
            (Some(other), _) => other.clone(),
            (None, true) => "own price".to_owned(),
            (None, false) => String::new(),
        };
        vec![
            part.name.clone(),
            part.quantity.clone(),
            part.rate_usd.clone().unwrap_or_else(|| "none".to_owned()),
            output::grouped(part.per.into()),
            rate_of,
            part.amount_usd.map_or_else(|| "unknown".to_owned(), |amount| amount.to_string()),
        ]
    });
    Ok(output::table(&columns, rows)?)
}

fn sightings(sightings: &[SightingRecord]) -> anyhow::Result<()> {
    let rows = sightings.iter().map(|sighting| {
        let knew: Vec<String> = sighting.knew.iter().map(|(name, text)| format!("{name} {text}")).collect();
        vec![sighting.source.clone(), sighting.event_id.clone(), knew.join(", ")]
    });
    Ok(output::table(&["Seen by", "Event", "What it knew"].map(Column::Text), rows)?)
}
