//! Measures the baseline beside a candidate that answers, fails, hangs or cannot keep up: `shadow_bench DIR REQUESTS`.
//!
//! Requests come one after the other, none waits for the candidate. Prints one JSON object per kind of candidate.

#![expect(clippy::print_stdout, reason = "a benchmark's figures are its output")]

use std::path::Path;
use std::time::{Duration, Instant};

use purser_domain::api_key::Role;
use purser_domain::simulation::v2;
use purser_domain::step::Step;
use purser_ledger::{Config, Ledger};
use purser_service::clock::Clock;
use purser_service::sandbox::{self, Candidate, Input, Parametric};
use purser_service::simulation::Request;
use purser_service::{Principal, Service};
use purser_store::Store;
use tokio::runtime::{Builder, Handle};

/// What the candidate does.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Off,
    Answers,
    Fails,
    Hangs,
    /// Takes longer than requests need to come.
    Lags,
}

impl Candidate for Kind {
    fn simulate(&self, input: Input<'_>) -> Result<v2::Simulation, String> {
        match self {
            Self::Off | Self::Answers => Parametric.simulate(input),
            Self::Fails => Err("on purpose".to_owned()),
            Self::Hangs => {
                std::thread::sleep(Duration::from_secs(3_600));
                Err("awake".to_owned())
            }
            Self::Lags => {
                std::thread::sleep(Duration::from_millis(5));
                Parametric.simulate(input)
            }
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [directory, requests] = arguments.as_slice() else { return Err("shadow_bench DIR REQUESTS".into()) };
    let requests: usize = requests.parse()?;
    let background = Builder::new_current_thread().max_blocking_threads(1).build()?;
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    for kind in [Kind::Off, Kind::Answers, Kind::Fails, Kind::Hangs, Kind::Lags] {
        let directory = Path::new(directory).join(format!("{kind:?}"));
        runtime.block_on(measure(&directory, kind, requests, background.handle()))?;
    }
    Ok(())
}

async fn measure(
    directory: &Path,
    kind: Kind,
    requests: usize,
    background: &Handle,
) -> Result<(), Box<dyn std::error::Error>> {
    std::fs::create_dir_all(directory)?;
    let store = Store::open(&purser_store::Config { url: None, data_dir: directory.to_owned() }).await?;
    let background_runtime = Some(background.clone());
    let ledger = Ledger::open(Config { background_runtime, ..Config::local(directory) }, store.clone()).await?;
    let service = Service::open(store, ledger, Clock::System).await?;
    let config = sandbox::Config {
        enabled: !matches!(kind, Kind::Off),
        deadline: Duration::from_millis(100),
        ..sandbox::Config::default()
    };
    service.start_sandbox_with(config, Box::new(kind));
    let who = Principal::new("bench".parse()?, Role::Read, "bench".to_owned());
    let mut micros = Vec::with_capacity(requests);
    for _ in 0..requests {
        let started = Instant::now();
        service.simulate_v1(&who, request()).await?;
        micros.push(started.elapsed().as_secs_f64() * 1e6);
    }
    micros.sort_by(f64::total_cmp);
    let quantile = |q: f64| micros[((requests - 1) as f64 * q) as usize];
    let counts = service.sandbox_status(&who)?.counts;
    println!(
        r#"{{"candidate": "{kind:?}", "baseline_us": {{"p50": {:.1}, "p99": {:.1}, "max": {:.0}}}, "answered": {}, "failed": {}, "timed_out": {}, "dropped": {}}}"#,
        quantile(0.5),
        quantile(0.99),
        quantile(1.0),
        counts.answered,
        counts.failed,
        counts.timed_out,
        counts.dropped
    );
    service.shutdown().await?;
    Ok(())
}

/// A plan of ten steps.
fn request() -> Request {
    let skills =
        ["http_call", "json_transform", "kv_get", "kv_set", "fs_read", "fs_write", "email_send", "webhook_send"];
    let mut steps: Vec<Step> = skills.into_iter().map(Step::new).collect();
    steps.push(Step::new("llm_invoke").with("prompt", "x".repeat(400)));
    steps.push(Step::new("llm_invoke").with("prompt", "y".repeat(900)).times(2));
    Request { steps, ..Request::default() }
}
