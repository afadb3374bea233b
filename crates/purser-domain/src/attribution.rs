//! Who spent a call and what for, as the spans around it tell.
//! Invariant: what stands on the call itself is never replaced by what stands around it.

use std::collections::BTreeMap;

use crate::usage_event::{TAGS_MAX, UNKNOWN_MODEL, UsageEvent, unfit};

/// The facts that a span around a call gives to the call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attribution {
    /// Project within the tenant.
    pub project: Option<String>,
    /// Deployment environment.
    pub environment: Option<String>,
    /// What the call was for.
    pub feature_tag: Option<String>,
    /// The end user.
    pub user_id: Option<String>,
    /// The agent.
    pub agent: Option<String>,
    /// The skill.
    pub skill: Option<String>,
    /// The agent run.
    pub run_id: Option<String>,
    /// The conversation or session.
    pub session_id: Option<String>,
    /// The model of calls that name none themselves.
    pub model: Option<String>,
    /// Free labels.
    pub tags: BTreeMap<String, String>,
}

/// A span that is no call of a model and says who spent the calls below it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SpanContext {
    /// W3C trace id, lower-case hex.
    pub trace_id: String,
    /// W3C span id, lower-case hex.
    pub span_id: String,
    /// The span around this one, if there is one.
    pub parent_span_id: Option<String>,
    /// What it says; may be empty where only its place between a call and its context matters.
    pub attribution: Attribution,
}

impl Attribution {
    /// What an event says of itself.
    #[must_use]
    pub fn of(event: &UsageEvent) -> Self {
        Self {
            project: event.project.clone(),
            environment: event.environment.clone(),
            feature_tag: event.feature_tag.clone(),
            user_id: event.user_id.clone(),
            agent: event.agent.clone(),
            skill: event.skill.clone(),
            run_id: event.run_id.clone(),
            session_id: event.session_id.clone(),
            model: None,
            tags: event.tags.clone(),
        }
    }

    /// Leaves out what no event may carry: texts of more than 1 KiB or with control characters; returns how many.
    pub fn drop_unfit(&mut self) -> u64 {
        let mut dropped = 0;
        for slot in [
            &mut self.project,
            &mut self.environment,
            &mut self.feature_tag,
            &mut self.user_id,
            &mut self.agent,
            &mut self.skill,
            &mut self.run_id,
            &mut self.session_id,
            &mut self.model,
        ] {
            if slot.as_deref().is_some_and(|text| unfit(text).is_some()) {
                *slot = None;
                dropped += 1;
            }
        }
        let tags = self.tags.len();
        self.tags.retain(|key, value| !key.is_empty() && unfit(key).is_none() && unfit(value).is_none());
        dropped + (tags - self.tags.len()) as u64
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Gives `event` every fact that it lacks, and tags while it has room; returns whether it got any.
    pub fn fill(&self, event: &mut UsageEvent) -> bool {
        let facts = [
            (&self.project, &mut event.project),
            (&self.environment, &mut event.environment),
            (&self.feature_tag, &mut event.feature_tag),
            (&self.user_id, &mut event.user_id),
            (&self.agent, &mut event.agent),
            (&self.skill, &mut event.skill),
            (&self.run_id, &mut event.run_id),
            (&self.session_id, &mut event.session_id),
        ];
        let mut filled = false;
        for (known, slot) in facts {
            if slot.is_none() && known.is_some() {
                slot.clone_from(known);
                filled = true;
            }
        }
        if let Some(model) = self.model.as_ref().filter(|_| event.model == UNKNOWN_MODEL) {
            event.model.clone_from(model);
            filled = true;
        }
        for (key, value) in &self.tags {
            if event.tags.len() < TAGS_MAX && !event.tags.contains_key(key) {
                event.tags.insert(key.clone(), value.clone());
                filled = true;
            }
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_missing_facts_are_filled() {
        let around = Attribution {
            user_id: Some("ada".to_owned()),
            agent: Some("planner".to_owned()),
            tags: BTreeMap::from([("team".to_owned(), "search".to_owned())]),
            ..Attribution::default()
        };
        let mut event = UsageEvent { agent: Some("writer".to_owned()), ..UsageEvent::default() };
        assert!(around.fill(&mut event));
        assert_eq!((event.user_id.as_deref(), event.agent.as_deref()), (Some("ada"), Some("writer")));
        assert_eq!(event.tags.get("team").map(String::as_str), Some("search"));
        assert!(!around.fill(&mut event), "nothing is missing any more");
        assert!(!around.is_empty() && Attribution::default().is_empty());
    }

    #[test]
    fn what_no_event_may_carry_is_left_out() {
        let mut around = Attribution {
            user_id: Some("two\nlines".to_owned()),
            agent: Some("x".repeat(1_025)),
            run_id: Some("run-1".to_owned()),
            tags: BTreeMap::from([(String::new(), "x".to_owned()), ("team".to_owned(), "search".to_owned())]),
            ..Attribution::default()
        };
        assert_eq!(around.drop_unfit(), 3);
        assert_eq!((around.run_id.as_deref(), around.tags.len()), (Some("run-1"), 1));
        assert_eq!(around.drop_unfit(), 0);
    }

    #[test]
    fn a_model_is_given_only_to_a_call_that_names_none() {
        let around = Attribution { model: Some("gpt-5".to_owned()), ..Attribution::default() };
        for (model, expected) in [(UNKNOWN_MODEL, "gpt-5"), ("o3", "o3")] {
            let mut event = UsageEvent { model: model.to_owned(), ..UsageEvent::default() };
            assert_eq!(around.fill(&mut event), model == UNKNOWN_MODEL);
            assert_eq!(event.model, expected);
        }
    }

    #[test]
    fn an_event_never_gets_more_tags_than_it_may_have() {
        let tags = |name: &str| (0..30).map(|index| (format!("{name}{index}"), "x".to_owned())).collect();
        let around = Attribution { tags: tags("around"), ..Attribution::default() };
        let mut event = UsageEvent { tags: tags("own"), ..UsageEvent::default() };
        around.fill(&mut event);
        assert_eq!(event.tags.len(), TAGS_MAX);
    }
}
