//! Asking invocations the queries that lines are asked.

use std::fmt::Write;

use super::Invocation;
use crate::domain::StageName;
use crate::logs::query::{Fields, Known, Mistake, Query};

/// What can be asked of an invocation besides text, `request:` and `stage:`.
pub const FIELDS: [Known; 10] = [
    Known::number("status"),
    Known::number("duration"),
    Known::number("billed"),
    Known::number("init"),
    Known::number("memory"),
    Known::number("size"),
    Known::text("method"),
    Known::text("route"),
    Known::words("outcome", &["ok", "error", "timeout", "crash", "running"]),
    Known::words("cold", &["true", "false"]),
];

/// Reads a query of invocations: what lines are asked, but of [`FIELDS`] alone, and not of levels.
pub fn ask(text: &str) -> Result<Query, Mistake> {
    Query::parse_for(text, "an invocation", &FIELDS)
}

impl Fields for Invocation<'_> {
    fn stage(&self) -> StageName {
        self.record.stage
    }

    fn request_ids(&self) -> [Option<&str>; 2] {
        [Some(self.request_id()), self.gateway_request_id()]
    }

    fn number(&self, name: &str) -> Option<f64> {
        match name {
            "status" => self.status().map(f64::from),
            "duration" => self.duration_ms(),
            "billed" => self.billed_ms(),
            "init" => self.init_ms(),
            "memory" => self.used_mb().map(f64::from),
            "size" => self.size_mb().map(f64::from),
            _ => None,
        }
    }

    fn word(&self, name: &str) -> Option<&str> {
        match name {
            "method" => self.method(),
            "route" => self.route(),
            "outcome" => Some(self.outcome().as_str()),
            "cold" => Some(if self.is_cold() { "true" } else { "false" }),
            _ => None,
        }
    }

    fn text(&self) -> String {
        let mut text = String::with_capacity(160);
        let parts = [self.method(), self.path(), self.route()].into_iter().flatten();
        for part in parts.chain(self.record.words()) {
            text.push_str(part);
            text.push(' ');
        }
        if let Some(status) = self.status() {
            // Writing to memory does not fail.
            let _ = write!(text, "{status} ");
        }
        text.push_str(self.outcome().as_str());
        if self.is_cold() {
            text.push_str(" cold");
        }
        for id in self.request_ids().into_iter().flatten() {
            text.push(' ');
            text.push_str(id);
        }
        text
    }
}
