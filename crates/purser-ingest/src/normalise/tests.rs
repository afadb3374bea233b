use super::*;

#[test]
fn totals_lose_their_parts_and_the_sum_stays() {
    // OpenAI: 1,200 read of which 1,000 cached and 50 audio; 300 written of which 100 reasoning.
    let reported = Reported {
        input: 1_200,
        cache_read: 1_000,
        input_audio: 50,
        output: 300,
        reasoning: 100,
        ..Reported::default()
    };
    let usage = reported.leaves(Accounting::TOTALS).expect("consistent");
    let expected = Usage::default()
        .with(Leaf::Input, 150)
        .with(Leaf::CacheRead, 1_000)
        .with(Leaf::InputAudio, 50)
        .with(Leaf::Output, 200)
        .with(Leaf::Reasoning, 100);
    assert_eq!(usage, expected);
    assert_eq!(usage.total_tokens(), 1_500);
}

#[test]
fn anthropic_input_stands_beside_its_cache() {
    let reported = Reported {
        input: 200,
        cache_read: 1_000,
        cache_write: 600,
        cache_write_1h: 200,
        output: 300,
        ..Reported::default()
    };
    let usage = reported.leaves(Accounting::ANTHROPIC).expect("consistent");
    assert_eq!(usage.get(Leaf::Input), 200);
    assert_eq!(usage.get(Leaf::CacheWrite5m), 400, "what is not known to live an hour is short-lived");
    assert_eq!(usage.get(Leaf::CacheWrite1h), 200);
    // The same call from an emitter that adds the cache up.
    let total = Reported { input: 1_800, ..reported };
    assert_eq!(total.leaves(Accounting::TOTALS), Ok(usage));
}

#[test]
fn cached_audio_is_counted_once() {
    let reported = Reported {
        input: 1_000,
        cache_read: 600,
        input_audio: 500,
        cache_read_audio: 400,
        output: 10,
        ..Reported::default()
    };
    let usage = reported.leaves(Accounting::TOTALS).expect("consistent");
    let leaves: Vec<_> = usage.iter().collect();
    assert_eq!(
        leaves,
        [
            (Leaf::Input, 300),
            (Leaf::CacheRead, 200),
            (Leaf::Output, 10),
            (Leaf::InputAudio, 100),
            (Leaf::CacheReadAudio, 400),
            (Leaf::Requests, 1)
        ]
    );
}

#[test]
fn cached_tokens_that_are_not_told_apart_are_placed_only_where_one_reading_is_possible() {
    let read = |input, input_audio, cache_read, cache_read_audio| {
        let reported = Reported { input, input_audio, cache_read, cache_read_audio, ..Reported::default() };
        reported.leaves(Accounting::TOTALS).map(|usage| {
            [Leaf::Input, Leaf::CacheRead, Leaf::InputAudio, Leaf::CacheReadAudio].map(|leaf| usage.get(leaf))
        })
    };
    // The total holds 300 cached text beside 500 audio.
    assert_eq!(read(1_000, 500, 300, 0), Ok([200, 300, 500, 0]));
    // No text was read: what is cached is audio.
    assert_eq!(read(500, 500, 300, 0), Ok([0, 0, 200, 300]));
    // All was cached.
    assert_eq!(read(1_000, 500, 1_000, 0), Ok([0, 500, 0, 500]));
    // Between 98,000 and 99,000 of the cached tokens are audio.
    let wrong = read(100_000, 99_000, 99_000, 0).expect_err("nobody knows how many");
    assert_eq!(
        wrong.reason,
        "99000 cached tokens are not told apart: 1000 text and 99000 tokens of other modalities were read"
    );
    // A modality below its cached part does not contain it: 1,000 = 500 text + 100 audio + 400 cached audio.
    assert_eq!(read(1_000, 100, 400, 400), Ok([500, 0, 100, 400]));
}

#[test]
fn totals_that_were_not_sent_are_the_sum_of_their_parts() {
    let reported = Reported { input_audio: 40, output_image: 1_290, reasoning: 5, ..Reported::default() };
    let usage = reported.leaves(Accounting::TOTALS).expect("nothing to contain");
    let leaves: Vec<_> = usage.with(Leaf::Requests, 0).iter().collect();
    assert_eq!(leaves, [(Leaf::Reasoning, 5), (Leaf::InputAudio, 40), (Leaf::OutputImage, 1_290)]);
}

#[test]
fn an_emitter_that_passes_the_providers_numbers_on_is_read_as_the_provider_counts() {
    let filled = |provider: &str, model: &str, reported: Reported| {
        let mut event = UsageEvent { provider: provider.to_owned(), model: model.to_owned(), ..UsageEvent::default() };
        reported.fill(Accounting::TOTALS, &mut event);
        (event.usage.get(Leaf::Input), event.usage.get(Leaf::Output), event.contradiction.is_some())
    };
    let cache = Reported { input: 500, cache_read: 8_000, output: 9, ..Reported::default() };
    assert_eq!(filled("anthropic", "claude-opus-5", cache), (500, 9, false));
    assert_eq!(filled("aws.bedrock", "amazon.nova-lite-v1:0", cache), (500, 9, false));
    assert_eq!(filled("gcp.vertex_ai", "claude-opus-5", cache), (500, 9, false));
    assert_eq!(filled("openai", "gpt-5", cache), (0, 0, true));
    let thoughts = Reported { input: 10, output: 700, reasoning: 900, ..Reported::default() };
    assert_eq!(filled("gcp.gemini", "gemini-2.5-pro", thoughts), (10, 700, false));
    assert_eq!(filled("openai", "gpt-5", thoughts), (0, 0, true));
}

#[test]
fn the_sum_decides_between_inside_and_beside() {
    let settled = |reported: Reported, accounting| {
        reported.settle(accounting).map(|usage| usage.with(Leaf::Requests, 0).iter().collect::<Vec<_>>())
    };
    // xAI: 12,500 = 10,000 read + 2,000 written + 500 of reasoning beside them.
    let xai = Reported {
        input: 10_000,
        cache_read: 8_000,
        output: 2_000,
        reasoning: 500,
        total: 12_500,
        ..Reported::default()
    };
    let beside = vec![(Leaf::Input, 2_000), (Leaf::CacheRead, 8_000), (Leaf::Output, 2_000), (Leaf::Reasoning, 500)];
    assert_eq!(settled(xai, Accounting::TOTALS), Ok(beside));
    let inside = vec![(Leaf::Input, 2_000), (Leaf::CacheRead, 8_000), (Leaf::Output, 1_500), (Leaf::Reasoning, 500)];
    assert_eq!(settled(Reported { total: 12_000, ..xai }, Accounting::TOTALS), Ok(inside));
    // Cache beside the input, by a sum that counts it.
    let cache = Reported { input: 5, cache_read: 100, output: 10, total: 115, ..Reported::default() };
    let expected = vec![(Leaf::Input, 5), (Leaf::CacheRead, 100), (Leaf::Output, 10)];
    assert_eq!(settled(cache, Accounting::TOTALS), Ok(expected.clone()));
    // A sum of input and output alone agrees with the emitter that is known to count beside, and saves one that
    // could not count inside.
    assert_eq!(settled(Reported { total: 15, ..cache }, Accounting::ANTHROPIC), Ok(expected.clone()));
    assert_eq!(settled(Reported { total: 15, ..cache }, Accounting::TOTALS), Ok(expected));
}

#[test]
fn what_is_left_of_a_sum_is_reasoning() {
    // Gemini through an emitter that leaves thoughts out: 10,600 = 9,000 + 700 + 900.
    let reported = Reported { input: 9_000, cache_read: 6_000, output: 700, total: 10_600, ..Reported::default() };
    let usage = reported.settle(Accounting::TOTALS).expect("consistent");
    assert_eq!((usage.get(Leaf::Output), usage.get(Leaf::Reasoning), usage.total_tokens()), (700, 900, 10_600));
}

#[test]
fn a_contradiction_that_remains_is_told_with_both_figures_and_the_counts() {
    let reported = Reported { input: 100, output: 10, reasoning: 5, total: 90, ..Reported::default() };
    let wrong = reported.settle(Accounting::TOTALS).expect_err("90 is less than 110");
    assert_eq!(wrong.reason, "a total of 90 tokens is not the sum of the parts, 110");
    let mut event = UsageEvent::default();
    reported.fill(Accounting::TOTALS, &mut event);
    let told = event.contradiction.expect("contradicts");
    assert_eq!(told.reason, wrong.reason);
    assert_eq!(told.counts["reasoning_tokens"], 5);
    assert_eq!(event.usage, Usage::default());
    let beside = Reported { input: 10, cache_read: 11, ..Reported::default() };
    let wrong = beside.settle(Accounting::TOTALS).expect_err("no sum supports another reading");
    assert_eq!(wrong.reason, "10 input_tokens cannot contain 11 cached tokens");
}

#[test]
fn a_total_below_its_parts_is_refused_not_clamped() {
    let reported = Reported { input: 10, cache_read: 11, ..Reported::default() };
    let wrong = reported.leaves(Accounting::TOTALS).expect_err("10 cannot hold 11");
    assert_eq!((wrong.field, wrong.total), ("input_tokens", 10));
    assert_eq!(wrong.reason, "10 input_tokens cannot contain 11 cached tokens");
    assert!(reported.leaves(Accounting::BUCKETS).is_ok());
    let reported = Reported { output: 5, reasoning: 6, ..Reported::default() };
    assert!(reported.leaves(Accounting::TOTALS).is_err());
    let reported = Reported { cache_write: 5, cache_write_1h: 6, ..Reported::default() };
    assert!(reported.leaves(Accounting::BUCKETS).is_err());
}

#[test]
fn names_are_made_canonical_but_not_guessed() {
    assert_eq!(provider_of_api("openai.responses"), "openai");
    assert_eq!(provider_of_api("google.vertex.chat"), "gcp.vertex_ai");
    assert_eq!(provider_of_api("my.own"), "my.own");
    assert_eq!(split_model("", "anthropic/claude-x"), ("anthropic".to_owned(), "claude-x"));
    assert_eq!(split_model("openai", "openai/gpt-5"), ("openai".to_owned(), "gpt-5"));
    assert_eq!(split_model("openrouter", "openai/gpt-5"), ("openrouter".to_owned(), "openai/gpt-5"));
    assert_eq!(split_model("", "meta-llama/llama-4"), (String::new(), "meta-llama/llama-4"));
    assert_eq!(service_tier("default").as_deref(), Some("standard"));
    assert_eq!(service_tier("auto"), None);
    assert_eq!(service_tier("Flex").as_deref(), Some("flex"));
}
