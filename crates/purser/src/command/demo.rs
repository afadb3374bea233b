//! `purser demo`: a data directory of sample traffic through the real way in, then a server on it.
//! Invariant: it never writes into a directory that it did not make.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context;
use purser_domain::api_key::Role;
use purser_domain::money::Money;
use purser_domain::tenant::{Tenant, TenantId};
use purser_domain::time::Timestamp;
use purser_service::Error;
use purser_service::clock::Clock;
use purser_service::decode::decoded::{Decoded, Incoming};
use purser_service::ingest::Options;
use serde::{Deserialize, Serialize};

use crate::config::{ListenFlags, Settings};
use crate::demo::traffic::{Order, Traffic, generate};
use crate::exit::{Exit, Failure};
use crate::local::{Local, operator};
use crate::output;

/// Where the demo lives unless it is told otherwise.
const DEFAULT_DIR: &str = "purser-demo";
/// The file that marks a directory as the demo's.
const MARKER: &str = "demo.json";
/// Events per request.
const STEP: usize = 5_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) listen: ListenFlags,
    /// Fill the directory and end
    #[arg(long)]
    no_serve: bool,
    /// Seed of the traffic
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// About how many events
    #[arg(long, default_value_t = 60_000)]
    events: usize,
    /// End of the 30 days, RFC 3339; now, if absent
    #[arg(long, hide = true)]
    until: Option<Timestamp>,
}

/// What the demo remembers of its directory. The keys open sample data only.
#[derive(Debug, Serialize, Deserialize)]
struct Marker {
    complete: bool,
    seed: u64,
    until: Timestamp,
    events: usize,
    keys: BTreeMap<String, String>,
}

pub(crate) async fn run(args: Args, settings: &Settings, own_dir: bool) -> anyhow::Result<Exit> {
    let started = Instant::now();
    let settings =
        if own_dir { settings.clone() } else { Settings { data_dir: PathBuf::from(DEFAULT_DIR), ..settings.clone() } };
    super::serve::check_listen(&settings)?;
    let marker_path = settings.data_dir.join(MARKER);
    let known = read_marker(&settings.data_dir, &marker_path)?;
    let bound = if args.no_serve { None } else { Some(super::serve::Bound::bind(&settings).await?) };
    let local = Local::open(&settings, !args.no_serve).await?;
    let marker = match known {
        Some(marker) if marker.complete => marker,
        known => fill(&local, &args, known, &marker_path).await?,
    };
    let events = local.ledger.stats().await.map(|stats| stats.lake_rows + stats.inbox_rows).unwrap_or_default();
    output::talk(format!(
        "{} events in {}, ready after {:.1} s",
        output::grouped(events.into()),
        settings.data_dir.display(),
        started.elapsed().as_secs_f64()
    ));
    match bound {
        None => {
            show_keys(&marker)?;
            local.close().await?;
        }
        Some(bound) => {
            output::line(format!("open {}", bound.url()))?;
            show_keys(&marker)?;
            output::talk("Ctrl-C stops; the directory is used again next time");
            super::serve::serve(local, bound).await?;
        }
    }
    Ok(Exit::Done)
}

fn show_keys(marker: &Marker) -> anyhow::Result<()> {
    for company in crate::demo::workload::COMPANIES {
        if let Some(key) = marker.keys.get(company.tenant) {
            output::line(format!("key {key} ({})", company.tenant))?;
        }
    }
    Ok(())
}

fn read_marker(dir: &Path, path: &Path) -> anyhow::Result<Option<Marker>> {
    if path.is_file() {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        return serde_json::from_str(&text).map(Some).with_context(|| path.display().to_string());
    }
    let taken = dir.read_dir().is_ok_and(|mut entries| entries.next().is_some());
    if taken {
        let message = format!("{} is not empty and not a demo: give another --data-dir", dir.display());
        return Err(Failure::with(Exit::Conflict, message));
    }
    Ok(None)
}

fn write_marker(path: &Path, marker: &Marker) -> anyhow::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(path)
        .with_context(|| path.display().to_string())?;
    Ok(file.write_all(&serde_json::to_vec_pretty(marker)?)?)
}

async fn fill(local: &Local, args: &Args, known: Option<Marker>, path: &Path) -> anyhow::Result<Marker> {
    let until = args.until.unwrap_or_else(|| Clock::System.now());
    let fresh = Marker { complete: false, seed: args.seed, until, events: args.events, keys: BTreeMap::new() };
    // An interrupted filling goes on with the same traffic: what is there already counts once.
    let mut marker = known.unwrap_or(fresh);
    write_marker(path, &marker)?;
    let made = generate(Order { seed: marker.seed, until: marker.until, events: marker.events });
    let total: usize = made.iter().map(|traffic| traffic.events.len()).sum();
    let bar = crate::output::bar(total as u64, "events");
    for traffic in made {
        let tenant: TenantId = traffic.company.tenant.parse().map_err(anyhow::Error::msg)?;
        register(local, &tenant, &traffic).await?;
        if !marker.keys.contains_key(traffic.company.tenant) {
            let key = purser_service::api_key::create(&local.store, &tenant, Role::Admin, Clock::System.now()).await?;
            marker.keys.insert(traffic.company.tenant.to_owned(), key.secret);
            write_marker(path, &marker)?;
        }
        send(local, &tenant, traffic, &bar).await?;
    }
    bar.finish_and_clear();
    local.ledger.flush().await.map_err(crate::local::ledger_failure)?;
    marker.complete = true;
    write_marker(path, &marker)?;
    Ok(marker)
}

async fn register(local: &Local, tenant: &TenantId, traffic: &Traffic) -> anyhow::Result<()> {
    if local.store.tenant().get(tenant).await.map_err(Error::from)?.is_none() {
        let made = Tenant { zone: traffic.company.zone.to_owned(), ..Tenant::new(tenant.clone()) };
        local.store.tenant().create(&made).await.map_err(Error::from)?;
    }
    let who = operator(tenant);
    let known = local.service.feature_tags(&who, true).await?;
    for workload in traffic.company.workloads {
        if known.iter().any(|tag| tag.tag == workload.feature) {
            continue;
        }
        let draft = purser_service::feature_tag::Draft {
            tag: workload.feature.to_owned(),
            display_name: workload.title.to_owned(),
            description: None,
            budget_usd: Some(Money::from_cents(workload.budget_usd * 100)),
        };
        local.service.feature_tag_create(&who, draft).await?;
    }
    Ok(())
}

async fn send(local: &Local, tenant: &TenantId, traffic: Traffic, bar: &indicatif::ProgressBar) -> anyhow::Result<()> {
    let who = operator(tenant);
    let mut events = traffic.events.into_iter().peekable();
    while events.peek().is_some() {
        let batch = events.by_ref().take(STEP).enumerate();
        let events: Vec<Incoming> = batch.map(|(source_index, event)| Incoming::new(event, source_index)).collect();
        let count = events.len() as u64;
        local.service.ingest(&who, Decoded { events, ..Decoded::default() }, &Options::strict()).await?;
        bar.inc(count);
    }
    Ok(())
}
