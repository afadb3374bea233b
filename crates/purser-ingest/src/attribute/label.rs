//! Names that clients let their users choose: what stands behind a known prefix, and labels.
//! Invariant: a chosen name means what its last part says, whoever carries it.

use super::Text;

/// A place where a client puts what its user named.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// What stands before the user's own name.
    prefix: &'static str,
    /// Names that are no fact become tags: the place holds labels, never content.
    tags: bool,
}

const fn place(prefix: &'static str, tags: bool) -> Place {
    Place { prefix, tags }
}

/// Longer prefixes before those that they begin with.
const PLACES: &[Place] = &[
    place("purser.tag.", true),
    place("traceloop.association.properties.", true),
    place("lmnr.association.properties.metadata.", true),
    place("lmnr.association.properties.", false),
    place("mastra.metadata.", true),
    place("langsmith.metadata.", false),
    place("langfuse.trace.metadata.", false),
    place("langfuse.observation.metadata.", false),
    place("ai.telemetry.metadata.", false),
    place("ai.settings.context.", false),
    place("litellm.metadata.", false),
    place("mlflow.trace.metadata.", false),
];

/// The facts that users name themselves, the better name first.
const FACTS: &[(&str, Text)] = &[
    ("user_id", Text::UserId),
    ("userId", Text::UserId),
    ("user", Text::UserId),
    ("session_id", Text::SessionId),
    ("sessionId", Text::SessionId),
    ("conversation_id", Text::SessionId),
    ("conversationId", Text::SessionId),
    ("thread_id", Text::SessionId),
    ("threadId", Text::SessionId),
    ("run_id", Text::RunId),
    ("runId", Text::RunId),
    ("feature_tag", Text::FeatureTag),
    ("featureTag", Text::FeatureTag),
    ("feature", Text::FeatureTag),
    ("agent", Text::Agent),
    ("agent_name", Text::Agent),
    ("agentName", Text::Agent),
    ("lc_agent_name", Text::Agent),
    ("skill", Text::Skill),
    ("project", Text::Project),
    ("environment", Text::Environment),
];

/// What an attribute is that a user named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chosen<'a> {
    /// A fact, and its rank among the names for it.
    Fact(u16, Text),
    /// A label.
    Tag(&'a str),
}

/// What a fact is called by users; `None` for any other name.
pub(crate) fn fact(name: &str) -> Option<Text> {
    FACTS.iter().find(|(known, _)| *known == name).map(|(_, slot)| *slot)
}

/// What an attribute is that stands behind a known prefix.
pub(super) fn chosen(name: &str) -> Option<Chosen<'_>> {
    let (place, rest) = PLACES.iter().find_map(|place| Some((place, name.strip_prefix(place.prefix)?)))?;
    if place.prefix != "purser.tag."
        && let Some(rank) = FACTS.iter().position(|(known, _)| *known == rest)
    {
        return Some(Chosen::Fact(u16::try_from(rank).unwrap_or(u16::MAX), FACTS[rank].1));
    }
    (place.tags && !rest.is_empty()).then_some(Chosen::Tag(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chosen_name_means_the_same_behind_every_prefix() {
        for (name, expected) in [
            ("traceloop.association.properties.user_id", Some(Chosen::Fact(0, Text::UserId))),
            ("mastra.metadata.sessionId", Some(Chosen::Fact(4, Text::SessionId))),
            ("lmnr.association.properties.metadata.feature_tag", Some(Chosen::Fact(11, Text::FeatureTag))),
            ("lmnr.association.properties.metadata.team", Some(Chosen::Tag("team"))),
            ("purser.tag.user_id", Some(Chosen::Tag("user_id"))),
            ("langfuse.trace.metadata.prompt", None),
            ("langsmith.metadata.ls_provider", None),
            ("mastra.metadata.", None),
            ("user_id", None),
        ] {
            assert_eq!(chosen(name), expected, "{name}");
        }
    }
}
