//! How a figure stands against the one before it.
//! Invariant: from nothing there is no percentage, only words.

use purser_domain::money::div_half_even;

/// A change, in words and with a direction for the arrow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// `up`, `down` or `same`: also the name of a CSS class.
    pub direction: &'static str,
    /// `12.3 %`, `×4.1`, `new`, `no change`.
    pub text: String,
}

impl Change {
    /// From `before` to `now`; `None` when there was nothing and is nothing.
    #[must_use]
    pub(crate) fn between(before: i128, now: i128) -> Option<Self> {
        if before <= 0 {
            return (now > 0).then(|| Self { direction: "up", text: "new".to_owned() });
        }
        let tenths = div_half_even((now - before).saturating_mul(1_000), before);
        Some(match tenths {
            0 => Self { direction: "same", text: "no change".to_owned() },
            10_000.. => {
                let times = div_half_even(now.saturating_mul(10), before);
                Self { direction: "up", text: format!("×{}.{}", times / 10, times % 10) }
            }
            _ => {
                let direction = if tenths > 0 { "up" } else { "down" };
                let tenths = tenths.unsigned_abs();
                Self { direction, text: format!("{}.{}\u{a0}%", tenths / 10, tenths % 10) }
            }
        })
    }

    /// The arrow before the text.
    #[must_use]
    pub(crate) const fn arrow(&self) -> &'static str {
        match self.direction.as_bytes() {
            b"up" => "▲",
            b"down" => "▼",
            _ => "",
        }
    }

    /// What a screen reader says instead of the arrow.
    #[must_use]
    pub(crate) fn spoken(&self) -> String {
        match self.direction {
            "same" => self.text.clone(),
            _ if self.text == "new" => "new, none before".to_owned(),
            direction => format!("{direction} {}", self.text.replace('×', "to times ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_a_percentage_a_factor_or_words() {
        for (before, now, expected) in [
            (200, 225, Some(("up", "12.5\u{a0}%", "up 12.5\u{a0}%"))),
            (200, 150, Some(("down", "25.0\u{a0}%", "down 25.0\u{a0}%"))),
            (200, 0, Some(("down", "100.0\u{a0}%", "down 100.0\u{a0}%"))),
            (10_000, 10_001, Some(("same", "no change", "no change"))),
            (10, 123, Some(("up", "×12.3", "up to times 12.3"))),
            (0, 5, Some(("up", "new", "new, none before"))),
            (0, 0, None),
        ] {
            let change = Change::between(before, now);
            let spoken = change.as_ref().map(Change::spoken);
            let found = change.as_ref().zip(spoken.as_ref()).map(|(c, s)| (c.direction, c.text.as_str(), s.as_str()));
            assert_eq!(found, expected, "{before} → {now}");
        }
    }
}
