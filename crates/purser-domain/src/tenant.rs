//! Who pays: a tenant with its calendar.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A tenant's id: 1 to 64 of `a-z A-Z 0-9 . _ -`, starting with a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TenantId(String);

impl TenantId {
    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TenantId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let starts_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        if starts_well && text.len() <= 64 && text.chars().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("{text:?} is not a tenant id: 1 to 64 of a-z A-Z 0-9 . _ -, starting with a letter or digit"))
        }
    }
}

impl TryFrom<String> for TenantId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<TenantId> for String {
    fn from(id: TenantId) -> Self {
        id.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A tenant and how it cuts time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// IANA zone name of its days and months.
    pub zone: String,
    /// First day of the week, `monday` … `sunday`.
    pub week_start: String,
    /// Day of the month, 1..=28, on which a billing month starts.
    pub anchor_day: i8,
}

impl Tenant {
    /// A tenant in UTC whose weeks start on Monday and months on the first.
    #[must_use]
    pub fn new(id: TenantId) -> Self {
        Self { id, zone: "UTC".to_owned(), week_start: "monday".to_owned(), anchor_day: 1 }
    }

    /// The tenant's calendar.
    ///
    /// # Errors
    /// Names the field that is wrong: `zone`, `week_start` or `anchor_day`.
    pub fn calendar(&self) -> Result<crate::time::Calendar, crate::usage_event::FieldError> {
        use crate::usage_event::FieldError;
        // Files beside the zones on many machines; what they mean depends on the machine.
        let local = ["localtime", "posixrules"].iter().any(|name| self.zone.eq_ignore_ascii_case(name));
        let zone = jiff::tz::TimeZone::get(&self.zone).ok().filter(|_| !local);
        let zone = zone.ok_or_else(|| FieldError::new("zone", &self.zone, "is not an IANA time zone"))?;
        let week_start = weekday(&self.week_start)
            .ok_or_else(|| FieldError::new("week_start", &self.week_start, "must be monday … sunday"))?;
        if !(1..=28).contains(&self.anchor_day) {
            return Err(FieldError::new("anchor_day", &self.anchor_day, "must be 1 to 28"));
        }
        Ok(crate::time::Calendar { zone, week_start, anchor_day: self.anchor_day })
    }
}

fn weekday(name: &str) -> Option<jiff::civil::Weekday> {
    use jiff::civil::Weekday;
    let index = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
        .iter()
        .position(|day| *day == name)?;
    Weekday::from_monday_zero_offset(i8::try_from(index).ok()?).ok()
}
