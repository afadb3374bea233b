//! What each `call_type` of LiteLLM stands for.
//! Source: litellm 1.110.2, `CallTypes` of `types/utils.py`; a test reads the list of the package.

/// What a call type stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// A call that is charged, by its canonical operation.
    Call(&'static str),
    /// The answers of a batch: charged when it is finished, once however often it is asked for.
    Batch,
    /// It reads or keeps house: charged only if LiteLLM says that it cost something.
    IfPaid,
}

/// Names without the `a` of their asynchronous twin.
const CALLS: &[(&str, &str)] = &[
    ("completion", "chat"),
    ("text_completion", "text_completion"),
    ("embedding", "embeddings"),
    ("image_generation", "image_generation"),
    ("image_edit", "image_generation"),
    ("moderation", "moderation"),
    ("transcription", "transcription"),
    ("speech", "speech"),
    ("rerank", "rerank"),
    ("search", "search"),
    ("decisions", "decide"),
    ("systemone", "decide"),
    ("extraction", "extract"),
    ("_arealtime", "chat"),
    ("_aresponses_websocket", "chat"),
    ("pass_through_endpoint", "chat"),
    ("llm_passthrough_route", "chat"),
    ("anthropic_messages", "chat"),
    ("run_thread", "chat"),
    ("run_thread_stream", "chat"),
    ("create_video", "video_generation"),
    ("video_generation", "video_generation"),
    ("video_remix", "video_generation"),
    ("video_edit", "video_generation"),
    ("video_extension", "video_generation"),
    ("create_interaction", "chat"),
    ("responses", "chat"),
    ("compact_responses", "chat"),
    ("generate_content", "generate_content"),
    ("generate_content_stream", "generate_content"),
    ("ocr", "ocr"),
    ("call_mcp_tool", "execute_tool"),
];

/// Names without the `a` of their asynchronous twin.
const IF_PAID: &[&str] = &[
    "create_realtime_client_secret",
    "realtime_calls",
    "create_realtime_transcription_session",
    "create_realtime_translation_client_secret",
    "realtime_translation_calls",
    "create_batch",
    "cancel_batch",
    "get_assistants",
    "create_assistants",
    "delete_assistant",
    "create_thread",
    "get_thread",
    "add_message",
    "a_add_message",
    "get_messages",
    "file_retrieve",
    "file_delete",
    "file_list",
    "create_file",
    "file_content",
    "create_fine_tuning_job",
    "cancel_fine_tuning_job",
    "list_fine_tuning_jobs",
    "retrieve_fine_tuning_job",
    "video_retrieve",
    "video_content",
    "video_list",
    "video_retrieve_job",
    "video_delete",
    "video_create_character",
    "video_get_character",
    "vector_store_file_create",
    "vector_store_file_list",
    "vector_store_file_retrieve",
    "vector_store_file_content",
    "vector_store_file_update",
    "vector_store_file_delete",
    "vector_store_create",
    "vector_store_search",
    "ingest",
    "query",
    "create_container",
    "list_containers",
    "retrieve_container",
    "delete_container",
    "list_container_files",
    "upload_container_file",
    "create_sandbox",
    "delete_sandbox",
    "run_code",
    "code_interpreter_tool",
    "get_responses",
    "delete_responses",
    "cancel_responses",
    "list_input_items",
    "list_mcp_tools",
    "send_message",
    "create_skill",
];

/// What `call_type` stands for; `None` if no table knows it.
pub(crate) fn work(call_type: &str) -> Option<Work> {
    named(call_type).or_else(|| named(call_type.strip_prefix('a')?))
}

fn named(name: &str) -> Option<Work> {
    if name == "retrieve_batch" {
        return Some(Work::Batch);
    }
    if let Some((_, operation)) = CALLS.iter().find(|(known, _)| *known == name) {
        return Some(Work::Call(operation));
    }
    IF_PAID.contains(&name).then_some(Work::IfPaid)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every value of the package's list; a new one has to get a row.
    const PACKAGE: &str = include_str!("../../tests/fixtures/litellm_1.110.2_call_types.txt");

    #[test]
    fn every_call_type_of_the_package_has_a_row_and_every_row_a_call_type() {
        let names: Vec<&str> = PACKAGE.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(names.len(), 168);
        let missing: Vec<&&str> = names.iter().filter(|name| work(name).is_none()).collect();
        assert_eq!(missing, Vec::<&&str>::new());
        let rows = CALLS.iter().map(|(name, _)| name).chain(IF_PAID);
        let gone: Vec<&&str> =
            rows.filter(|row| !names.iter().any(|name| name == *row || name.strip_prefix('a') == Some(row))).collect();
        assert_eq!(gone, Vec::<&&str>::new());
    }

    #[test]
    fn what_calls_a_model_is_told_from_what_keeps_house() {
        for (name, expected) in [
            ("acompletion", Some(Work::Call("chat"))),
            ("allm_passthrough_route", Some(Work::Call("chat"))),
            ("anthropic_messages", Some(Work::Call("chat"))),
            ("aanthropic_messages", Some(Work::Call("chat"))),
            ("aocr", Some(Work::Call("ocr"))),
            ("acompact_responses", Some(Work::Call("chat"))),
            ("aretrieve_batch", Some(Work::Batch)),
            ("acreate_batch", Some(Work::IfPaid)),
            ("afile_list", Some(Work::IfPaid)),
            ("a_add_message", Some(Work::IfPaid)),
            ("dream", None),
            ("a", None),
        ] {
            assert_eq!(work(name), expected, "{name}");
        }
    }
}
