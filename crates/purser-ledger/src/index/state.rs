//! What the index knows of an event.

use purser_domain::entry::{Entry, Kind, Reason};
use purser_domain::time::Timestamp;

/// What an event's newest row makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// A sighting of a call that another event is charged for, or of several calls.
    Observed,
    /// A charge is in force.
    Charged,
    /// Withdrawn by a void: as if it had never come.
    Withdrawn,
}

impl Standing {
    /// What `entry` makes of its event, if it is the newest row.
    pub(crate) const fn after(entry: &Entry) -> Self {
        match (entry.reason, entry.kind) {
            (Some(Reason::Void), _) => Self::Withdrawn,
            (_, Kind::Charge) => Self::Charged,
            (_, Kind::Reversal | Kind::Observation) => Self::Observed,
        }
    }
}

/// What is known of a stored event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State {
    /// The hash of its payload as it was sent.
    pub(crate) payload: u64,
    /// The UTC day it occurred on, which finds its rows in the lake.
    pub(crate) day: i32,
    /// Whether it counts.
    pub(crate) standing: Standing,
    /// Whether it also has rows on other days: it was withdrawn and came again with another time.
    pub(crate) moved: bool,
    /// Its last row, the charge in force if there is one.
    pub(crate) received_at: Timestamp,
    /// The row that holds it as it was sent.
    pub(crate) sent_at: Timestamp,
    /// The row that holds what it knows: as it was sent, and what the spans around it told later.
    pub(crate) facts_at: Timestamp,
}

const MOVED: u8 = 0x80;
/// All three rows are one.
const SHORT: usize = 21;

impl State {
    /// Whether a charge is in force.
    pub(crate) fn is_charged(&self) -> bool {
        self.standing == Standing::Charged
    }

    pub(super) fn to_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SHORT);
        bytes.extend_from_slice(&self.payload.to_le_bytes());
        bytes.extend_from_slice(&self.day.to_le_bytes());
        bytes.push(self.standing as u8 | if self.moved { MOVED } else { 0 });
        bytes.extend_from_slice(&self.received_at.micros().to_le_bytes());
        if self.sent_at != self.received_at || self.facts_at != self.received_at {
            bytes.extend_from_slice(&self.sent_at.micros().to_le_bytes());
            bytes.extend_from_slice(&self.facts_at.micros().to_le_bytes());
        }
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (payload, rest) = bytes.split_first_chunk::<8>()?;
        let (day, rest) = rest.split_first_chunk::<4>()?;
        let (flags, rest) = rest.split_first()?;
        let standing = match flags & !MOVED {
            0 => Standing::Observed,
            1 => Standing::Charged,
            2 => Standing::Withdrawn,
            _ => return None,
        };
        let (received_at, rest) = rest.split_first_chunk::<8>()?;
        let time = |bytes: &[u8; 8]| Timestamp::from_micros(i64::from_le_bytes(*bytes));
        let received_at = time(received_at);
        let (sent_at, facts_at) = match rest.split_first_chunk::<8>() {
            Some((sent, facts)) => (time(sent), time(facts.try_into().ok()?)),
            None if rest.is_empty() => (received_at, received_at),
            None => return None,
        };
        Some(Self {
            payload: u64::from_le_bytes(*payload),
            day: i32::from_le_bytes(*day),
            standing,
            moved: flags & MOVED != 0,
            received_at,
            sent_at,
            facts_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_survive_as_bytes() {
        let at = Timestamp::from_micros;
        for (sent, facts, length) in [(9, 9, 21), (7, 9, 37), (7, 8, 37)] {
            let state = State {
                payload: 5,
                day: -3,
                standing: Standing::Withdrawn,
                moved: true,
                received_at: at(9),
                sent_at: at(sent),
                facts_at: at(facts),
            };
            assert_eq!(state.to_bytes().len(), length);
            assert_eq!(State::from_bytes(&state.to_bytes()), Some(state));
        }
        assert_eq!(State::from_bytes(&[0; 22]), None);
    }
}
