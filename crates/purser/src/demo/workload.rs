//! The companies of the demo and what their software does all day.
//! Invariant: data only; [`super::traffic`] turns it into events.

/// A tenant of the demo.
pub(crate) struct Company {
    /// Tenant id.
    pub(crate) tenant: &'static str,
    /// IANA zone of its days.
    pub(crate) zone: &'static str,
    /// Hours between UTC and its people's clocks, for the shape of the day.
    pub(crate) utc_offset_hours: i64,
    /// Its part of all events.
    pub(crate) share: f64,
    /// What it runs.
    pub(crate) workloads: &'static [Workload],
}

/// One kind of traffic.
pub(crate) struct Workload {
    /// Feature tag, `namespace.action`.
    pub(crate) feature: &'static str,
    /// Its name for people.
    pub(crate) title: &'static str,
    /// Planned spend of a month, whole dollars.
    pub(crate) budget_usd: i64,
    /// Its part of the company's events.
    pub(crate) share: f64,
    /// When it happens.
    pub(crate) shape: Shape,
    /// Who calls, if not a person's click.
    pub(crate) agent: Option<Agent>,
    /// Which models answer, with weights.
    pub(crate) models: &'static [(f64, Model)],
    /// Median of all tokens read.
    pub(crate) input_tokens: f64,
    /// Median of all tokens written.
    pub(crate) output_tokens: f64,
    /// Part of the tokens read that comes from a cache.
    pub(crate) cached: f64,
    /// Part of the tokens written that is hidden reasoning.
    pub(crate) reasoning: f64,
    /// How many people or services stand behind it.
    pub(crate) users: u32,
    /// Deployment environment.
    pub(crate) environment: &'static str,
    /// Project.
    pub(crate) project: &'static str,
    /// Team, as a tag.
    pub(crate) team: &'static str,
    /// Part of the calls that fail.
    pub(crate) failing: f64,
}

/// A model as clients name it.
#[derive(Clone, Copy)]
pub(crate) struct Model {
    /// Canonical provider.
    pub(crate) provider: &'static str,
    /// The model asked for.
    pub(crate) name: &'static str,
    /// Service tier, if not the standard one.
    pub(crate) tier: Option<&'static str>,
}

/// An agent that works in runs.
#[derive(Clone, Copy)]
pub(crate) struct Agent {
    /// Its name.
    pub(crate) name: &'static str,
    /// Fewest and most steps of a run.
    pub(crate) steps: (u32, u32),
    /// What its steps do.
    pub(crate) skills: &'static [&'static str],
}

/// How traffic spreads over a day and a week.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    /// People at work: mornings and afternoons, hardly any weekend.
    Office,
    /// People at home: evenings, and more at weekends.
    Evening,
    /// One job in the night.
    Night,
    /// Machines: all day, all week.
    Flat,
}

impl Shape {
    /// Relative traffic of an hour of the local day.
    pub(crate) fn weight(self, hour: usize, is_weekend: bool) -> f64 {
        let (day, weekend): ([u8; 24], f64) = match self {
            Self::Office => {
                ([2, 1, 1, 1, 1, 2, 6, 18, 45, 80, 96, 92, 60, 70, 95, 100, 92, 70, 38, 20, 12, 8, 5, 3], 0.18)
            }
            Self::Evening => {
                ([22, 12, 7, 4, 3, 4, 8, 16, 24, 30, 36, 42, 48, 46, 44, 48, 58, 72, 88, 100, 98, 84, 62, 40], 1.25)
            }
            Self::Night => ([10, 60, 100, 90, 40, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2], 1.0),
            Self::Flat => {
                ([50, 48, 46, 46, 48, 50, 54, 58, 62, 66, 68, 68, 66, 66, 68, 68, 66, 64, 62, 60, 58, 56, 54, 52], 0.85)
            }
        };
        f64::from(day[hour % 24]) * if is_weekend { weekend } else { 1.0 }
    }
}

const fn model(provider: &'static str, name: &'static str) -> Model {
    Model { provider, name, tier: None }
}

const fn batch(provider: &'static str, name: &'static str) -> Model {
    Model { provider, name, tier: Some("batch") }
}

const GPT_41: Model = model("openai", "gpt-4.1");
const GPT_41_MINI: Model = model("openai", "gpt-4.1-mini");
const GPT_4O_MINI: Model = model("openai", "gpt-4o-mini");
const GPT_5: Model = model("openai", "gpt-5");
const GPT_5_MINI: Model = model("openai", "gpt-5-mini");
const EMBEDDING: Model = model("openai", "text-embedding-3-small");
const SONNET: Model = model("anthropic", "claude-sonnet-4-5");
const HAIKU: Model = model("anthropic", "claude-haiku-4-5");
const OPUS: Model = model("anthropic", "claude-opus-4-1");
const GEMINI_FLASH: Model = model("gcp.gemini", "gemini-2.5-flash");
const GEMINI_PRO: Model = model("gcp.gemini", "gemini-2.5-pro");
const MISTRAL: Model = model("mistral_ai", "mistral-large-latest");
const DEEPSEEK: Model = model("deepseek", "deepseek-chat");
const LLAMA: Model = model("groq", "llama-3.3-70b-versatile");
/// Models that no price book can know: unpriced on purpose.
const OWN_LLAMA: Model = model("vllm", "acme-llama-70b-finetune");
const OWN_RERANKER: Model = model("self-hosted", "initech-rerank-v3");

/// The feature whose prompts grow, see [`super::incident`].
pub(crate) const GROWING_FEATURE: &str = "support.reply";
/// The agent that retries without end, see [`super::incident`].
pub(crate) const LOOPING_AGENT: &str = "code-fixer";

/// The companies, the first being the one whose key the demo prints first.
pub(crate) const COMPANIES: &[Company] = &[
    Company { tenant: "acme", zone: "Europe/Berlin", utc_offset_hours: 1, share: 0.55, workloads: ACME },
    Company { tenant: "globex", zone: "America/New_York", utc_offset_hours: -5, share: 0.3, workloads: GLOBEX },
    Company { tenant: "initech", zone: "Asia/Kolkata", utc_offset_hours: 5, share: 0.15, workloads: INITECH },
];

const PLAIN: Workload = Workload {
    feature: "",
    title: "",
    budget_usd: 0,
    share: 0.0,
    shape: Shape::Office,
    agent: None,
    models: &[],
    input_tokens: 1_000.0,
    output_tokens: 200.0,
    cached: 0.0,
    reasoning: 0.0,
    users: 40,
    environment: "production",
    project: "main",
    team: "platform",
    failing: 0.012,
};

const ACME: &[Workload] = &[
    Workload {
        feature: GROWING_FEATURE,
        title: "Support replies",
        budget_usd: 900,
        share: 0.34,
        models: &[(0.6, GPT_41), (0.4, SONNET)],
        input_tokens: 2_600.0,
        output_tokens: 320.0,
        cached: 0.45,
        users: 120,
        project: "support",
        team: "care",
        ..PLAIN
    },
    Workload {
        feature: "search.answer",
        title: "Answers in search",
        budget_usd: 300,
        share: 0.26,
        shape: Shape::Evening,
        models: &[(0.7, GEMINI_FLASH), (0.3, GPT_4O_MINI)],
        input_tokens: 3_400.0,
        output_tokens: 180.0,
        cached: 0.2,
        users: 400,
        project: "search",
        team: "growth",
        ..PLAIN
    },
    Workload {
        feature: "search.index",
        title: "Search index",
        budget_usd: 20,
        share: 0.14,
        shape: Shape::Night,
        models: &[(1.0, EMBEDDING)],
        input_tokens: 1_800.0,
        output_tokens: 0.0,
        users: 1,
        project: "search",
        team: "growth",
        failing: 0.002,
        ..PLAIN
    },
    Workload {
        feature: "research.report",
        title: "Research reports",
        budget_usd: 1_200,
        share: 0.2,
        agent: Some(Agent {
            name: "researcher",
            steps: (4, 18),
            skills: &["plan", "web_search", "read_page", "summarise", "write"],
        }),
        models: &[(0.55, SONNET), (0.3, GEMINI_PRO), (0.15, GPT_5)],
        input_tokens: 6_500.0,
        output_tokens: 700.0,
        cached: 0.55,
        reasoning: 0.25,
        users: 18,
        project: "research",
        team: "strategy",
        failing: 0.03,
        ..PLAIN
    },
    Workload {
        feature: "triage.classify",
        title: "Ticket triage",
        budget_usd: 50,
        share: 0.06,
        shape: Shape::Flat,
        models: &[(1.0, OWN_LLAMA)],
        input_tokens: 900.0,
        output_tokens: 12.0,
        users: 2,
        project: "support",
        team: "care",
        ..PLAIN
    },
];

const GLOBEX: &[Workload] = &[
    Workload {
        feature: "code.fix",
        title: "Code fixes",
        budget_usd: 2_500,
        share: 0.5,
        agent: Some(Agent {
            name: LOOPING_AGENT,
            steps: (6, 30),
            skills: &["locate", "read_file", "edit", "run_tests", "review"],
        }),
        models: &[(0.7, SONNET), (0.2, GPT_5), (0.1, OPUS)],
        input_tokens: 9_000.0,
        output_tokens: 550.0,
        cached: 0.75,
        reasoning: 0.2,
        users: 30,
        project: "ide",
        team: "tools",
        failing: 0.025,
        ..PLAIN
    },
    Workload {
        feature: "code.complete",
        title: "Completions while typing",
        budget_usd: 150,
        share: 0.35,
        models: &[(0.5, LLAMA), (0.5, DEEPSEEK)],
        input_tokens: 1_500.0,
        output_tokens: 60.0,
        cached: 0.1,
        users: 55,
        project: "ide",
        team: "tools",
        failing: 0.008,
        ..PLAIN
    },
    Workload {
        feature: "chat.assist",
        title: "Chat for developers",
        budget_usd: 200,
        share: 0.15,
        models: &[(0.6, GPT_5_MINI), (0.4, HAIKU)],
        input_tokens: 2_200.0,
        output_tokens: 480.0,
        cached: 0.3,
        reasoning: 0.3,
        users: 48,
        environment: "staging",
        project: "portal",
        team: "devrel",
        ..PLAIN
    },
];

const INITECH: &[Workload] = &[
    Workload {
        feature: "documents.extract",
        title: "Fields of documents",
        budget_usd: 180,
        share: 0.55,
        shape: Shape::Night,
        models: &[(0.7, batch("openai", "gpt-4.1-mini")), (0.3, GPT_41_MINI)],
        input_tokens: 4_200.0,
        output_tokens: 260.0,
        users: 1,
        project: "back-office",
        team: "operations",
        failing: 0.006,
        ..PLAIN
    },
    Workload {
        feature: "mail.draft",
        title: "Drafts of mails",
        budget_usd: 120,
        share: 0.33,
        models: &[(0.6, MISTRAL), (0.4, HAIKU)],
        input_tokens: 1_100.0,
        output_tokens: 350.0,
        users: 75,
        project: "front-office",
        team: "sales",
        ..PLAIN
    },
    Workload {
        feature: "documents.rank",
        title: "Order of search results",
        budget_usd: 40,
        share: 0.12,
        shape: Shape::Flat,
        models: &[(1.0, OWN_RERANKER)],
        input_tokens: 1_600.0,
        output_tokens: 4.0,
        users: 3,
        project: "back-office",
        team: "operations",
        ..PLAIN
    },
];
