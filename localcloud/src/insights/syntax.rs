//! What a query says, once it is read.

use regex::Regex;

/// A query: what each event goes through, in this order.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub(super) commands: Vec<Command>,
    /// The fields of a result, in this order.
    pub(super) columns: Vec<String>,
}

#[derive(Debug, Clone)]
pub(super) enum Command {
    /// Fields that are computed; what is only named needs no work.
    Compute(Vec<Named>),
    Filter(Expression),
    Parse(Parse),
    Stats(Stats),
    Sort(Vec<SortKey>),
    Limit(usize),
    Dedup(Vec<String>),
}

/// An expression and what its value is called.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) expression: Expression,
}

/// `parse`: the groups of a pattern become fields.
#[derive(Debug, Clone)]
pub(super) struct Parse {
    pub(super) from: Expression,
    pub(super) pattern: Regex,
    /// The pattern's group, and the field.
    pub(super) fields: Vec<(usize, String)>,
}

#[derive(Debug, Clone)]
pub(super) struct Stats {
    pub(super) by: Vec<Named>,
    pub(super) aggregates: Vec<Aggregate>,
    /// Expressions over the aggregates, and over those before them.
    pub(super) items: Vec<Named>,
}

#[derive(Debug, Clone)]
pub(super) struct Aggregate {
    pub(super) kind: AggregateKind,
    /// `None` counts every event.
    pub(super) argument: Option<Expression>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum AggregateKind {
    Count,
    CountDistinct,
    Sum,
    Average,
    Deviation,
    Min,
    Max,
    /// Between 0 and 100.
    Percentile(f64),
    Earliest,
    Latest,
}

#[derive(Debug, Clone)]
pub(super) struct SortKey {
    pub(super) expression: Expression,
    pub(super) descending: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Expression {
    Number(f64),
    Text(String),
    Field(String),
    /// The aggregate with this index, within `stats`.
    Aggregated(usize),
    /// The event's time, rounded down to a multiple of so many milliseconds.
    Bin(i64),
    Not(Box<Expression>),
    Negative(Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Or(Box<Expression>, Box<Expression>),
    Arithmetic(Arithmetic, Box<Expression>, Box<Expression>),
    Compare(Comparison, Box<Expression>, Box<Expression>),
    In(Box<Expression>, Vec<Expression>),
    Contains(Box<Expression>, String),
    Matches(Box<Expression>, Regex),
    Call(Function, Vec<Expression>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Plus,
    Minus,
    Times,
    Divide,
    Remainder,
    Power,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    IsPresent,
    IsEmpty,
    IsBlank,
    Coalesce,
    Abs,
    Ceil,
    Floor,
    Sqrt,
    Greatest,
    Least,
    StrLen,
    ToLower,
    ToUpper,
    Trim,
    Concat,
    SubStr,
    StrContains,
}
