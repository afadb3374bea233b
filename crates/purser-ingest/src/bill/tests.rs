//! Rows of each kind of bill become lines; values by hand.

use super::*;

fn read(text: &str) -> (Kind, Bill) {
    let now = "2026-11-28T12:00:00Z".parse().expect("a literal of this test");
    Bill::read(std::io::Cursor::new(text.to_owned().into_bytes()), now).expect("a bill")
}

fn usd(text: &str) -> Money {
    text.parse().expect("a literal of this test")
}

/// Provider, model, tier, meter, quantities and amount.
type Shown<'a> = (&'a str, &'a str, Option<&'a str>, &'a Meter, &'a [(Leaf, u64)], Money);

fn shown(line: &BilledLine) -> Shown<'_> {
    let Key { provider, model, service_tier, .. } = &line.key;
    (provider, model, service_tier.as_deref(), &line.meter, &line.quantities, line.amount)
}

#[test]
fn costs_of_openai_and_anthropic_are_lines_by_type_of_token() {
    let (kind, bill) = read(
        "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item,project_id\n\
         1795564800,1795651200,2026-11-25T00:00:00+00:00,2026-11-26T00:00:00+00:00,0.60,usd,\"gpt-5-mini, input\",p\n\
         1795564800,1795651200,2026-11-25T00:00:00+00:00,2026-11-26T00:00:00+00:00,0.10,usd,web search tool calls,p\n",
    );
    assert_eq!(kind.name(), "openai-costs");
    let lines: Vec<_> = bill.lines.iter().map(shown).collect();
    let search = Meter::Unit("web search tool calls".to_owned());
    assert_eq!(
        lines,
        [
            ("openai", "gpt-5-mini", None, &Meter::Leaf(Leaf::Input), &[][..], usd("0.6")),
            ("openai", "web search tool calls", None, &search, &[], usd("0.1")),
        ]
    );
    let (kind, bill) = read(
        "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd\n\
         2026-11-25,Claude Sonnet 4.5,Default,prod,message_batch,≤ 200k,input_cache_read,1.50,3.00\n",
    );
    assert_eq!(kind.name(), "anthropic-costs");
    let line = shown(&bill.lines[0]);
    assert_eq!(
        line,
        ("anthropic", "claude-sonnet-4-5", Some("batch"), &Meter::Leaf(Leaf::CacheRead), &[][..], usd("1.5"))
    );
}

#[test]
fn focus_names_model_meter_and_quantity() {
    let (kind, bill) = read(
        "BilledCost,BillingCurrency,ChargePeriodStart,ServiceProviderName,ServiceName,SkuMeter,ConsumedQuantity,\
         ConsumedUnit,SkuPriceDetails\n\
         1.25,USD,2026-11-25T00:00:00Z,OpenAI,API,Cached Input Tokens,5,1000000 Tokens,\"{\"\"ModelId\"\":\"\"gpt-5\"\"}\"\n\
         9.99,USD,2026-11-25T00:00:00Z,AWS,Amazon EC2,BoxUsage,1,Hours,\n\
         3,EUR,2026-11-25T00:00:00Z,OpenAI,API,Input Tokens,5,Tokens,\"{\"\"ModelId\"\":\"\"gpt-5\"\"}\"\n\
         oops,USD,2026-11-25T00:00:00Z,OpenAI,API,Input Tokens,5,Tokens,\n",
    );
    assert_eq!(kind, Kind::Focus);
    let cached = Meter::Leaf(Leaf::CacheRead);
    let lines: Vec<_> = bill.lines.iter().map(shown).collect();
    assert_eq!(lines, [("openai", "gpt-5", None, &cached, &[(Leaf::CacheRead, 5_000_000)][..], usd("1.25"))]);
    let left = BTreeMap::from([("BoxUsage".to_owned(), (1, usd("9.99"))), ("API in EUR".to_owned(), (1, Money::ZERO))]);
    assert_eq!(bill.left_out, left);
    assert_eq!((bill.refused.len(), bill.refused[0].index), (1, 5));
}

#[test]
fn a_report_of_aws_names_bedrock_models_by_usage_type_or_title() {
    let (kind, bill) = read(
        "line_item_usage_start_date,line_item_unblended_cost,line_item_usage_type,line_item_product_code,\
         product_product_name,line_item_usage_amount,pricing_unit,line_item_currency_code\n\
         2026-11-25 10:00:00.000,0.66,USE1-ClaudeSonnet4.5-input-tokens-batch,AmazonBedrock,Amazon Bedrock,400,1K tokens,USD\n\
         2026-11-25T10:00:00Z,1.65,USE1-MP:USE1_CacheReadInputTokenCount-Units,x1y2,Claude Sonnet 4.5 (Amazon Bedrock Edition),5,Million tokens,USD\n\
         2026-11-25T10:00:00Z,7,USE1-DataTransfer,AmazonS3,Amazon S3,1,GB,USD\n",
    );
    assert_eq!(kind, Kind::Cur);
    let lines: Vec<_> = bill.lines.iter().map(shown).collect();
    let (input, cached) = (Meter::Leaf(Leaf::Input), Meter::Leaf(Leaf::CacheRead));
    assert_eq!(
        lines,
        [
            ("aws.bedrock", "ClaudeSonnet4.5", Some("batch"), &input, &[(Leaf::Input, 400_000)][..], usd("0.66")),
            (
                "aws.bedrock",
                "Claude Sonnet 4.5",
                Some("standard"),
                &cached,
                &[(Leaf::CacheRead, 5_000_000)],
                usd("1.65")
            ),
        ]
    );
    assert_eq!(bill.left_out["AmazonS3"], (1, usd("7")));
}

#[test]
fn what_is_no_bill_is_refused_by_its_columns() {
    let now = "2026-11-28T12:00:00Z".parse().expect("a literal of this test");
    let usage = "usage_date_utc,model_version,usage_output_tokens\n".as_bytes();
    let error = Bill::read(std::io::Cursor::new(usage), now).expect_err("says no amounts");
    assert!(error.to_string().contains("anthropic-usage says what was used"), "{error}");
    let error = Bill::read(std::io::Cursor::new(&b"a,b\n1,2\n"[..]), now).expect_err("nothing known");
    assert!(error.to_string().contains("the columns are a, b"), "{error}");
}

#[test]
fn rounding_is_half_of_the_last_digit_shown() {
    for (amount, half) in [("0.6", "0.005"), ("1.2345", "0.00005"), ("3", "0.005"), ("0.000000000001", "0")] {
        assert_eq!(rounding_of(usd(amount)), usd(half), "{amount}");
    }
}
