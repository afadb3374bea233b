//! Finds the session logs that coding agents keep on this machine.
//! Invariant: a place named by an agent's own variable replaces its usual one.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use purser_service::decode::file::Agent;

use super::reader;
use crate::exit::{Exit, Failure};
use crate::output::{self, grouped};

/// The databases of OpenCode, which are not read.
const DATABASE: &str = "opencode.db";

/// Every agent's logs on this machine; says what it found.
pub(super) fn find() -> anyhow::Result<Vec<(Agent, PathBuf)>> {
    let places = places(&|name| std::env::var_os(name).filter(|value| !value.is_empty()));
    let mut found = Vec::new();
    for (agent, place) in &places {
        if *agent == Agent::OpenCode {
            warn_of_database(place);
        }
        let logs = if place.is_dir() { reader::logs(*agent, place)? } else { 0 };
        if logs > 0 {
            output::talk(format!("{}: {} logs in {}", agent.name(), grouped(logs as i128), place.display()));
            found.push((*agent, place.clone()));
        }
    }
    if found.is_empty() {
        let looked: Vec<String> = places.iter().map(|(_, place)| place.display().to_string()).collect();
        return Err(Failure::with(Exit::NotFound, format!("there is no agent's log in {}", looked.join(", "))));
    }
    Ok(found)
}

/// Where each agent keeps its logs, by the variables of the environment.
fn places(variable: &dyn Fn(&str) -> Option<OsString>) -> Vec<(Agent, PathBuf)> {
    let home = PathBuf::from(variable("HOME").or_else(|| variable("USERPROFILE")).unwrap_or_default());
    let or_home = |name: &str, usual: &str| variable(name).map_or_else(|| home.join(usual), PathBuf::from);
    let mut places = Vec::new();
    match variable("CLAUDE_CONFIG_DIR") {
        // Several directories, apart by commas.
        Some(named) => {
            let named = named.to_string_lossy().into_owned();
            let named = named.split(',').map(str::trim).filter(|name| !name.is_empty());
            places.extend(named.map(|name| (Agent::ClaudeCode, Path::new(name).join("projects"))));
        }
        None => {
            places.push((Agent::ClaudeCode, home.join(".claude/projects")));
            places.push((Agent::ClaudeCode, or_home("XDG_CONFIG_HOME", ".config").join("claude/projects")));
        }
    }
    let codex = or_home("CODEX_HOME", ".codex");
    places.push((Agent::Codex, codex.join("sessions")));
    places.push((Agent::Codex, codex.join("archived_sessions")));
    let gemini = variable("GEMINI_CLI_HOME").map_or_else(|| home.clone(), PathBuf::from);
    places.push((Agent::GeminiCli, gemini.join(".gemini/tmp")));
    places.push((Agent::QwenCode, home.join(".qwen/projects")));
    places.push((Agent::Copilot, or_home("COPILOT_HOME", ".copilot").join("session-state")));
    let data = or_home("XDG_DATA_HOME", ".local/share").join("opencode");
    places.push((Agent::OpenCode, data.join("storage/message")));
    places
}

/// Newer versions of OpenCode keep their messages in a database beside the files of older ones.
fn warn_of_database(messages: &Path) {
    let database = messages.ancestors().nth(2).map(|data| data.join(DATABASE));
    if let Some(database) = database.filter(|database| database.is_file()) {
        let database = database.display();
        output::talk(format!(
            "opencode: {database} is not read: `sqlite3` makes a file of its messages, see the documents"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(agent: Agent, variables: &[(&str, &str)]) -> Vec<String> {
        let variable =
            |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(*value));
        let places = places(&variable);
        places.iter().filter(|(known, _)| *known == agent).map(|(_, place)| place.display().to_string()).collect()
    }

    #[test]
    fn logs_are_below_the_home_directory_or_where_the_agent_is_told() {
        let home = ("HOME", "/home/ada");
        assert_eq!(of(Agent::ClaudeCode, &[home]), ["/home/ada/.claude/projects", "/home/ada/.config/claude/projects"]);
        assert_eq!(of(Agent::ClaudeCode, &[home, ("CLAUDE_CONFIG_DIR", "/a, /b")]), ["/a/projects", "/b/projects"]);
        assert_eq!(
            of(Agent::Codex, &[home, ("CODEX_HOME", "/srv/codex")]),
            ["/srv/codex/sessions", "/srv/codex/archived_sessions"]
        );
        assert_eq!(of(Agent::GeminiCli, &[home]), ["/home/ada/.gemini/tmp"]);
        assert_eq!(of(Agent::QwenCode, &[("USERPROFILE", "/u")]), ["/u/.qwen/projects"]);
        assert_eq!(of(Agent::Copilot, &[home]), ["/home/ada/.copilot/session-state"]);
        assert_eq!(of(Agent::OpenCode, &[home, ("XDG_DATA_HOME", "/data")]), ["/data/opencode/storage/message"]);
        let every = places(&|_| None);
        assert!(Agent::ALL.into_iter().all(|agent| every.iter().any(|(known, _)| *known == agent)));
    }
}
