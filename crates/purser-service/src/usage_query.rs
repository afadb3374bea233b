//! Answers what was spent, cut and filtered, and how fresh the answer is.

use purser_domain::time::{Grain, Timestamp};
use purser_domain::usage_query::{Answer, Query};

use crate::error::Error;
use crate::principal::Principal;
use crate::service::Service;

/// The most buckets of one answer: a year of hours and a few days more.
pub const BUCKETS_MAX: usize = 9_000;

/// How fresh a tenant's data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The newest event is at most 60 s old.
    Live,
    /// At most 300 s.
    Delayed,
    /// Older.
    Stale,
    /// There is no event.
    NoData,
}

impl State {
    /// The wire name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "LIVE",
            Self::Delayed => "DELAYED",
            Self::Stale => "STALE",
            Self::NoData => "NO_DATA",
        }
    }
}

/// The newest event and what its age means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// When the newest event occurred.
    pub newest_event: Option<Timestamp>,
    /// Seconds since then, at least 0.
    pub freshness_sec: Option<i64>,
    /// What that means.
    pub state: State,
}

impl Freshness {
    /// The freshness at `now` of data whose newest event is `newest_event`.
    #[must_use]
    pub fn at(now: Timestamp, newest_event: Option<Timestamp>) -> Self {
        let freshness_sec = newest_event.map(|newest| ((now.micros() - newest.micros()) / 1_000_000).max(0));
        let state = match freshness_sec {
            None => State::NoData,
            Some(..=60) => State::Live,
            Some(61..=300) => State::Delayed,
            Some(_) => State::Stale,
        };
        Self { newest_event, freshness_sec, state }
    }
}

impl Service {
    /// Answers `query` for the caller's tenant, in its calendar.
    ///
    /// # Errors
    /// Forbidden; invalid if the answer would have more than [`BUCKETS_MAX`] buckets; unavailable.
    pub async fn usage_query(&self, who: &Principal, query: &Query) -> Result<Answer, Error> {
        who.may_read()?;
        let calendar = self.calendar(who).await?;
        if let (Some(grain), Some(window)) = (query.grain, query.window)
            && calendar.buckets(window, grain).take(BUCKETS_MAX + 1).count() > BUCKETS_MAX
        {
            let value = format!("{grain:?}").to_lowercase();
            return Err(Error::invalid_field("grain", &value, "cuts the window into more than 9000 buckets"));
        }
        if query.zero_fill && query.window.is_none() {
            return Err(Error::invalid_field("zero_fill", "true", "needs from and to"));
        }
        if query.grain == Some(Grain::Hour) && query.window.is_none() {
            return Err(Error::invalid_field("grain", "hour", "needs from and to"));
        }
        Ok(self.ledger().query(who.tenant(), &calendar, query).await?)
    }

    /// How fresh the tenant's data is.
    ///
    /// # Errors
    /// Forbidden; unavailable.
    pub async fn freshness(&self, who: &Principal) -> Result<Freshness, Error> {
        who.may_read()?;
        Ok(Freshness::at(self.now(), self.ledger().freshness(who.tenant()).await?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freshness_is_the_age_of_the_newest_event() {
        let now = Timestamp::from_micros(1_000_000_000);
        for (age_sec, state) in
            [(0, State::Live), (60, State::Live), (61, State::Delayed), (300, State::Delayed), (301, State::Stale)]
        {
            let freshness = Freshness::at(now, Some(now.plus_micros(-age_sec * 1_000_000)));
            assert_eq!((freshness.freshness_sec, freshness.state), (Some(age_sec), state));
        }
        assert_eq!(Freshness::at(now, None).state, State::NoData);
        assert_eq!(
            Freshness::at(now, Some(now.plus_micros(5_000_000))).freshness_sec,
            Some(0),
            "an event of the future"
        );
    }
}
