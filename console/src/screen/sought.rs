//! The lines of one request, shown because of where the operator came from: from a check or from an invocation. What is
//! looked for grows more exact as lines come, and what was shown before comes back afterwards.

use crate::domain::StageName;
use crate::logs::filter::{Filter, Run};
use crate::logs::invocations::{Invocation, Table};
use crate::logs::query::Query;

use super::logs::Logs;

/// Which request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestId {
    /// By API Gateway's id.
    Gateway(String),
    /// By Lambda's id.
    Lambda(String),
}

/// A request whose lines are looked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Sought {
    stage: StageName,
    id: RequestId,
    /// What is asked of the lines for it.
    query: String,
    run: Option<Run>,
    /// Stage and query that were in force before.
    before: (Option<StageName>, String),
}

impl Sought {
    /// Shows the lines of a request: all that its invocation logged if that is known, else those that hold the id.
    pub fn begin(stage: StageName, id: RequestId, table: &Table, logs: &mut Logs) -> Sought {
        let before = (logs.store.filter().stage, logs.query.clone());
        let (query, run) = aim(stage, &id, table);
        logs.show_only(Filter { stage: Some(stage), query: query.clone(), run });
        Sought { stage, id, query: query.to_string(), run, before }
    }

    /// Whether that is what is shown: the operator may have asked for something else meanwhile.
    pub fn is_shown(&self, logs: &Logs) -> bool {
        logs.query == self.query && logs.store.filter().stage == Some(self.stage)
    }

    /// Looks again, now that lines have come: they may say which invocation it is, and when it ended.
    pub fn look_again(&mut self, table: &Table, logs: &mut Logs) {
        let (query, run) = aim(self.stage, &self.id, table);
        let written = query.to_string();
        if (&written, run) != (&self.query, self.run) {
            logs.refine(Filter { stage: Some(self.stage), query, run });
            (self.query, self.run) = (written, run);
        }
    }

    /// Shows what was shown before.
    pub fn end(self, logs: &mut Logs) {
        let (stage, text) = self.before;
        // It was in force, so it can be read.
        let query = Query::parse(&text).unwrap_or_default();
        logs.show_only(Filter { stage, query, run: None });
    }
}

fn aim(stage: StageName, id: &RequestId, table: &Table) -> (Query, Option<Run>) {
    let found = match id {
        RequestId::Gateway(id) => table.by_gateway_id(stage, id),
        RequestId::Lambda(id) => table.by_id(stage, id),
    };
    let text = match (&found, id) {
        (Some(one), _) => return (query_of(one), Some(table.run(one))),
        (None, RequestId::Gateway(text) | RequestId::Lambda(text)) => text,
    };
    (Query::text(text), None)
}

/// An id that is too short for `request:` is looked for as text.
fn query_of(one: &Invocation<'_>) -> Query {
    let id = one.request_id();
    Query::parse(&format!("request:{id}")).unwrap_or_else(|_| Query::text(id))
}
