//! Codex's rollouts: `token_count` events tell the counts of the last response and the sums of the session.
//!
//! The event comes again whenever a limit changes, with the same sums. A session that is forked begins with the events
//! of its parent, written again with the time of the fork: only the ids of their turns tell when they were.
//! Invariant: a response is told by its session, the sums after it and its own counts; a copy has its parent's id.

use purser_domain::passed_over::Reason;
use purser_domain::time::Timestamp;
use purser_domain::usage_event::{FieldError, UNKNOWN_MODEL};

use super::{Calls, Log, count, object, refusal, set_project, time};
use crate::agent;
use crate::identity::content_id;
use crate::json::Picked;
use crate::normalise::{self, Accounting, Reported};

/// How long after its begin a session still copies its parent's events, where no turn tells, microseconds.
const COPY_MICROS: i64 = 2_000_000;

/// One rollout.
#[derive(Default)]
pub(super) struct Rollout {
    session: String,
    /// The sessions that this one began with, the nearest first.
    parents: Vec<String>,
    started: Option<Timestamp>,
    /// When the turn under way was begun, by its id.
    turn: Option<Timestamp>,
    model: Option<String>,
    provider: Option<String>,
    folder: Option<String>,
    tier: Option<String>,
    agent: Option<String>,
    /// The sums so far, and how often they began anew.
    sums: Option<Reported>,
    epoch: u32,
}

impl Log for Rollout {
    fn read(&mut self, text: &str, calls: &mut Calls) -> Result<(), Vec<FieldError>> {
        let line = object(text, ["timestamp", "type", "payload"])?;
        let kind = line.text("type").unwrap_or_default();
        let payload = line.raw("payload").unwrap_or_default();
        match &*kind {
            "session_meta" => self.session_meta(payload, time(&line, "timestamp").ok()),
            "turn_context" => self.turn_context(payload),
            "event_msg" => return self.event(payload, time(&line, "timestamp"), calls),
            _ => {}
        }
        calls.pass_over(&kind, Reason::NotACall);
        Ok(())
    }
}

impl Rollout {
    fn session_meta(&mut self, payload: &str, at: Option<Timestamp>) {
        let names = ["id", "cwd", "model", "model_provider", "forked_from_id", "source", "agent_role"];
        let Some(meta) = Picked::read(payload, names) else { return };
        let id = meta.first(&["id"]).unwrap_or_default();
        if !self.session.is_empty() {
            // The parent's own, copied.
            self.add_parent(Some(id));
            return;
        }
        self.started = minted(&id).or(at);
        self.session = id;
        self.model = meta.first(&["model"]);
        self.provider = meta.first(&["model_provider"]);
        self.folder = meta.first(&["cwd"]);
        self.agent = meta.first(&["agent_role"]);
        self.add_parent(meta.first(&["forked_from_id"]));
        self.add_parent(meta.raw("source").and_then(spawned_by));
    }

    fn add_parent(&mut self, id: Option<String>) {
        let is_new = |id: &String| !id.is_empty() && *id != self.session && !self.parents.contains(id);
        self.parents.extend(id.filter(is_new));
    }

    fn turn_context(&mut self, payload: &str) {
        let Some(turn) = Picked::read(payload, ["model", "cwd", "service_tier", "turn_id"]) else { return };
        self.turn_began(turn.text("turn_id").as_deref());
        self.model = turn.first(&["model"]).or(self.model.take());
        self.folder = turn.first(&["cwd"]).or(self.folder.take());
        self.tier = turn.text("service_tier").and_then(|tier| {
            // Codex's word for the tier that its fast mode asks for.
            normalise::service_tier(if tier == "fast" { "priority" } else { &tier })
        });
    }

    fn turn_began(&mut self, id: Option<&str>) {
        self.turn = id.and_then(minted).or(self.turn);
    }

    /// Whether what is read now was copied from a session before.
    fn is_copy(&self, at: Timestamp) -> bool {
        let (false, Some(started)) = (self.parents.is_empty(), self.started) else { return false };
        self.turn.map_or(at.micros() - started.micros() <= COPY_MICROS, |turn| turn < started)
    }

    fn event(
        &mut self,
        payload: &str,
        at: Result<Timestamp, Vec<FieldError>>,
        calls: &mut Calls,
    ) -> Result<(), Vec<FieldError>> {
        let payload = object(payload, ["type", "info", "turn_id"])?;
        let kind = payload.text("type").unwrap_or_default();
        if kind == "task_started" {
            self.turn_began(payload.text("turn_id").as_deref());
        }
        let info = payload.raw("info").filter(|_| kind == "token_count");
        let Some(info) = info.and_then(|info| Picked::read(info, ["last_token_usage", "total_token_usage"])) else {
            calls.pass_over(&kind, Reason::NotACall);
            return Ok(());
        };
        let sums = info.raw("total_token_usage").map(tokens).transpose()?;
        let last = info.raw("last_token_usage").map(tokens).transpose()?;
        if sums.is_some() && sums == self.sums {
            calls.pass_over(&kind, Reason::Repeated);
            return Ok(());
        }
        let before = self.sums.unwrap_or_default();
        let began_anew = sums.is_some_and(|sums| sums.total < before.total);
        self.epoch += u32::from(began_anew);
        let before = if began_anew { Reported::default() } else { before };
        let last = last.or_else(|| sums.map(|sums| difference(&sums, &before))).unwrap_or_default();
        self.sums = sums.or(self.sums);
        if last.input == 0 && last.output == 0 {
            calls.pass_over(&kind, Reason::NotACall);
            return Ok(());
        }
        self.response(&sums.unwrap_or_default(), &last, at?, calls);
        Ok(())
    }

    fn response(&self, sums: &Reported, last: &Reported, at: Timestamp, calls: &mut Calls) {
        let id = |session: &str| {
            let counts = [sums.total, sums.input, sums.output, last.input, last.cache_read, last.output, last.total];
            let counts = counts.map(|count| count.to_string());
            let epoch = self.epoch.to_string();
            let parts = [session, &epoch].into_iter().chain(counts.iter().map(String::as_str));
            content_id("codex", parts, 0)
        };
        let mut session = &self.session;
        if self.is_copy(at) {
            if [&self.session].into_iter().chain(&self.parents).any(|session| calls.seen.contains(&id(session))) {
                // A session that is forked from this one copies it too.
                calls.seen.insert(&id(&self.session));
                return calls.pass_over("token_count", Reason::Repeated);
            }
            // A copy that comes before its original has the original's id.
            let is_read = |parent: &&String| calls.seen.contains(&session_key(parent));
            session = self.parents.iter().find(|parent| !is_read(parent)).unwrap_or(session);
        }
        let mut event = calls.event();
        event.event_id = id(session);
        event.occurred_at = at;
        event.session_id = Some(session.clone()).filter(|id| !id.is_empty());
        event.model = self.model.clone().unwrap_or_else(|| UNKNOWN_MODEL.to_owned());
        if event.provider.is_empty() {
            event.provider = agent::codex_provider(self.provider.as_deref(), &event.model);
        }
        event.service_tier.clone_from(&self.tier);
        event.agent = self.agent.clone().or(event.agent);
        set_project(&mut event, self.folder.as_deref());
        calls.seen.insert(&session_key(&self.session));
        calls.offer(event, last, Accounting::TOTALS);
    }
}

/// The id under which a session that was read is noted.
fn session_key(session: &str) -> String {
    format!("session {session}")
}

/// When a UUID of version 7 was made; its first 48 bits are milliseconds.
fn minted(id: &str) -> Option<Timestamp> {
    let (high, rest) = id.split_once('-')?;
    let (low, rest) = rest.split_once('-')?;
    let is_version_7 = id.len() == 36 && high.len() == 8 && low.len() == 4 && rest.starts_with('7');
    let millis = is_version_7.then(|| i64::from_str_radix(&format!("{high}{low}"), 16).ok())??;
    Some(Timestamp::from_micros(millis.saturating_mul(1_000)))
}

/// The session that spawned this one as a subagent.
fn spawned_by(source: &str) -> Option<String> {
    let subagent = Picked::read(source, ["subagent"])?;
    let spawn = Picked::read(subagent.raw("subagent")?, ["thread_spawn"])?;
    Picked::read(spawn.raw("thread_spawn")?, ["parent_thread_id"])?.first(&["parent_thread_id"])
}

fn tokens(usage: &str) -> Result<Reported, Vec<FieldError>> {
    let names = [
        "input_tokens",
        "cached_input_tokens",
        "cache_write_input_tokens",
        "output_tokens",
        "reasoning_output_tokens",
        "total_tokens",
    ];
    let usage = Picked::read(usage, names).ok_or_else(|| refusal("a token usage must be an object"))?;
    Ok(Reported {
        input: count(&usage, names[0])?,
        cache_read: count(&usage, names[1])?,
        cache_write: count(&usage, names[2])?,
        output: count(&usage, names[3])?,
        reasoning: count(&usage, names[4])?,
        total: count(&usage, names[5])?,
        ..Reported::default()
    })
}

/// What came on top of `before`.
fn difference(sums: &Reported, before: &Reported) -> Reported {
    Reported {
        input: sums.input.saturating_sub(before.input),
        cache_read: sums.cache_read.saturating_sub(before.cache_read),
        cache_write: sums.cache_write.saturating_sub(before.cache_write),
        output: sums.output.saturating_sub(before.output),
        reasoning: sums.reasoning.saturating_sub(before.reasoning),
        total: sums.total.saturating_sub(before.total),
        ..Reported::default()
    }
}
