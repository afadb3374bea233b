//! What happens when a node fails or takes too long.

use serde_json::Value;

use super::field::{Faults, Fields};
use super::{MS_MAX, Node};

/// The most attempts of one node.
pub const ATTEMPTS_MAX: u32 = 10;
/// The longest pause between two attempts: an hour.
pub const DELAY_MS_MAX: u64 = 3_600_000;

/// Retries, a time limit, and what happens in the end.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Guard {
    /// How often it is tried, and when again.
    pub retry: Option<Retry>,
    /// An attempt that takes longer has failed, and is paid for.
    pub timeout_ms: Option<u64>,
    /// What happens when the last attempt has failed.
    pub on_error: OnError,
}

/// What happens when the last attempt has failed.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum OnError {
    /// What holds the node fails too.
    #[default]
    Abort,
    /// The plan goes on.
    Continue,
    /// This is done instead.
    Fallback(Vec<Node>),
}

/// How often a node is tried, and the pauses between.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    /// Tries altogether, 1 to [`ATTEMPTS_MAX`].
    pub attempts: u32,
    /// How pauses grow.
    pub backoff: Backoff,
    /// The first pause.
    pub delay_ms: u64,
    /// No pause is longer.
    pub max_delay_ms: u64,
    /// A pause is shortened by a random part of it, up to this share.
    pub jitter: f64,
}

/// How pauses grow from one attempt to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backoff {
    /// d, d, d, d
    Constant,
    /// d, 2d, 3d, 4d
    Linear,
    /// d, 2d, 4d, 8d
    Exponential,
    /// d, d, 2d, 3d
    Fibonacci,
}

impl Retry {
    /// The pause after the `failed`-th failure (from 1), before jitter.
    #[must_use]
    pub fn pause_ms(&self, failed: u32) -> u64 {
        let factor = match self.backoff {
            Backoff::Constant => 1,
            Backoff::Linear => u64::from(failed),
            Backoff::Exponential => 1_u64.checked_shl(failed.saturating_sub(1)).unwrap_or(u64::MAX),
            Backoff::Fibonacci => (1..failed).fold((0, 1), |(a, b), _| (b, a + b)).1,
        };
        self.delay_ms.saturating_mul(factor).min(self.max_delay_ms)
    }
}

impl Guard {
    /// How often the node may be tried.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.retry.as_ref().map_or(1, |retry| retry.attempts)
    }

    /// The guard's fields except the fallback, which holds nodes.
    pub(super) fn parse(fields: &Fields<'_, '_>, faults: &mut Faults) -> Self {
        let choices = [("abort", false), ("continue", true), ("fallback", false)];
        let goes_on = fields.choice("on_error", &choices, faults).unwrap_or(false);
        let asks = fields.get("on_error").and_then(Value::as_str) == Some("fallback");
        match (asks, fields.get("fallback")) {
            (true, None) => faults.refuse(&fields.at("fallback"), &Value::Null, "is required with on_error fallback"),
            (false, Some(value)) if fields.get("on_error").is_some() => {
                faults.refuse(&fields.at("fallback"), value, "needs on_error fallback, or none");
            }
            _ => {}
        }
        Self {
            retry: fields.get("retry").and_then(|value| retry(value, &fields.at("retry"), faults)),
            timeout_ms: fields.whole("timeout_ms", 1, MS_MAX as u64, faults),
            on_error: if goes_on { OnError::Continue } else { OnError::Abort },
        }
    }
}

fn retry(value: &Value, path: &str, faults: &mut Faults) -> Option<Retry> {
    let known = ["attempts", "backoff", "delay_ms", "max_delay_ms", "jitter"];
    let fields = Fields::of(value, path, &known, faults)?;
    fields.required("attempts", faults);
    let backoffs = [
        ("constant", Backoff::Constant),
        ("linear", Backoff::Linear),
        ("exponential", Backoff::Exponential),
        ("fibonacci", Backoff::Fibonacci),
    ];
    Some(Retry {
        attempts: fields.whole("attempts", 1, u64::from(ATTEMPTS_MAX), faults).unwrap_or(1) as u32,
        backoff: fields.choice("backoff", &backoffs, faults).unwrap_or(Backoff::Constant),
        delay_ms: fields.whole("delay_ms", 0, DELAY_MS_MAX, faults).unwrap_or(1_000),
        max_delay_ms: fields.whole("max_delay_ms", 0, DELAY_MS_MAX, faults).unwrap_or(DELAY_MS_MAX),
        jitter: fields.number("jitter", 0.0, 1.0, faults).unwrap_or(0.0),
    })
}
