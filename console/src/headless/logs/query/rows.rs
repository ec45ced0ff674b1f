use std::io::IsTerminal;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::table;
use crate::cli;
use crate::domain::{Problem, StageName, harmless_json, plain};
use crate::headless::output;
use crate::logs::insights::{GROUP_FIELD, Started};
use crate::logs::mask::mask_json;

/// AWS's own name of an event: of use to a program, not to a person.
const POINTER: &str = "@ptr";
/// What is written at once, bytes.
const BATCH: usize = 64 << 10;

/// A row as it is written.
struct Row {
    stage: Option<StageName>,
    fields: Vec<(String, String)>,
}

/// A line of `--json`. The values are text, as AWS gives them.
#[derive(Serialize)]
struct Document<'a> {
    stage: Option<StageName>,
    #[serde(serialize_with = "in_order")]
    fields: &'a [(String, String)],
}

fn in_order<S: Serializer>(fields: &&[(String, String)], to: S) -> Result<S::Ok, S::Error> {
    let mut map = to.serialize_map(Some(fields.len()))?;
    fields.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
    map.end()
}

/// Writes the rows: JSON, a table on a terminal, or else values with tabs between them.
pub(super) fn print(
    arguments: &cli::LogsQuery,
    started: &Started,
    found: &[Vec<(String, String)>],
) -> Result<(), Problem> {
    let rows = found.iter().map(|fields| row(fields, started, !arguments.no_mask));
    if arguments.json {
        let mut batch = String::new();
        for row in rows {
            let document = Document { stage: row.stage, fields: &row.fields };
            // Text alone cannot fail to be written.
            batch.push_str(&harmless_json(&serde_json::to_string(&document).unwrap_or_default()));
            batch.push('\n');
            if batch.len() >= BATCH {
                output::bytes(batch.as_bytes())?;
                batch.clear();
            }
        }
        return output::bytes(batch.as_bytes());
    }
    let (columns, cells) = cells(rows, started.stages.len() > 1);
    if cells.is_empty() {
        return Ok(());
    }
    let out = std::io::stdout();
    if !out.is_terminal() {
        let mut lines = columns.join("\t");
        for row in &cells {
            lines.push('\n');
            lines.push_str(&row.join("\t"));
        }
        return output::line(lines);
    }
    // https://no-color.org: set and not empty.
    let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let width = crossterm::terminal::size().map_or(80, |(width, _)| usize::from(width));
    output::bytes(table::drawn(&columns, &cells, width, colour).as_bytes())
}

fn row(fields: &[(String, String)], started: &Started, masked: bool) -> Row {
    let group = fields.iter().find(|(name, _)| name == GROUP_FIELD).map(|(_, value)| value.as_str());
    let stage = match (group, started.stages.as_slice()) {
        // account:group
        (Some(log), stages) => {
            let of = |group: &str| log.split_once(':').map_or(log, |(_, group)| group) == group;
            stages.iter().find(|(_, group)| of(group)).map(|(stage, _)| *stage)
        }
        (None, [(only, _)]) => Some(*only),
        (None, _) => None,
    };
    let fields = fields
        .iter()
        .filter(|(name, _)| !(started.group_added && name == GROUP_FIELD))
        .map(|(name, value)| (name.clone(), if masked { mask(name, value) } else { value.clone() }))
        .collect();
    Row { stage, fields }
}

/// By what the value says, and by what the field is called.
fn mask(name: &str, value: &str) -> String {
    if name == POINTER {
        return value.to_owned();
    }
    let mut one = Value::Object(Map::from_iter([(name.to_owned(), Value::from(value))]));
    mask_json(&mut one);
    one.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The names of the columns in the order in which they first come, and the cells of each row.
fn cells(rows: impl Iterator<Item = Row>, stages: bool) -> (Vec<String>, Vec<Vec<String>>) {
    let mut names: Vec<String> = Vec::new();
    let mut cells: Vec<Vec<String>> = Vec::new();
    let rows: Vec<Row> = rows.collect();
    let with_stage = stages && rows.iter().any(|row| row.stage.is_some());
    let first = usize::from(with_stage);
    // The stage says what the log group would.
    let told = |name: &str| name != POINTER && !(with_stage && name == GROUP_FIELD);
    for row in rows {
        let mut line = vec![String::new(); first + names.len()];
        if let Some(cell) = line.first_mut().filter(|_| with_stage) {
            *cell = row.stage.map(|stage| stage.to_string()).unwrap_or_default();
        }
        for (name, value) in row.fields.into_iter().filter(|(name, _)| told(name)) {
            let place = names.iter().position(|known| *known == name).unwrap_or_else(|| {
                names.push(name);
                line.push(String::new());
                names.len() - 1
            });
            if let Some(cell) = line.get_mut(first + place) {
                *cell = plain(&value);
            }
        }
        cells.push(line);
    }
    let columns: Vec<String> = with_stage
        .then(|| "stage".to_owned())
        .into_iter()
        .chain(names.iter().map(|name| plain(name)))
        .collect();
    for line in &mut cells {
        line.resize(columns.len(), String::new());
    }
    (columns, cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(stages: &[StageName], group_added: bool) -> Started {
        let stages = stages.iter().map(|stage| (*stage, format!("/aws/lambda/hello-{stage}"))).collect();
        Started { id: String::new(), stages, group_added }
    }

    fn fields(fields: &[(&str, &str)]) -> Vec<(String, String)> {
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn columns_come_in_their_order_and_the_stage_is_first() {
        let started = started(&StageName::ALL, true);
        let found = [
            fields(&[("@log", "1:/aws/lambda/hello-prod"), ("a", "x\ny\u{1b}[2J"), ("@ptr", "p")]),
            fields(&[("@log", "1:/aws/lambda/hello-stage"), ("b", "2"), ("apiKey", "hunter2")]),
        ];
        let rows = found.iter().map(|found| row(found, &started, true));
        let (columns, cells) = cells(rows, true);
        assert_eq!(columns, ["stage", "a", "b", "apiKey"]);
        assert_eq!(cells, [["prod", "x␤y␛[2J", "", ""], ["stage", "", "2", "••••••••"]]);
    }

    #[test]
    fn a_row_that_is_no_event_has_the_stage_that_alone_was_asked() {
        let counted = fields(&[("count(*)", "3")]);
        assert_eq!(row(&counted, &started(&StageName::ALL, false), true).stage, None);
        assert_eq!(row(&counted, &started(&[StageName::Prod], false), true).stage, Some(StageName::Prod));
        // A pointer looks like a key and is none.
        let pointer = fields(&[("@ptr", &"QUJD".repeat(20))]);
        assert_eq!(row(&pointer, &started(&[StageName::Prod], false), true).fields, pointer);
    }
}
