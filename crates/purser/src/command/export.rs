//! `purser export`: charges as a file that others can read: FOCUS as CSV or Parquet, or plain CSV of the ledger.

mod focus_file;
mod plain;

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::ValueEnum;
use futures::StreamExt;
use purser_domain::entry::Entry;
use purser_domain::tenant::TenantId;
use purser_domain::time::Window;
use purser_engine::focus::row::Version;
use purser_engine::focus::{self, Detail, Export};
use purser_engine::price_book::{PriceBook, TenantBook};
use purser_ledger::entry_filter::EntryFilter;
use purser_service::Principal;
use purser_service::clock::Clock;

use crate::config::Settings;
use crate::exit::{Exit, Failure};
use crate::local::{self, Local, ledger_failure};
use crate::output::{self, grouped};
use crate::time;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// FOCUS as CSV
    Focus,
    /// The ledger's own columns as CSV
    Csv,
    /// FOCUS as Parquet
    Parquet,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Grain {
    /// A row per ledger entry (and leaf, in FOCUS)
    Event,
    /// Sums of UTC hours
    Hour,
    /// Sums of UTC days
    Day,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FocusVersion {
    /// FOCUS 1.2
    #[value(name = "1.2")]
    V1_2,
    /// FOCUS 1.4
    #[value(name = "1.4")]
    V1_4,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The tenant
    #[arg(long)]
    tenant: TenantId,
    /// What to write
    #[arg(long, value_enum)]
    format: Format,
    /// The version of FOCUS
    #[arg(long, value_enum, default_value = "1.2", value_name = "VERSION")]
    focus_version: FocusVersion,
    /// What FOCUS rows name as their invoice; {tenant}, {provider} and {month} stand for the row's own [default: the
    /// setting focus_invoice_id]
    #[arg(long, value_name = "TEMPLATE")]
    invoice_id: Option<String>,
    /// How finely charges are kept apart
    #[arg(long, value_enum, default_value = "day")]
    grain: Grain,
    /// First instant: a UTC date, RFC 3339, or an age such as 30d
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// First instant after
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Where to write; without it, stdout
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Where to list usage without a price, which is left out of the export
    #[arg(long, value_name = "FILE")]
    unpriced: Option<PathBuf>,
}

pub(crate) async fn run(args: Args, settings: &Settings) -> anyhow::Result<Exit> {
    if args.format == Format::Parquet && args.output.is_none() {
        return Err(Failure::usage("output: Parquet needs --output FILE"));
    }
    let zone = jiff::tz::TimeZone::UTC;
    let window = time::window(args.from.as_deref(), args.to.as_deref(), &zone, Clock::System.now())?;
    let window = match args.grain {
        Grain::Event | Grain::Hour => window,
        Grain::Day => window.map(focus::whole_days),
    };
    local::with(settings, async |local| {
        let who = local.speak_for(&args.tenant).await?;
        match args.format {
            Format::Csv => export_plain(local, &who, &args, window).await,
            Format::Focus | Format::Parquet => {
                let invoice = args.invoice_id.clone().or_else(|| settings.focus_invoice_id.clone());
                export_focus(local, &who, &args, window, invoice).await
            }
        }
    })
    .await?;
    Ok(Exit::Done)
}

async fn export_focus(
    local: &Local,
    who: &Principal,
    args: &Args,
    window: Option<Window>,
    invoice: Option<String>,
) -> anyhow::Result<()> {
    let (charged, listed) = books(local, who).await?;
    let detail = match args.grain {
        Grain::Event => Detail::Event,
        Grain::Hour => Detail::Hour,
        Grain::Day => Detail::Day,
    };
    let mut export = Export::new(args.tenant.as_str(), detail).with_invoice(invoice);
    let version = match args.focus_version {
        FocusVersion::V1_2 => Version::V1_2,
        FocusVersion::V1_4 => Version::V1_4,
    };
    each_entry(local, &args.tenant, window, |entries| {
        for entry in &entries {
            export.add(entry, &charged, &listed);
        }
        Ok(())
    })
    .await?;
    let rows = match (args.format, &args.output) {
        (Format::Parquet, Some(path)) => focus_file::write_parquet(&export, version, create(path)?)?,
        (_, Some(path)) => focus_file::write_csv(&export, version, create(path)?)?,
        (_, None) => focus_file::write_csv(&export, version, std::io::stdout().lock())?,
    };
    let left_out = focus_file::write_unpriced(&export, args.unpriced.as_deref())?;
    output::talk(format!("wrote {} rows", grouped(i128::from(rows))));
    if left_out > 0 {
        output::talk(format!("left out {} charged events without a price", grouped(left_out)));
    }
    Ok(())
}

async fn export_plain(local: &Local, who: &Principal, args: &Args, window: Option<Window>) -> anyhow::Result<()> {
    let out: Box<dyn Write> = match &args.output {
        Some(path) => Box::new(create(path)?),
        None => Box::new(std::io::stdout()),
    };
    let mut writer = csv::Writer::from_writer(out);
    let rows = match args.grain {
        Grain::Event => {
            plain::header(&mut writer)?;
            let mut rows = 0_u64;
            each_entry(local, &args.tenant, window, |entries| {
                for entry in &entries {
                    plain::row(&mut writer, entry)?;
                    rows += 1;
                }
                Ok(())
            })
            .await?;
            rows
        }
        Grain::Hour => plain::sums(local, who, purser_domain::time::Grain::Hour, window, &mut writer).await?,
        Grain::Day => plain::sums(local, who, purser_domain::time::Grain::Day, window, &mut writer).await?,
    };
    writer.flush()?;
    output::talk(format!("wrote {} rows", grouped(i128::from(rows))));
    Ok(())
}

async fn each_entry(
    local: &Local,
    tenant: &TenantId,
    window: Option<Window>,
    mut take: impl FnMut(Vec<Entry>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let filter = EntryFilter { window, ..EntryFilter::default() };
    let mut batches = local.ledger.scan(tenant, &filter).await.map_err(ledger_failure)?;
    while let Some(batch) = batches.next().await {
        take(batch.map_err(ledger_failure)?)?;
    }
    Ok(())
}

/// What the tenant pays, and the list prices.
async fn books(local: &Local, who: &Principal) -> anyhow::Result<(TenantBook, TenantBook)> {
    let book: Arc<PriceBook> = local.service.prices(who).await?;
    let overrides = local.service.price_overrides(who).await?.into_iter().map(|own| own.price).collect();
    let discounts = local.service.discounts(who).await?;
    let listed = PriceBook::for_tenant(book.clone(), Vec::new(), Vec::new());
    Ok((PriceBook::for_tenant(book, overrides, discounts), listed))
}

fn create(path: &std::path::Path) -> anyhow::Result<std::io::BufWriter<File>> {
    let file = File::create(path).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
    Ok(std::io::BufWriter::new(file))
}
