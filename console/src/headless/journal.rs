//! `callboard journal`

use super::{Exit, output};
use crate::cli;
use crate::domain::{Problem, one_line};
use crate::journal::{self, Outcome, Version};
use crate::settings::Settings;

pub(super) fn run(settings: &Settings, arguments: &cli::Journal) -> Result<Exit, Problem> {
    let journal = journal::read(settings, arguments.limit)?;
    for line in &journal.unreadable {
        output::aside(format!("callboard: line {line} of the journal is not an entry and is left out"));
    }
    if arguments.json {
        output::json(&journal.entries)?;
        return Ok(Exit::Done);
    }
    for entry in &journal.entries {
        let head = format!(
            "{} {} {} {} on {} {} by {}",
            entry.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            entry.outcome.as_str(),
            entry.what,
            entry.stage,
            entry.cloud,
            entry.region,
            entry.who
        );
        output::line(one_line(&head, 300))?;
        let from = version(entry.from.as_ref());
        let mut body = match entry.outcome {
            Outcome::Begun => format!("{from} → not known: it runs still, or was left or killed"),
            _ => {
                let seconds = entry.took_ms as f64 / 1000.0;
                format!("{from} → {} in {seconds:.1} s", version(entry.to.as_ref()))
            }
        };
        if !entry.detail.is_empty() {
            body.push_str(&format!("; {}", entry.detail));
        }
        output::line(format!("  {}", one_line(&body, 600)))?;
        for command in entry.commands.iter().filter(|_| arguments.commands) {
            output::line(format!("  $ {}", one_line(command, 2000)))?;
        }
    }
    Ok(Exit::Done)
}

fn version(version: Option<&Version>) -> String {
    let known = version.and_then(|version| version.tag.clone().or_else(|| version.digest.clone()));
    known.unwrap_or_else(|| "nothing".to_owned())
}
