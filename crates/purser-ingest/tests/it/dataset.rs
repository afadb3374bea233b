//! A public trace, where it lies beside the checkout: <https://github.com/Azure/AzurePublicDataset>.

use purser_domain::usage::Leaf;
use purser_ingest::file::{self, Format, Options, Seen, Target};

#[test]
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn the_azure_trace_is_read_to_the_last_token() {
    let path = format!("{}/../../../shared/data/azure/AzureLLMInferenceTrace_code.csv", env!("CARGO_MANIFEST_DIR"));
    let Ok(text) = std::fs::read(&path) else {
        eprintln!("SKIPPED: {path} is absent");
        return;
    };
    let target = |name: &str| name.parse::<Target>().expect("a field");
    let mut options = Options::new("2026-11-21T02:00:00Z".parse().expect("a literal"));
    options.zone = Some(jiff::tz::TimeZone::UTC);
    options.set = vec![(target("provider"), "azure".to_owned()), (target("model"), "gpt-4".to_owned())];
    options.map =
        [("occurred_at", "TIMESTAMP"), ("input_tokens", "ContextTokens"), ("output_tokens", "GeneratedTokens")]
            .map(|(field, column)| (target(field), column.to_owned()))
            .to_vec();
    let (mut rows, mut input, mut output) = (0, 0, 0);
    for chunk in file::read(text.as_slice(), Format::Csv, &options, &Seen::default()).expect("readable") {
        let chunk = chunk.expect("readable");
        assert_eq!(chunk.refused, []);
        rows += chunk.events.len();
        input += chunk.events.iter().map(|incoming| incoming.event.usage.get(Leaf::Input)).sum::<u64>();
        output += chunk.events.iter().map(|incoming| incoming.event.usage.get(Leaf::Output)).sum::<u64>();
    }
    // Summed over the file by Python's csv module.
    assert_eq!((rows, input, output), (8_819, 18_059_974, 245_896));
}
