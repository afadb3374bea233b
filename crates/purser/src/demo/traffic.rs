//! Thirty days of traffic from a seed: every company, every workload, by hour of the day and of the week.
//! Invariant: the same (seed, end, size) gives the same events, byte for byte; none lies after the end.

use purser_domain::time::Timestamp;
use purser_domain::usage::{Leaf, Usage};
use purser_domain::usage_event::{Status, UsageEvent};

use super::incident;
use super::random::{Random, whole};
use super::workload::{Agent, COMPANIES, Company, Model, Workload};

/// Days of traffic.
pub(crate) const DAYS: usize = 30;
pub(super) const HOUR_MICROS: i64 = 3_600_000_000;
pub(super) const DAY_MICROS: i64 = 24 * HOUR_MICROS;

/// What to make.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Order {
    /// Seed of all draws.
    pub(crate) seed: u64,
    /// The end of the traffic.
    pub(crate) until: Timestamp,
    /// About how many events, incidents aside.
    pub(crate) events: usize,
}

/// One company's events, by time.
pub(crate) struct Traffic {
    /// Whose.
    pub(crate) company: &'static Company,
    /// What happened.
    pub(crate) events: Vec<UsageEvent>,
}

/// Makes the traffic that `order` asks for.
pub(crate) fn generate(order: Order) -> Vec<Traffic> {
    let mut stream = 0;
    let mut made = Vec::new();
    for company in COMPANIES {
        let mut events = Vec::new();
        for workload in company.workloads {
            stream += 1;
            let count = whole(order.events as f64 * company.share * workload.share);
            let mut maker = Maker { order, company, workload, random: Random::new(order.seed, stream) };
            maker.fill(usize::try_from(count).unwrap_or(usize::MAX), &mut events);
        }
        incident::strike(order, company, &mut events);
        events.retain(|event| event.occurred_at < order.until);
        events.sort_by(|a, b| (a.occurred_at, &a.event_id).cmp(&(b.occurred_at, &b.event_id)));
        made.push(Traffic { company, events });
    }
    made
}

pub(super) struct Maker {
    pub(super) order: Order,
    pub(super) company: &'static Company,
    pub(super) workload: &'static Workload,
    pub(super) random: Random,
}

impl Maker {
    fn fill(&mut self, count: usize, events: &mut Vec<UsageEvent>) {
        let hours = self.cumulative_hours();
        let target = events.len() + count;
        while events.len() < target {
            let start = self.instant(&hours);
            match self.workload.agent {
                Some(agent) => self.run(agent, start, events),
                None => events.push(self.call(start)),
            }
        }
    }

    /// Running sums of the weight of each of the window's hours.
    fn cumulative_hours(&mut self) -> Vec<f64> {
        let first = self.order.until.micros() - DAY_MICROS * DAYS as i64;
        let offset = self.company.utc_offset_hours * HOUR_MICROS;
        let (mut sum, mut of_day) = (0.0, 1.0);
        let mut sums = Vec::with_capacity(DAYS * 24);
        for hour in 0..DAYS as i64 * 24 {
            let local = (first + hour * HOUR_MICROS + offset).div_euclid(HOUR_MICROS);
            // The epoch was a Thursday: day 0 modulo 7, so Saturday is 2 and Sunday is 3.
            let is_weekend = matches!(local.div_euclid(24).rem_euclid(7), 2 | 3);
            if hour % 24 == 0 {
                of_day = 0.92 + 0.16 * self.random.unit();
            }
            let growth = 1.0 + 0.004 * (hour as f64 / 24.0);
            let of_hour = usize::try_from(local.rem_euclid(24)).unwrap_or(0);
            sum += self.workload.shape.weight(of_hour, is_weekend) * of_day * growth;
            sums.push(sum);
        }
        sums
    }

    fn instant(&mut self, sums: &[f64]) -> Timestamp {
        let total = sums.last().copied().unwrap_or(1.0);
        let wanted = self.random.unit() * total;
        let hour = sums.partition_point(|sum| *sum <= wanted).min(sums.len().saturating_sub(1));
        let first = self.order.until.plus_micros(-DAY_MICROS * DAYS as i64);
        let within = i64::try_from(self.random.between(0, 3_599_999)).unwrap_or(0) * 1_000;
        first.plus_micros(i64::try_from(hour).unwrap_or(0) * HOUR_MICROS + within)
    }

    /// One call, not part of a run.
    pub(super) fn call(&mut self, at: Timestamp) -> UsageEvent {
        let model = self.model();
        let read = self.random.size(self.workload.input_tokens, 0.55);
        let mut event = self.event(at, model, read);
        if self.random.chance(self.workload.failing) {
            fail(&mut event, &mut self.random);
        }
        event
    }

    fn model(&mut self) -> Model {
        let index = self.random.choose(self.workload.models.iter().map(|(weight, _)| *weight));
        self.workload.models[index].1
    }

    /// A run: steps that read ever more, each perhaps after failed tries.
    fn run(&mut self, agent: Agent, start: Timestamp, events: &mut Vec<UsageEvent>) {
        let steps = self.random.between(u64::from(agent.steps.0), u64::from(agent.steps.1));
        let (run_id, trace_id, session_id) = (self.random.hex(16), self.random.hex(32), self.random.hex(12));
        let root_span = self.random.hex(16);
        let user = self.user();
        let model = self.model();
        let breaks_at = self.random.chance(0.08).then(|| self.random.between(2, steps.max(2)));
        let mut at = start;
        for step in 1..=steps {
            let growth = 0.5 + step as f64 / steps as f64;
            let read = self.random.size(self.workload.input_tokens * growth, 0.3);
            let skill_count = agent.skills.len() as u64;
            let skill = agent.skills[usize::try_from(self.random.between(0, skill_count - 1)).unwrap_or(0)];
            let broken = breaks_at == Some(step);
            let mut attempt = 1;
            loop {
                let mut event = self.event(at, model, read);
                event.source = "otlp".to_owned();
                event.agent = Some(agent.name.to_owned());
                event.skill = Some(skill.to_owned());
                event.run_id = Some(format!("run-{run_id}"));
                event.session_id = Some(format!("session-{session_id}"));
                event.trace_id = Some(trace_id.clone());
                event.span_id = Some(self.random.hex(16));
                event.parent_span_id = Some(root_span.clone());
                event.user_id = Some(user.clone());
                event.attempt = Some(attempt);
                let failed = broken || self.random.chance(self.workload.failing);
                if failed {
                    fail(&mut event, &mut self.random);
                }
                at = at.plus_micros(i64::try_from(event.latency_ms.unwrap_or(0)).unwrap_or(0) * 1_000 + 400_000);
                events.push(event);
                if !failed || attempt == 3 {
                    break;
                }
                attempt += 1;
            }
            if broken {
                return;
            }
        }
    }

    pub(super) fn user(&mut self) -> String {
        // Squaring favours low numbers: a few people use most.
        let spot = self.random.unit();
        let number = whole((spot * spot * f64::from(self.workload.users)).floor()) + 1;
        let kind = if self.workload.users <= 3 { "service" } else { "user" };
        format!("{}-{kind}-{number:03}", self.workload.project)
    }

    /// A call that answers, reading `read` tokens in all.
    pub(super) fn event(&mut self, at: Timestamp, model: Model, read: u64) -> UsageEvent {
        let workload = self.workload;
        let usage = self.usage(model, read.max(8));
        let written = usage.get(Leaf::Output) + usage.get(Leaf::Reasoning);
        let latency = self.random.size(280.0 + 11.0 * written as f64 + 0.02 * read as f64, 0.35);
        let is_embedding = model.name.contains("embedding");
        UsageEvent {
            event_id: format!("evt-{}", self.random.hex(20)),
            source: "api".to_owned(),
            occurred_at: at,
            provider: model.provider.to_owned(),
            model: model.name.to_owned(),
            operation: Some(if is_embedding { "embeddings" } else { "chat" }.to_owned()),
            usage,
            service_tier: model.tier.map(str::to_owned),
            project: Some(workload.project.to_owned()),
            environment: Some(workload.environment.to_owned()),
            feature_tag: Some(workload.feature.to_owned()),
            user_id: Some(self.user()),
            response_id: Some(format!("resp-{}", self.random.hex(20))),
            latency_ms: Some(latency),
            tags: [("team".to_owned(), workload.team.to_owned())].into(),
            ..UsageEvent::default()
        }
    }

    fn usage(&mut self, model: Model, read: u64) -> Usage {
        let workload = self.workload;
        let part = |of: u64, share: f64| whole(of as f64 * share).min(of);
        let hit = workload.cached > 0.0 && self.random.chance(0.85);
        let cached = if hit { part(read, workload.cached * (0.8 + 0.4 * self.random.unit())) } else { 0 };
        // Only Anthropic bills what it writes to its cache.
        let writes = workload.cached > 0.0 && model.provider == "anthropic";
        let stored = if writes { part(read - cached, if hit { 0.12 } else { workload.cached }) } else { 0 };
        let written = self.random.size(workload.output_tokens, 0.6);
        let reasons = workload.reasoning > 0.0 && !model.name.contains("haiku");
        let hidden = if reasons { part(written, workload.reasoning * (0.5 + self.random.unit())) } else { 0 };
        Usage::default()
            .with(Leaf::Input, read - cached - stored)
            .with(Leaf::CacheRead, cached)
            .with(Leaf::CacheWrite5m, stored)
            .with(Leaf::Output, written - hidden)
            .with(Leaf::Reasoning, hidden)
    }
}

/// Turns a call into one that failed: it read, but wrote nothing.
pub(super) fn fail(event: &mut UsageEvent, random: &mut Random) {
    const KINDS: [&str; 4] = ["rate_limit_exceeded", "timeout", "overloaded", "context_length_exceeded"];
    let kind = KINDS[random.choose([0.5, 0.25, 0.2, 0.05].into_iter())];
    event.status = Status::Error;
    event.error_type = Some(kind.to_owned());
    event.response_id = None;
    // A timed-out call was read and is billed; the others were turned away.
    event.usage = match kind {
        "timeout" => Usage::default().with(Leaf::Input, event.usage.total_input()),
        _ => Usage::default(),
    };
    event.latency_ms = Some(if kind == "timeout" { 60_000 } else { random.between(40, 400) });
}
