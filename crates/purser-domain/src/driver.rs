//! What drives usage, as a distribution: output tokens, turns, tool calls, latency, failures.
//! Invariant: a driver that [`Driver::parse`] returned is finite, not negative and within its range.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::usage_event::FieldError;

/// The largest mean of a Poisson driver: above it a log-normal or quantiles say the same.
pub const POISSON_MAX: f64 = 500.0;
/// The largest ratio of the 90th to the 50th percentile of a log-normal driver.
pub const SPREAD_MAX: f64 = 100.0;
/// The most points of an empirical distribution.
pub const POINTS_MAX: usize = 10_000;

/// A distribution of a quantity that is never negative.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Driver {
    /// Always the same.
    Constant(f64),
    /// Anything from `low` to `high`, equally likely.
    Uniform {
        /// The least.
        low: f64,
        /// The most.
        high: f64,
    },
    /// Log-normal, told by two percentiles.
    LogNormal {
        /// The median.
        p50: f64,
        /// The 90th percentile.
        p90: f64,
    },
    /// Empirical: (probability, value), from probability 0 to 1, straight between the points.
    Quantiles(Vec<(f64, f64)>),
    /// Counts of independent events.
    Poisson {
        /// Their mean.
        mean: f64,
    },
    /// Trials until the first success, 1 at least.
    Geometric {
        /// Their mean, 1 at least.
        mean: f64,
    },
    /// 1 with probability `p`, else 0.
    Bernoulli {
        /// The probability of 1.
        p: f64,
    },
}

/// Where a driver's distribution comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The plan said so.
    Request,
    /// Fitted from the ledger's own runs.
    Fitted,
    /// Nothing is known: wide, and named as such.
    Prior,
}

impl Source {
    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Request => "plan",
            Self::Fitted => "past runs",
            Self::Prior => "assumption",
        }
    }
}

/// The forms a driver may be written in.
const FORMS: &str = "a number, or one of constant, uniform {low, high}, lognormal {p50, p90}, \
                     quantiles [[probability, value], …], samples [value, …], poisson {mean}, geometric {mean}, \
                     bernoulli {p}";

impl Driver {
    /// Reads a driver whose values must be from 0 to `max`.
    ///
    /// `samples` become quantiles: the sorted values at equal distances of probability.
    pub fn parse(value: &Value, path: &str, max: f64, errors: &mut Vec<FieldError>) -> Option<Self> {
        let mut reader = Reader { max, errors };
        if value.is_number() {
            return reader.number(value, path).map(Self::Constant);
        }
        let Some((name, inner)) = single(value) else {
            return reader.refuse(path, value, format!("must be {FORMS}"));
        };
        let at = format!("{path}.{name}");
        match name {
            "constant" => reader.number(inner, &at).map(Self::Constant),
            "uniform" => {
                let (low, high) = reader.pair(inner, &at, "low", "high")?;
                Some(Self::Uniform { low, high })
            }
            "lognormal" => reader.log_normal(inner, &at),
            "quantiles" => reader.quantiles(inner, &at),
            "samples" => reader.samples(inner, &at),
            "poisson" => {
                let mean = reader.field(inner, &at, "mean", 0.0, max.min(POISSON_MAX))?;
                Some(Self::Poisson { mean })
            }
            "geometric" => Some(Self::Geometric { mean: reader.field(inner, &at, "mean", 1.0, max)? }),
            "bernoulli" => Some(Self::Bernoulli { p: reader.field(inner, &at, "p", 0.0, 1.0)? }),
            _ => reader.refuse(&at, inner, format!("is unknown; must be {FORMS}")),
        }
    }

    /// The same distribution with every value multiplied by `factor`; a Bernoulli becomes rarer instead.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        match self {
            Self::Constant(value) => Self::Constant(value * factor),
            Self::Uniform { low, high } => Self::Uniform { low: low * factor, high: high * factor },
            Self::LogNormal { p50, p90 } => Self::LogNormal { p50: p50 * factor, p90: p90 * factor },
            Self::Quantiles(points) => Self::Quantiles(points.iter().map(|(p, value)| (*p, value * factor)).collect()),
            Self::Poisson { mean } => Self::Poisson { mean: (mean * factor).min(POISSON_MAX) },
            Self::Geometric { mean } => Self::Geometric { mean: (mean * factor).max(1.0) },
            Self::Bernoulli { p } => Self::Bernoulli { p: (p * factor).min(1.0) },
        }
    }

    /// The largest value it can take, `None` if there is none.
    #[must_use]
    pub fn largest(&self) -> Option<f64> {
        match self {
            Self::Constant(value) => Some(*value),
            Self::Uniform { high, .. } => Some(*high),
            Self::Quantiles(points) => points.last().map(|(_, value)| *value),
            Self::Bernoulli { p } => Some(if *p > 0.0 { 1.0 } else { 0.0 }),
            Self::LogNormal { .. } | Self::Poisson { .. } | Self::Geometric { .. } => None,
        }
    }

    /// The largest value, or one that at most 1 in 10,000 exceeds if there is none.
    ///
    /// Arithmetic and square roots only, so that it is the same on every platform.
    #[must_use]
    pub fn likely_largest(&self) -> f64 {
        match self {
            // P(Z > 3·1.28155) = 6e-5, and (p90/p50)³ is that many standard deviations up.
            Self::LogNormal { p50, p90 } => p50 * (p90 / p50) * (p90 / p50) * (p90 / p50),
            // Nearly normal for large means; the 4 covers the skew of small ones.
            Self::Poisson { mean } => mean + 4.0 * mean.sqrt() + 4.0,
            // P(X > 10·mean) is about e^-10 = 4.5e-5.
            Self::Geometric { mean } => 10.0 * mean,
            bounded => bounded.largest().unwrap_or(0.0),
        }
    }
}

/// The only field of an object.
fn single(value: &Value) -> Option<(&str, &Value)> {
    let fields = value.as_object().filter(|fields| fields.len() == 1)?;
    fields.iter().next().map(|(name, inner)| (name.as_str(), inner))
}

struct Reader<'a> {
    max: f64,
    errors: &'a mut Vec<FieldError>,
}

impl Reader<'_> {
    fn refuse<T>(&mut self, path: &str, value: &Value, reason: String) -> Option<T> {
        self.errors.push(FieldError::new(path, value, reason));
        None
    }

    fn number(&mut self, value: &Value, path: &str) -> Option<f64> {
        let max = self.max;
        self.number_in(value, path, 0.0, max)
    }

    fn number_in(&mut self, value: &Value, path: &str, min: f64, max: f64) -> Option<f64> {
        match value.as_f64().filter(|number| (min..=max).contains(number)) {
            Some(number) => Some(number),
            None => self.refuse(path, value, format!("must be a number from {min} to {max}")),
        }
    }

    /// One named number, and nothing else in the object.
    fn field(&mut self, value: &Value, path: &str, name: &str, min: f64, max: f64) -> Option<f64> {
        match single(value).filter(|(found, _)| *found == name) {
            Some((_, inner)) => self.number_in(inner, &format!("{path}.{name}"), min, max),
            None => self.refuse(path, value, format!("must be an object with {name}")),
        }
    }

    /// Two named numbers in ascending order, and nothing else in the object.
    fn pair(&mut self, value: &Value, path: &str, low: &str, high: &str) -> Option<(f64, f64)> {
        let fields = value.as_object().filter(|fields| fields.len() == 2);
        let Some((from, to)) = fields.and_then(|fields| Some((fields.get(low)?, fields.get(high)?))) else {
            return self.refuse(path, value, format!("must be an object with {low} and {high}"));
        };
        let from = self.number(from, &format!("{path}.{low}"))?;
        let to = self.number(to, &format!("{path}.{high}"))?;
        if from > to {
            return self.refuse(path, value, format!("{low} must not be above {high}"));
        }
        Some((from, to))
    }

    fn log_normal(&mut self, value: &Value, path: &str) -> Option<Driver> {
        let (p50, p90) = self.pair(value, path, "p50", "p90")?;
        if p50 <= 0.0 || p90 / p50 > SPREAD_MAX {
            return self.refuse(path, value, format!("p50 must be above 0 and p90 at most {SPREAD_MAX} times p50"));
        }
        Some(Driver::LogNormal { p50, p90 })
    }

    fn list<'v>(&mut self, value: &'v Value, path: &str, least: usize) -> Option<&'v Vec<Value>> {
        match value.as_array().filter(|items| (least..=POINTS_MAX).contains(&items.len())) {
            Some(items) => Some(items),
            None => self.refuse(path, value, format!("must be a list of {least} to {POINTS_MAX} items")),
        }
    }

    fn quantiles(&mut self, value: &Value, path: &str) -> Option<Driver> {
        let items = self.list(value, path, 2)?;
        let mut points = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let at = format!("{path}[{index}]");
            let Some([p, quantity]) = item.as_array().map(Vec::as_slice) else {
                return self.refuse(&at, item, "must be [probability, value]".to_owned());
            };
            points.push((self.number_in(p, &at, 0.0, 1.0)?, self.number(quantity, &at)?));
        }
        let ascending = points.windows(2).all(|two| two[0].0 < two[1].0 && two[0].1 <= two[1].1);
        let whole = points.first().is_some_and(|(p, _)| *p == 0.0) && points.last().is_some_and(|(p, _)| *p == 1.0);
        if !ascending || !whole {
            let rule = "probabilities must rise from 0 to 1 and values must not fall";
            return self.refuse(path, value, rule.to_owned());
        }
        Some(Driver::Quantiles(points))
    }

    fn samples(&mut self, value: &Value, path: &str) -> Option<Driver> {
        let items = self.list(value, path, 1)?;
        let mut values = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            values.push(self.number(item, &format!("{path}[{index}]"))?);
        }
        Some(from_samples(values))
    }
}

/// The empirical distribution of `values`: sorted, at equal distances of probability.
#[must_use]
pub fn from_samples(mut values: Vec<f64>) -> Driver {
    values.sort_by(f64::total_cmp);
    match values.as_slice() {
        [] => Driver::Constant(0.0),
        [only] => Driver::Constant(*only),
        several => {
            let last = (several.len() - 1) as f64;
            Driver::Quantiles(several.iter().enumerate().map(|(i, value)| (i as f64 / last, *value)).collect())
        }
    }
}

#[cfg(test)]
mod tests;
