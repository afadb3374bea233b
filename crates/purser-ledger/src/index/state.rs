//! What the index knows of an event.

use purser_domain::entry::{Entry, Kind, Reason};
use purser_domain::time::Timestamp;

/// What an event's newest row makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// A sighting of a call that another event is charged for.
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
    /// The hash of its payload.
    pub(crate) payload: u64,
    /// The UTC day it occurred on, which finds its rows in the lake.
    pub(crate) day: i32,
    /// Whether it counts.
    pub(crate) standing: Standing,
    /// Whether it also has rows on other days: it was withdrawn and came again with another time.
    pub(crate) moved: bool,
    /// Its last row, the charge in force if there is one.
    pub(crate) received_at: Timestamp,
}

const MOVED: u8 = 0x80;

impl State {
    /// Whether a charge is in force.
    pub(crate) fn is_charged(&self) -> bool {
        self.standing == Standing::Charged
    }

    pub(super) fn to_bytes(self) -> [u8; 21] {
        let mut bytes = [0; 21];
        bytes[..8].copy_from_slice(&self.payload.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.day.to_le_bytes());
        bytes[12] = self.standing as u8 | if self.moved { MOVED } else { 0 };
        bytes[13..].copy_from_slice(&self.received_at.micros().to_le_bytes());
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
        Some(Self {
            payload: u64::from_le_bytes(*payload),
            day: i32::from_le_bytes(*day),
            standing,
            moved: flags & MOVED != 0,
            received_at: Timestamp::from_micros(i64::from_le_bytes(rest.try_into().ok()?)),
        })
    }
}
