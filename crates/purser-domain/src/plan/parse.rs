//! Reads a plan from JSON: every fault is kept, with the path and the value.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::field::{Faults, Fields};
use super::{
    Arm, CONCURRENCY_MAX, COUNT_MAX, DEPTH_MAX, Guard, Kind, LLM_SKILL, Llm, MS_MAX, Node, OnError,
    PROBABILITY_TOLERANCE, Plan, StepUsage, USD_MAX, count_most, name, work,
};
use crate::driver::Driver;
use crate::step::{self, STEPS_MAX};
use crate::usage_event::FieldError;

const KINDS: [&str; 8] = ["skill", "llm", "sequence", "branch", "loop", "parallel", "map", "ref"];
const COMMON: [&str; 5] = ["id", "retry", "timeout_ms", "on_error", "fallback"];

impl Plan {
    /// Reads a plan: a list of nodes, or `{"steps": [...], "nodes": {name: node or list}}`, whose
    /// `nodes` are used by `{"ref": name}`.
    ///
    /// An empty list is a plan; the models call it invalid.
    ///
    /// # Errors
    /// Every fault, [`step::ERRORS_MAX`] at most.
    pub fn parse(plan: &Value, path: &str) -> Result<Self, Vec<FieldError>> {
        let mut faults = Faults::default();
        let empty = Map::new();
        let (steps, at, nodes) = match plan {
            Value::Array(_) => (Some(plan), path.to_owned(), &empty),
            _ => match Fields::of(plan, path, &["steps", "nodes"], &mut faults) {
                Some(fields) => {
                    let nodes = definitions(&fields, &mut faults).unwrap_or(&empty);
                    (fields.required("steps", &mut faults), fields.at("steps"), nodes)
                }
                None => return Err(faults.0),
            },
        };
        let mut parser = Parser { nodes, used: BTreeSet::new(), open: Vec::new(), count: 0, depth: 0, faults };
        let steps = steps.map(|steps| match steps {
            Value::Array(items) => parser.list(items, &at, "steps"),
            other => {
                parser.faults.refuse(&at, other, "must be a list of nodes");
                Vec::new()
            }
        });
        for name in nodes.keys().filter(|name| !parser.used.contains(name.as_str())) {
            parser.faults.refuse(&format!("{path}.nodes.{name}"), &nodes[name], "is never used");
        }
        let mut plan = Self { steps: steps.unwrap_or_default() };
        let mut faults = parser.faults;
        if faults.0.is_empty() {
            name::check_unique(&plan, path, &mut faults);
            work::check(&plan, path, &mut faults);
            name::assign_keys(&mut plan);
        }
        if faults.0.is_empty() { Ok(plan) } else { Err(faults.0) }
    }
}

fn definitions<'a>(fields: &Fields<'a, '_>, faults: &mut Faults) -> Option<&'a Map<String, Value>> {
    let value = fields.get("nodes")?;
    if !value.is_object() {
        faults.refuse(&fields.at("nodes"), value, "must be an object of named nodes");
    }
    value.as_object()
}

struct Parser<'a> {
    nodes: &'a Map<String, Value>,
    used: BTreeSet<&'a str>,
    /// Named nodes that are being read: to meet one again is a cycle.
    open: Vec<&'a str>,
    count: usize,
    depth: usize,
    faults: Faults,
}

impl<'a> Parser<'a> {
    fn list(&mut self, items: &'a [Value], path: &str, place: &str) -> Vec<Node> {
        let read = |(index, item)| self.node(item, &format!("{path}[{index}]"), &format!("{place}[{index}]"));
        items.iter().enumerate().filter_map(read).collect()
    }

    /// A node, or a list of nodes.
    fn body(&mut self, value: &'a Value, path: &str, place: &str) -> Vec<Node> {
        match value {
            Value::Array(items) => self.list(items, path, place),
            _ => self.node(value, path, place).into_iter().collect(),
        }
    }

    fn node(&mut self, value: &'a Value, path: &str, place: &str) -> Option<Node> {
        self.counted()?;
        if self.depth >= DEPTH_MAX {
            self.faults.refuse(path, &Value::Null, format!("stands more than {DEPTH_MAX} nodes deep"));
            return None;
        }
        self.depth += 1;
        let node = self.node_inside(value, path, place);
        self.depth -= 1;
        node
    }

    /// Counts one more step, unless there are too many.
    fn counted(&mut self) -> Option<()> {
        self.count += 1;
        if self.faults.is_full() || self.count > STEPS_MAX + 1 {
            return None;
        }
        if self.count > STEPS_MAX {
            let rule = format!("has more than {STEPS_MAX} steps, named nodes counted as often as they are used");
            self.faults.refuse("plan", &Value::from(self.count), rule);
            return None;
        }
        Some(())
    }

    fn node_inside(&mut self, value: &'a Value, path: &str, place: &str) -> Option<Node> {
        let Value::Object(object) = value else {
            self.faults.refuse(path, value, format!("must be an object with one of {}", KINDS.join(", ")));
            return None;
        };
        let mut kinds = KINDS.into_iter().filter(|kind| object.contains_key(*kind));
        let (Some(kind), None) = (kinds.next(), kinds.next()) else {
            self.faults.refuse(path, value, format!("must have exactly one of {}", KINDS.join(", ")));
            return None;
        };
        let fields = Fields { object, path };
        let own: &[&str] = if kind == "skill" { &["skill", "params", "iterations", "usage"] } else { &[kind] };
        let known: Vec<&str> = own.iter().chain(&COMMON).copied().collect();
        fields.check_known(&known, &mut self.faults);
        let id = fields.name("id", &mut self.faults);
        let mut guard = Guard::parse(&fields, &mut self.faults);
        let name = id.map_or_else(|| place.to_owned(), |id| self.within(place, id));
        if let Some(fallback) = fields.get("fallback") {
            let nodes = self.body(fallback, &fields.at("fallback"), &format!("{name}.fallback"));
            guard.on_error = OnError::Fallback(nodes);
        }
        let inside = format!("{name}.{kind}");
        let kind = self.kind(kind, &fields, &inside)?;
        let key = if id.is_some() { name.clone() } else { name::unkeyed(value) };
        Some(Node { name, key, guard, kind })
    }

    /// An id within a named node stands for that use of it only.
    fn within(&self, place: &str, id: &str) -> String {
        match (self.open.is_empty(), place.rsplit_once(".ref.")) {
            (false, Some((site, _))) => format!("{site}/{id}"),
            _ => id.to_owned(),
        }
    }

    fn kind(&mut self, kind: &str, fields: &Fields<'a, '_>, place: &str) -> Option<Kind> {
        let value = fields.get(kind)?;
        let at = fields.at(kind);
        match kind {
            "skill" => {
                let usage = fields.get("usage").map(|usage| step_usage(usage, &fields.at("usage"), &mut self.faults));
                let step = step::parse_fields(fields.object, fields.path, &mut self.faults.0)?;
                let usage = usage.unwrap_or_default();
                if &*step.skill == LLM_SKILL && usage.cost_usd.is_none() {
                    Llm::check_params(&step.params, fields.path, &mut self.faults);
                }
                Some(Kind::Step(step, usage))
            }
            "llm" => Llm::parse(value, &at, &mut self.faults).map(|llm| Kind::Llm(Box::new(llm))),
            "sequence" | "parallel" => {
                let Some(items) = value.as_array() else {
                    self.faults.refuse(&at, value, "must be a list of nodes");
                    return None;
                };
                let nodes = self.list(items, &at, place);
                Some(if kind == "sequence" { Kind::Sequence(nodes) } else { Kind::Parallel(nodes) })
            }
            "branch" => self.branch(value, &at, place),
            "loop" => self.turning(value, &at, place, "count"),
            "map" => self.turning(value, &at, place, "items"),
            _ => self.reference(value, &at, place),
        }
    }

    fn branch(&mut self, value: &'a Value, path: &str, place: &str) -> Option<Kind> {
        let Some(items) = value.as_array().filter(|items| !items.is_empty()) else {
            self.faults.refuse(path, value, "must be a list of arms with probability and then");
            return None;
        };
        let mut arms = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let at = format!("{path}[{index}]");
            let fields = Fields::of(item, &at, &["probability", "then"], &mut self.faults)?;
            fields.required("probability", &mut self.faults);
            let probability = fields.number("probability", 0.0, 1.0, &mut self.faults)?;
            let then = fields.required("then", &mut self.faults)?;
            if then.as_array().is_some_and(Vec::is_empty) {
                // To do nothing is a step too, or a plan could have any number of arms.
                self.counted()?;
            }
            let then = self.body(then, &fields.at("then"), &format!("{place}[{index}]"));
            arms.push(Arm { probability, then });
        }
        let sum: f64 = arms.iter().map(|arm| arm.probability).sum();
        if (sum - 1.0).abs() > PROBABILITY_TOLERANCE {
            self.faults.refuse(path, &Value::from(sum), "probabilities must sum to 1");
            return None;
        }
        Some(Kind::Branch(arms))
    }

    /// A loop or a map: a number of times, and what is done each time.
    fn turning(&mut self, value: &'a Value, path: &str, place: &str, number: &str) -> Option<Kind> {
        let is_map = number == "items";
        let known: &[&str] = if is_map { &["items", "max", "concurrency", "body"] } else { &["count", "max", "body"] };
        let fields = Fields::of(value, path, known, &mut self.faults)?;
        fields.required(number, &mut self.faults);
        let times = fields.count(number, &mut self.faults);
        let max = fields.whole("max", 1, u64::from(COUNT_MAX), &mut self.faults).map(|max| max as u32);
        let most = u64::from(CONCURRENCY_MAX);
        let concurrency = fields.whole("concurrency", 1, most, &mut self.faults).unwrap_or(most) as u32;
        let body = fields.required("body", &mut self.faults)?;
        let body = self.body(body, &fields.at("body"), &format!("{place}.body"));
        let times = times?;
        let max = max.map_or_else(|| unbounded(&times, &fields, number, "max", &mut self.faults), u64::from) as u32;
        Some(if is_map {
            Kind::Map { items: times, max, concurrency, body }
        } else {
            Kind::Loop { count: times, max, body }
        })
    }

    fn reference(&mut self, value: &'a Value, path: &str, place: &str) -> Option<Kind> {
        let found = value.as_str().and_then(|name| self.nodes.get_key_value(name));
        let Some((name, node)) = found else {
            self.faults.refuse(path, value, "must name one of the plan's nodes");
            return None;
        };
        self.used.insert(name);
        if let Some(start) = self.open.iter().position(|open| open == name) {
            let cycle: Vec<&str> = self.open[start..].iter().copied().chain([name.as_str()]).collect();
            self.faults.refuse(path, value, format!("is part of a cycle: {}", cycle.join(" → ")));
            return None;
        }
        self.open.push(name);
        let nodes = self.body(node, &format!("nodes.{name}"), &format!("{place}.{name}"));
        self.open.pop();
        Some(Kind::Sequence(nodes))
    }
}

fn step_usage(value: &Value, path: &str, faults: &mut Faults) -> StepUsage {
    let Some(fields) = Fields::of(value, path, &["cost_usd", "latency_ms", "failure"], faults) else {
        return StepUsage::default();
    };
    StepUsage {
        cost_usd: fields.driver("cost_usd", USD_MAX, faults),
        latency_ms: fields.driver("latency_ms", MS_MAX, faults),
        failure: fields.number("failure", 0.0, 1.0, faults),
    }
}

/// The most of a count that names no bound in the field `max`: refused if that is above every bound, for
/// to cut it would change what it costs.
pub(super) fn unbounded(count: &Driver, fields: &Fields<'_, '_>, name: &str, max: &str, faults: &mut Faults) -> u64 {
    let most = count_most(count);
    if most > u64::from(COUNT_MAX) {
        let rule = format!("may reach {most}, above the bound of {COUNT_MAX}; say {max}");
        faults.refuse(&fields.at(name), fields.get(name).unwrap_or(&Value::Null), rule);
    }
    most
}
