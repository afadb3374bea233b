//! What a receiver read and did not charge: spans, log records, call types and counts, and why.
//! Invariant: nothing that arrives is left uncharged without one of these.

use std::fmt;
use std::str::FromStr;

/// A kind of input that was passed over.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PassedOver {
    /// Whose data it was: `codex`, `openinference`, `litellm`, `claude-code`, …; `unknown` if none is known.
    pub emitter: String,
    /// The operation, log event, call type or usage key, at most 64 characters; empty if it has no name.
    pub operation: String,
    /// Why it was not charged.
    pub reason: Reason,
}

/// Why something was passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// It has nothing to do with models.
    NotGenAi,
    /// It surrounds or sums up calls: agents, workflows, tools without a price.
    NotACall,
    /// It repeats a call that another record of the same emitter tells.
    Repeated,
    /// No table knows whether it calls a model.
    UnknownOperation,
    /// It names no model.
    NoModel,
    /// A count that is not zero and that no table knows.
    UnknownUsage,
    /// A metric: metrics charge nothing.
    Metric,
    /// Its counts contradict each other: it is stored, at its reported cost or unpriced.
    CountsContradict,
    /// It breaks a rule and was refused.
    Refused,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 9] = [
        Self::NotGenAi,
        Self::NotACall,
        Self::Repeated,
        Self::UnknownOperation,
        Self::NoModel,
        Self::UnknownUsage,
        Self::Metric,
        Self::CountsContradict,
        Self::Refused,
    ];

    /// The wire name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotGenAi => "not_gen_ai",
            Self::NotACall => "not_a_call",
            Self::Repeated => "repeated",
            Self::UnknownOperation => "unknown_operation",
            Self::NoModel => "no_model",
            Self::UnknownUsage => "unknown_usage",
            Self::Metric => "metric",
            Self::CountsContradict => "counts_contradict",
            Self::Refused => "refused",
        }
    }

    /// Whether a user should look at it: money may be missing.
    #[must_use]
    pub const fn is_doubtful(self) -> bool {
        match self {
            Self::UnknownOperation | Self::NoModel | Self::UnknownUsage | Self::CountsContradict | Self::Refused => {
                true
            }
            Self::NotGenAi | Self::NotACall | Self::Repeated | Self::Metric => false,
        }
    }
}

impl FromStr for Reason {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|reason| reason.name() == text).ok_or_else(|| format!("{text:?} is not a reason"))
    }
}

impl PassedOver {
    /// The kind, with its texts cut to 64 characters.
    #[must_use]
    pub fn new(emitter: &str, operation: &str, reason: Reason) -> Self {
        let cut = |text: &str| text.chars().filter(|c| !c.is_control()).take(64).collect::<String>();
        let emitter = if emitter.is_empty() { "unknown".to_owned() } else { cut(emitter) };
        Self { emitter, operation: cut(operation), reason }
    }
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { emitter, operation, .. } = self;
        let named = if operation.is_empty() { String::new() } else { format!(" {operation:?}") };
        match self.reason {
            Reason::NotGenAi => write!(f, "{emitter}{named} has nothing to do with models: not charged"),
            Reason::NotACall => write!(f, "{emitter}{named} is no call of a model: not charged"),
            Reason::Repeated => write!(f, "{emitter}{named} repeats a call that is charged elsewhere: not charged"),
            Reason::UnknownOperation => write!(f, "{emitter}{named} is not known to call a model: not charged"),
            Reason::NoModel => write!(f, "{emitter}{named} names no model: not charged"),
            Reason::UnknownUsage => write!(f, "{emitter} counts{named}, which is not known: not charged"),
            Reason::CountsContradict => {
                write!(f, "{emitter} sends counts{named} that contradict each other: charged as reported, or unpriced")
            }
            Reason::Refused => write!(f, "{emitter} sends what breaks a rule{named}: refused"),
            Reason::Metric => write!(f, "{emitter}{named} is a metric: metrics charge nothing"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_reads_its_own_name() {
        for reason in Reason::ALL {
            assert_eq!(reason.name().parse(), Ok(reason));
        }
        assert!("laziness".parse::<Reason>().is_err());
    }

    #[test]
    fn a_kind_is_bounded_and_says_what_it_is() {
        let kind = PassedOver::new("", &"x\n".repeat(100), Reason::UnknownOperation);
        assert_eq!((kind.emitter.as_str(), kind.operation.len()), ("unknown", 64));
        let kind = PassedOver::new("ai-sdk", "decide", Reason::UnknownOperation);
        assert_eq!(kind.to_string(), "ai-sdk \"decide\" is not known to call a model: not charged");
        assert!(kind.reason.is_doubtful() && !Reason::NotACall.is_doubtful());
    }
}
