//! The command `stats` and its functions.

use super::Parser;
use crate::insights::Mistake;
use crate::insights::lexer::Token;
use crate::insights::syntax::{Aggregate, AggregateKind, Expression, Named, Stats};

/// Whether this is the name of a function of `stats`.
pub(in crate::insights) fn is_aggregate(name: &str) -> bool {
    kind(name).is_some()
}

fn kind(name: &str) -> Option<AggregateKind> {
    Some(match name.to_ascii_lowercase().as_str() {
        "count" => AggregateKind::Count,
        "count_distinct" => AggregateKind::CountDistinct,
        "sum" => AggregateKind::Sum,
        "avg" => AggregateKind::Average,
        "stddev" => AggregateKind::Deviation,
        "min" => AggregateKind::Min,
        "max" => AggregateKind::Max,
        "median" => AggregateKind::Percentile(50.0),
        "pct" | "percentile" => AggregateKind::Percentile(f64::NAN),
        "earliest" => AggregateKind::Earliest,
        "latest" => AggregateKind::Latest,
        _ => return None,
    })
}

impl Parser<'_> {
    /// `stats EXPRESSION [as NAME], … [by EXPRESSION [as NAME], …]`
    pub(super) fn stats_command(&mut self) -> Result<Stats, Mistake> {
        let outer = self.known.clone();
        self.aggregates = Some(Vec::new());
        let mut items: Vec<Named> = Vec::new();
        loop {
            // An item may use what those before it are called; within its functions there are the fields.
            let mut made: Vec<String> = items.iter().map(|item| item.name.clone()).collect();
            std::mem::swap(self.known.get_or_insert_default(), &mut made);
            self.outer = Some(outer.clone());
            let at = self.at();
            let before = self.aggregates.as_ref().map_or(0, Vec::len);
            let item = self.named();
            self.outer = None;
            self.known.clone_from(&outer);
            let item = item?;
            if self.aggregates.as_ref().map_or(0, Vec::len) == before && items.is_empty() {
                return Err(self.unexpected(at, "a function of stats, such as count(*)"));
            }
            items.push(item);
            if !self.symbol(",")? {
                break;
            }
        }
        let aggregates = self.aggregates.take().unwrap_or_default();
        let by = match self.keyword("by")? {
            true => self.named_list()?,
            false => Vec::new(),
        };
        Ok(Stats { by, aggregates, items })
    }

    /// A function of `stats`, whose name and opening bracket are taken.
    pub(in crate::insights) fn aggregate(&mut self, name: &str) -> Result<Expression, Mistake> {
        let Some(kind) = kind(name) else { return Err(self.unexpected(self.at(), "a function of stats")) };
        let at = self.at();
        // Within: the fields of the events, and no function of stats.
        let aggregates = self.aggregates.take();
        let made = match self.outer.clone() {
            Some(outer) => std::mem::replace(&mut self.known, outer),
            None => self.known.clone(),
        };
        let inner = self.aggregate_arguments(kind);
        self.known = made;
        self.aggregates = aggregates;
        let aggregate = inner?;
        match &mut self.aggregates {
            Some(aggregates) => {
                aggregates.push(aggregate);
                Ok(Expression::Aggregated(aggregates.len() - 1))
            }
            None => Err(self.unexpected(at, "no function of stats here")),
        }
    }

    fn aggregate_arguments(&mut self, kind: AggregateKind) -> Result<Aggregate, Mistake> {
        if kind == AggregateKind::Count && (self.symbol("*")? || matches!(self.peek(), Token::Symbol(")"))) {
            self.expect(")")?;
            return Ok(Aggregate { kind, argument: None });
        }
        let argument = Some(self.expression()?);
        let kind = match kind {
            AggregateKind::Percentile(of) if of.is_nan() => {
                self.expect(",")?;
                match self.take()? {
                    (Token::Number(of), _) if (0.0..=100.0).contains(&of) => AggregateKind::Percentile(of),
                    (_, at) => return Err(self.unexpected(at, "a percentage from 0 to 100")),
                }
            }
            other => other,
        };
        self.expect(")")?;
        Ok(Aggregate { kind, argument })
    }
}
