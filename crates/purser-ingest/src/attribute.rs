//! The attribute names that are read, and what each means. Every other attribute, message content
//! above all, is passed over unread.
//! Invariant: of several names for one thing the one that stands first in the table wins.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

use purser_domain::usage_event::TAGS_MAX;
use xxhash_rust::xxh3::xxh3_64;

use crate::emitter;
use crate::json;

pub(crate) mod label;
mod name;

use label::Chosen;
use name::{CLAUDE_CODE, CODEX, GEMINI_CLI, LANGSMITH, MLFLOW, NAMES};

/// An attribute's value, borrowed from the request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value<'a> {
    Text(Cow<'a, str>),
    Int(i64),
    Double(f64),
    Bool(bool),
    Texts(Vec<Cow<'a, str>>),
    Other,
}

/// A text that a span or its resource may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Text {
    Operation,
    AiOperation,
    SpanKind,
    ObservationType,
    TraceloopKind,
    RequestType,
    EventName,
    EventKind,
    EventTime,
    AuthType,
    RequestModel,
    ResponseModel,
    LlmModelName,
    Provider,
    ResponseId,
    ResponseTier,
    RequestTier,
    InvocationParameters,
    OutputValue,
    UsageDetails,
    UsageObject,
    Metadata,
    CostDetails,
    ProviderMetadata,
    Cost,
    CostCurrency,
    Agent,
    Skill,
    RunId,
    SessionId,
    UserId,
    FeatureTag,
    Project,
    Service,
    Environment,
    ErrorType,
    RequestId,
    Speed,
    InferenceGeo,
    /// A router's own name of provider and model: `openai/gpt-5`.
    ProviderModel,
    /// The host that was called.
    Host,
    Tool,
    McpServer,
    /// A usage object of LangChain.
    UsageMetadata,
    /// A usage object whose totals contain their parts.
    TokenUsage,
    InputDetails,
    OutputDetails,
    CostTicks,
    InputCost,
    OutputCost,
    /// Facts in a Python dictionary.
    RequesterMetadata,
    SpendLogsMetadata,
    /// LiteLLM's own name of the operation.
    CallType,
    /// Whether a gateway answered out of its own cache.
    CacheHit,
}

impl Text {
    pub(crate) const COUNT: usize = Self::CacheHit as usize + 1;
}

/// A number that a span may carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Count {
    Input,
    InputUncached,
    CacheRead,
    CacheWrite,
    CacheWrite5m,
    CacheWrite1h,
    CacheWrite12h,
    Output,
    Reasoning,
    InputAudio,
    CacheReadAudio,
    OutputAudio,
    InputImage,
    CacheReadImage,
    OutputImage,
    InputVideo,
    OutputVideo,
    WebSearches,
    /// Tokens of tool results, read beside the input.
    ToolResults,
    /// All tokens, both directions.
    Total,
    Attempt,
    LatencyMs,
    Sequence,
}

impl Count {
    pub(crate) const COUNT: usize = Self::Sequence as usize + 1;
}

/// What an attribute means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    Text(Text),
    Count(Count),
    /// A text that is a UUID; other values of the name mean something else.
    Uuid(Text),
    /// A quantity of this unit.
    Unit(&'static str),
    /// Becomes this tag.
    Tag(&'static str),
    /// A list of labels, each of which becomes a tag.
    Labels,
    /// Repeats what another name counts.
    Known,
}

/// Names that begin like this count something that is billed: none of them is passed over in silence.
const COUNTED: &[&str] = &["gen_ai.usage.", "llm.token_count.", "llm.usage.", "ai.usage.", "decision.token_count."];

/// The longest label of a prefix, bytes.
const LABEL_MAX: usize = 256;

/// The most unknown counts of one item that are told.
const UNKNOWN_MAX: usize = 10;

/// The rank of the first name that users choose: every name of a client's own goes before.
const CHOSEN: u16 = 30_000;

type Table = HashMap<&'static str, (u16, Meaning), BuildHasherDefault<NameHasher>>;

/// Hashes a whole name at once.
#[derive(Debug, Default)]
struct NameHasher(u64);

impl Hasher for NameHasher {
    fn write(&mut self, name: &[u8]) {
        self.0 = xxh3_64(name);
    }

    /// The end of a text says nothing where one name is hashed alone.
    fn write_u8(&mut self, _: u8) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

static COMMON: LazyLock<Table> = LazyLock::new(|| table(&[]));
static WITH_CLAUDE_CODE: LazyLock<Table> = LazyLock::new(|| table(CLAUDE_CODE));
static WITH_CODEX: LazyLock<Table> = LazyLock::new(|| table(CODEX));
static WITH_GEMINI_CLI: LazyLock<Table> = LazyLock::new(|| table(GEMINI_CLI));
static WITH_LANGSMITH: LazyLock<Table> = LazyLock::new(|| table(LANGSMITH));
static WITH_MLFLOW: LazyLock<Table> = LazyLock::new(|| table(MLFLOW));

fn table(more: &'static [(&'static str, Meaning)]) -> Table {
    let mut table = Table::default();
    for (rank, (name, meaning)) in NAMES.iter().chain(more).enumerate() {
        table.insert(name, (u16::try_from(rank).unwrap_or(u16::MAX), *meaning));
    }
    table
}

/// Which names mean something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    Common,
    ClaudeCode,
    Codex,
    GeminiCli,
    Langsmith,
    Mlflow,
}

impl Names {
    fn table(self) -> &'static Table {
        match self {
            Self::Common => &COMMON,
            Self::ClaudeCode => &WITH_CLAUDE_CODE,
            Self::Codex => &WITH_CODEX,
            Self::GeminiCli => &WITH_GEMINI_CLI,
            Self::Langsmith => &WITH_LANGSMITH,
            Self::Mlflow => &WITH_MLFLOW,
        }
    }
}

/// What was found on one span or resource.
#[derive(Debug, Clone)]
pub(crate) struct Attributes<'a> {
    texts: [Option<(u16, Cow<'a, str>)>; Text::COUNT],
    counts: [Option<(u16, i64)>; Count::COUNT],
    /// Labels, in the order of their arrival.
    pub tags: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Quantities of units, as they were sent.
    pub units: Vec<(&'static str, Cow<'a, str>)>,
    /// Names of counts above zero that mean nothing here.
    pub unknown: Vec<&'a str>,
    /// Numbers that are none: the attribute and its value.
    pub bad: Vec<(String, String)>,
    /// How many attributes were passed over.
    pub ignored: u64,
}

impl Default for Attributes<'_> {
    fn default() -> Self {
        Self {
            texts: [const { None }; Text::COUNT],
            counts: [None; Count::COUNT],
            tags: Vec::new(),
            units: Vec::new(),
            unknown: Vec::new(),
            bad: Vec::new(),
            ignored: 0,
        }
    }
}

impl<'a> Attributes<'a> {
    /// Forgets everything, keeping the memory.
    pub(crate) fn clear(&mut self) {
        self.texts.fill(None);
        self.counts.fill(None);
        self.tags.clear();
        self.units.clear();
        self.unknown.clear();
        self.bad.clear();
        self.ignored = 0;
    }

    /// Takes an attribute in, reading its value only if its name means something.
    pub(crate) fn add(&mut self, names: Names, name: &'a str, value: impl FnOnce() -> Value<'a>) {
        match names.table().get(name) {
            Some((rank, Meaning::Text(slot))) => self.add_text(*rank, *slot, value()),
            Some((rank, Meaning::Uuid(slot))) => match value() {
                Value::Text(text) if is_uuid(&text) => self.add_text(*rank, *slot, Value::Text(text)),
                _ => self.ignored += 1,
            },
            Some((rank, Meaning::Count(slot))) => self.add_count(*rank, *slot, name, value()),
            Some((_, Meaning::Tag(tag))) => self.add_tag(Cow::Borrowed(tag), value()),
            Some((_, Meaning::Labels)) => self.add_labels(value()),
            Some((_, Meaning::Unit(unit))) => self.units.extend(text_of(value()).map(|text| (*unit, text))),
            Some((_, Meaning::Known)) => self.ignored += 1,
            None if COUNTED.iter().any(|prefix| name.starts_with(prefix)) => self.add_unknown(name, &value()),
            None => match label::chosen(name) {
                Some(Chosen::Fact(rank, slot)) => self.add_text(CHOSEN + rank, slot, value()),
                Some(Chosen::Tag(tag)) => self.add_tag(Cow::Borrowed(tag), value()),
                None => self.ignored += 1,
            },
        }
    }

    /// Notes a count that no table knows, if it counts anything.
    fn add_unknown(&mut self, name: &'a str, value: &Value<'_>) {
        self.ignored += 1;
        let counts = match value {
            Value::Int(number) => *number > 0,
            Value::Double(number) => *number > 0.0,
            _ => false,
        };
        if counts && self.unknown.len() < UNKNOWN_MAX {
            self.unknown.push(name);
        }
    }

    fn add_text(&mut self, rank: u16, slot: Text, value: Value<'a>) {
        let Some(text) = text_of(value).map(plain).filter(|text| !text.is_empty()) else {
            return;
        };
        if slot == Text::Provider && emitter::is_framework(&text) {
            return;
        }
        let place = &mut self.texts[slot as usize];
        if place.as_ref().is_none_or(|(known, _)| rank < *known) {
            *place = Some((rank, text));
        }
    }

    fn add_count(&mut self, rank: u16, slot: Count, name: &str, value: Value<'a>) {
        let number = match &value {
            Value::Int(number) => Some(*number),
            // JavaScript has no integers: a whole double is one.
            Value::Double(number) if number.fract() == 0.0 && number.abs() < 9.0e15 => Some(*number as i64),
            Value::Text(text) if text.is_empty() => return,
            Value::Text(text) => text.parse().ok(),
            _ => None,
        };
        let Some(number) = number else {
            if self.bad.len() < 10 {
                self.bad.push((name.to_owned(), text_of(value).unwrap_or_default().into_owned()));
            }
            return;
        };
        let place = &mut self.counts[slot as usize];
        if place.is_none_or(|(known, _)| rank < known) {
            *place = Some((rank, number));
        }
    }

    fn add_tag(&mut self, tag: Cow<'a, str>, value: Value<'a>) {
        // One more than an event may have, so that the event is refused for it.
        if self.tags.len() <= TAGS_MAX
            && let Some(text) = text_of(value).map(plain).filter(|text| !text.is_empty() && text.len() <= LABEL_MAX)
            && self.tags.iter().all(|(known, _)| *known != tag)
        {
            self.tags.push((tag, text));
        }
    }

    /// `team:search` and `team=search` are a key with a value, `nightly` is true.
    fn add_labels(&mut self, value: Value<'a>) {
        let labels = match value {
            Value::Texts(labels) => labels,
            Value::Text(text) => match serde_json::from_str::<Vec<String>>(&text) {
                Ok(labels) => labels.into_iter().map(Cow::Owned).collect(),
                // LangSmith writes them with commas between.
                Err(_) => text.split(", ").map(|label| Cow::Owned(label.to_owned())).collect(),
            },
            _ => return,
        };
        for label in labels {
            let (key, value) = split_label(&label);
            self.add_tag(Cow::Owned(key.to_owned()), Value::Text(Cow::Owned(value.to_owned())));
        }
    }

    /// The text in `slot`.
    pub(crate) fn text(&self, slot: Text) -> Option<&str> {
        self.texts[slot as usize].as_ref().map(|(_, text)| &**text)
    }

    /// The number in `slot`.
    pub(crate) fn count(&self, slot: Count) -> Option<i64> {
        self.counts[slot as usize].map(|(_, number)| number)
    }

    /// Whether any number is below zero: its slot.
    pub(crate) fn negative(&self) -> Option<i64> {
        self.counts.iter().flatten().map(|(_, number)| *number).find(|number| *number < 0)
    }

    /// The number in `slot`, if it is given and may be one.
    pub(crate) fn quantity(&self, slot: Count) -> Option<u64> {
        self.count(slot).and_then(|number| u64::try_from(number).ok())
    }
}

/// Whether a text has the form of a UUID: 36 characters, four hyphens.
fn is_uuid(text: &str) -> bool {
    text.len() == 36 && text.bytes().filter(|byte| *byte == b'-').count() == 4
}

/// A text without the quotes of JSON, which some clients leave on.
fn plain(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.starts_with('"') {
        return text;
    }
    match text {
        Cow::Borrowed(quoted) => json::string(quoted).unwrap_or(Cow::Borrowed(quoted)),
        Cow::Owned(quoted) => match json::string(&quoted) {
            Some(inner) => Cow::Owned(inner.into_owned()),
            None => Cow::Owned(quoted),
        },
    }
}

/// A label as key and value.
pub(crate) fn split_label(label: &str) -> (&str, &str) {
    match label.split_once([':', '=']) {
        Some((key, value)) if !key.is_empty() && !value.is_empty() => (key.trim(), value.trim()),
        _ => (label, "true"),
    }
}

fn text_of(value: Value<'_>) -> Option<Cow<'_, str>> {
    Some(match value {
        Value::Text(text) => text,
        Value::Int(number) => Cow::Owned(number.to_string()),
        Value::Double(number) => Cow::Owned(number.to_string()),
        Value::Bool(yes) => Cow::Borrowed(if yes { "true" } else { "false" }),
        Value::Texts(_) | Value::Other => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_stands_twice_in_a_table() {
        for more in [CLAUDE_CODE, CODEX, GEMINI_CLI, LANGSMITH, MLFLOW] {
            let mut names: Vec<&str> = NAMES.iter().chain(more).map(|(name, _)| *name).collect();
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count);
        }
    }

    #[test]
    fn the_first_name_of_the_table_wins_whatever_the_order_of_arrival() {
        for names in [
            ["gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"],
            ["gen_ai.usage.prompt_tokens", "gen_ai.usage.input_tokens"],
        ] {
            let mut attributes = Attributes::default();
            for name in names {
                attributes.add(Names::Common, name, || Value::Int(if name.contains("input") { 7 } else { 8 }));
            }
            assert_eq!(attributes.count(Count::Input), Some(7));
        }
    }

    #[test]
    fn values_of_unknown_names_are_never_read() {
        let mut attributes = Attributes::default();
        for name in ["gen_ai.input.messages", "input.value", "ai.prompt", "prompt", "model", "purser.tag."] {
            attributes.add(Names::Common, name, || unreachable!("{name} must not be read"));
        }
        assert_eq!(attributes.ignored, 6);
    }

    #[test]
    fn numbers_may_be_texts_or_whole_doubles_but_not_words() {
        let mut attributes = Attributes::default();
        attributes.add(Names::Common, "gen_ai.usage.input_tokens", || Value::Text("12".into()));
        attributes.add(Names::Common, "gen_ai.usage.output_tokens", || Value::Double(13.0));
        attributes.add(Names::Common, "gen_ai.usage.reasoning_tokens", || Value::Double(1.5));
        attributes.add(Names::ClaudeCode, "cache_read_tokens", || Value::Text("many".into()));
        assert_eq!((attributes.count(Count::Input), attributes.count(Count::Output)), (Some(12), Some(13)));
        let bad: Vec<&str> = attributes.bad.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(bad, ["1.5", "many"]);
    }

    #[test]
    fn labels_become_tags() {
        let mut attributes = Attributes::default();
        attributes.add(Names::Common, "langfuse.trace.tags", || Value::Text(r#"["nightly","team:search"]"#.into()));
        attributes.add(Names::Common, "purser.tag.cost_centre", || Value::Int(42));
        let tags: Vec<(&str, &str)> = attributes.tags.iter().map(|(key, value)| (&**key, &**value)).collect();
        assert_eq!(tags, [("nightly", "true"), ("team", "search"), ("cost_centre", "42")]);
    }
}
