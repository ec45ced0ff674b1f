//! From tokens to commands.

mod parse;
mod stats;

use std::ops::Range;

use super::Mistake;
use super::lexer::{Lexer, Token};
use super::syntax::{Aggregate, Command, Expression, Named, Query, SortKey};

pub(super) use stats::is_aggregate;

/// What else Logs Insights has, and is not offered here.
const NOT_OFFERED: [&str; 14] = [
    "anomaly",
    "diff",
    "filterindex",
    "head",
    "join",
    "lookup",
    "order",
    "pattern",
    "search",
    "source",
    "tail",
    "unmask",
    "unnest",
    "subquery",
];

/// The most that `limit` takes, as StartQuery's own limit.
pub(crate) const MOST_ROWS: usize = 100_000;

/// Reads a query.
pub(super) fn parse(text: &str) -> Result<Query, Mistake> {
    let mut parser = Parser::new(text)?;
    let mut commands = Vec::new();
    let mut shape = Shape::default();
    loop {
        let (word, at) = parser.command()?;
        if shape.deduped && word != "limit" {
            return Err(parser.lexer.mistake(at, "only limit may stand behind dedup"));
        }
        match word.as_str() {
            "fields" => {
                let fields = parser.named_list()?;
                shape.fields.extend(fields.iter().map(|field| field.name.clone()));
                commands.extend(parser.computed(fields));
            }
            "display" => {
                let fields = parser.named_list()?;
                shape.display = Some(fields.iter().map(|field| field.name.clone()).collect());
                commands.extend(parser.computed(fields));
            }
            "filter" => commands.push(Command::Filter(parser.expression()?)),
            "parse" => commands.push(Command::Parse(parser.parse_command()?)),
            "stats" => {
                let stats = parser.stats_command()?;
                let made: Vec<String> =
                    stats.by.iter().chain(&stats.items).map(|one| one.name.clone()).collect();
                parser.known = Some(made.clone());
                shape = Shape { fields: made, display: None, deduped: false };
                commands.push(Command::Stats(stats));
            }
            "sort" => commands.push(Command::Sort(parser.sort_keys()?)),
            "limit" => commands.push(Command::Limit(parser.limit()?)),
            "dedup" => {
                commands.push(Command::Dedup(parser.names()?));
                shape.deduped = true;
            }
            _ => return Err(parser.not_a_command(&word, at)),
        }
        match parser.take()? {
            (Token::Symbol("|"), _) => {}
            (Token::End, _) => break,
            (_, at) => return Err(parser.unexpected(at, "| or the end of the query")),
        }
    }
    let columns = shape.display.unwrap_or(match shape.fields.is_empty() {
        true => vec!["@timestamp".to_owned(), "@message".to_owned()],
        false => shape.fields,
    });
    Ok(Query { commands, columns })
}

/// What a result will look like.
#[derive(Default)]
struct Shape {
    fields: Vec<String>,
    display: Option<Vec<String>>,
    deduped: bool,
}

/// The tokens, one looked at ahead.
pub(super) struct Parser<'a> {
    pub(super) lexer: Lexer<'a>,
    /// Before the token that is looked at.
    before: usize,
    ahead: (Token, Range<usize>),
    /// The fields that there are behind `stats`; before it any may be.
    pub(super) known: Option<Vec<String>>,
    /// Within an item of `stats`: what is known inside of its functions.
    pub(super) outer: Option<Option<Vec<String>>>,
    /// The aggregates of the `stats` that is being read; elsewhere there may be none.
    pub(super) aggregates: Option<Vec<Aggregate>>,
    /// How deep brackets are nested, and how many operators there were.
    pub(super) depth: usize,
    pub(super) operators: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Result<Parser<'a>, Mistake> {
        let mut lexer = Lexer::new(text);
        let ahead = lexer.next()?;
        Ok(Parser {
            lexer,
            before: 0,
            ahead,
            known: None,
            outer: None,
            aggregates: None,
            depth: 0,
            operators: 0,
        })
    }

    pub(super) fn peek(&self) -> &Token {
        &self.ahead.0
    }

    pub(super) fn at(&self) -> Range<usize> {
        self.ahead.1.clone()
    }

    pub(super) fn take(&mut self) -> Result<(Token, Range<usize>), Mistake> {
        self.before = self.ahead.1.end;
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.ahead, next))
    }

    /// Takes a symbol if it stands here.
    pub(super) fn symbol(&mut self, symbol: &str) -> Result<bool, Mistake> {
        let here = matches!(self.peek(), Token::Symbol(found) if *found == symbol);
        if here {
            self.take()?;
        }
        Ok(here)
    }

    /// Takes a keyword if it stands here, in whatever case.
    pub(super) fn keyword(&mut self, word: &str) -> Result<bool, Mistake> {
        let here = matches!(self.peek(), Token::Word(found) if found.eq_ignore_ascii_case(word));
        if here {
            self.take()?;
        }
        Ok(here)
    }

    pub(super) fn expect(&mut self, symbol: &str) -> Result<(), Mistake> {
        if self.symbol(symbol)? { Ok(()) } else { Err(self.unexpected(self.at(), symbol)) }
    }

    pub(super) fn unexpected(&self, at: Range<usize>, wanted: &str) -> Mistake {
        let found = self.lexer.text.get(at.clone()).unwrap_or_default();
        match found.is_empty() {
            true => self.lexer.mistake(at, format!("unexpected end of the query, expecting {wanted}")),
            false => self.lexer.mistake(at, format!("unexpected symbol found {found:?}, expecting {wanted}")),
        }
    }

    /// A regular expression, if one stands where a token was only looked at so far.
    pub(super) fn regex(&mut self) -> Result<Option<regex::Regex>, Mistake> {
        if !matches!(self.peek(), Token::Symbol("/")) {
            return Ok(None);
        }
        self.lexer.at = self.ahead.1.start;
        let Some((regex, at)) = self.lexer.regex()? else { return Ok(None) };
        self.before = at.end;
        self.ahead = self.lexer.next()?;
        Ok(Some(regex))
    }

    fn command(&mut self) -> Result<(String, Range<usize>), Mistake> {
        match self.take()? {
            (Token::Word(word), at) => Ok((word.to_ascii_lowercase(), at)),
            (_, at) => Err(self.unexpected(at, "a command")),
        }
    }

    fn not_a_command(&self, word: &str, at: Range<usize>) -> Mistake {
        match NOT_OFFERED.contains(&word) {
            true => self.lexer.mistake(
                at,
                format!("Callboard's local cloud does not offer the command {word} of Logs Insights"),
            ),
            false => self.unexpected(
                at,
                "one of the commands fields, display, filter, parse, stats, sort, limit, dedup",
            ),
        }
    }

    /// The name of a field.
    pub(super) fn name(&mut self) -> Result<String, Mistake> {
        match self.take()? {
            (Token::Word(name) | Token::Quoted(name), _) => Ok(name),
            (_, at) => Err(self.unexpected(at, "the name of a field")),
        }
    }

    /// A field that is read: behind `stats` only what it made is there.
    pub(super) fn readable(&self, name: &str, at: Range<usize>) -> Result<(), Mistake> {
        match &self.known {
            Some(known) if !known.iter().any(|one| one == name) => {
                Err(self.lexer.mistake(at, format!("Unknown symbols found in or after stats: {name}")))
            }
            _ => Ok(()),
        }
    }

    fn names(&mut self) -> Result<Vec<String>, Mistake> {
        let mut names = Vec::new();
        loop {
            let at = self.at();
            let name = self.name()?;
            self.readable(&name, at)?;
            names.push(name);
            if !self.symbol(",")? {
                return Ok(names);
            }
        }
    }

    /// Expressions with or without a name, up to the end of the command.
    pub(super) fn named_list(&mut self) -> Result<Vec<Named>, Mistake> {
        let mut list = Vec::new();
        loop {
            list.push(self.named()?);
            if !self.symbol(",")? {
                return Ok(list);
            }
        }
    }

    /// An expression; without `as` it is called as it is written.
    pub(super) fn named(&mut self) -> Result<Named, Mistake> {
        let start = self.at().start;
        let expression = self.expression()?;
        let written = self.lexer.text.get(start..self.before).unwrap_or_default().trim();
        let name = match (self.keyword("as")?, &expression) {
            (true, _) => self.name()?,
            (false, Expression::Field(name)) => name.clone(),
            (false, _) => written.to_owned(),
        };
        Ok(Named { name, expression })
    }

    /// Those that are more than the name of a field; their names are known from here on.
    fn computed(&mut self, fields: Vec<Named>) -> Option<Command> {
        let only_named =
            |field: &Named| matches!(&field.expression, Expression::Field(name) if *name == field.name);
        let computed: Vec<Named> = fields.into_iter().filter(|field| !only_named(field)).collect();
        if let Some(known) = &mut self.known {
            known.extend(computed.iter().map(|field| field.name.clone()));
        }
        (!computed.is_empty()).then_some(Command::Compute(computed))
    }

    fn sort_keys(&mut self) -> Result<Vec<SortKey>, Mistake> {
        let mut keys = Vec::new();
        loop {
            let expression = self.expression()?;
            let descending = self.keyword("desc")?;
            if !descending {
                self.keyword("asc")?;
            }
            keys.push(SortKey { expression, descending });
            if !self.symbol(",")? {
                return Ok(keys);
            }
        }
    }

    fn limit(&mut self) -> Result<usize, Mistake> {
        let wanted = format!("a whole number from 1 to {MOST_ROWS}");
        match self.take()? {
            (Token::Number(number), at) => match number {
                number if number.fract() == 0.0 && (1.0..=MOST_ROWS as f64).contains(&number) => {
                    Ok(number as usize)
                }
                _ => Err(self.unexpected(at, &wanted)),
            },
            (_, at) => Err(self.unexpected(at, &wanted)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mistake(text: &str) -> (Range<usize>, String) {
        let mistake = parse(text).unwrap_err();
        (mistake.at, mistake.message)
    }

    #[test]
    fn the_columns_of_a_result() {
        for (text, columns) in [
            ("filter a = 1", vec!["@timestamp", "@message"]),
            ("fields a, b + 1 | fields strlen( c ) as d", vec!["a", "b + 1", "d"]),
            ("fields a | display b, c", vec!["b", "c"]),
            ("stats count(*), max(a) as m by bin(5m), b", vec!["bin(5m)", "b", "count(*)", "m"]),
            ("stats count(*) as n by a | stats max(n) | sort `max(n)` desc", vec!["max(n)"]),
        ] {
            assert_eq!(parse(text).unwrap().columns, columns, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        assert_eq!(
            mistake("fields a | pattern @message"),
            (
                11..18,
                "Callboard's local cloud does not offer the command pattern of Logs Insights".to_owned()
            )
        );
        assert_eq!(
            mistake("filter nosuch(a)"),
            (7..13, "Callboard's local cloud does not offer the function nosuch of Logs Insights".to_owned())
        );
        assert_eq!(mistake("fields a | count(*)").0, 11..16);
        assert_eq!(
            mistake("filter a = "),
            (11..11, "unexpected end of the query, expecting a value".to_owned())
        );
        assert_eq!(mistake("filter a = 1 2").0, 13..14);
        assert_eq!(mistake("limit 100001").0, 6..12);
        assert_eq!(mistake("filter count(*) > 1").0, 7..12);
        assert_eq!(mistake("stats count(*) by a | sort b").1, "Unknown symbols found in or after stats: b");
        assert_eq!(mistake("dedup a | fields b").0, 10..16);
        assert_eq!(mistake("parse @message \"* *\" as a").1, "the pattern has 2 wildcards and 1 names");
        assert_eq!(mistake("").1, "unexpected end of the query, expecting a command");
        assert!(mistake(&format!("filter {}1", "(".repeat(5000))).1.contains("nested"));
        assert!(mistake(&format!("filter 1{}", "+1".repeat(2000))).1.contains("operators"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,80}") {
            if let Err(mistake) = parse(&text) {
                prop_assert!(mistake.at.start <= mistake.at.end && mistake.at.end <= text.chars().count());
            }
        }

        #[test]
        fn no_row_of_tokens_makes_it_panic(parts in proptest::collection::vec(prop_oneof![
            "(fields|filter|stats|parse|sort|limit|dedup|display|by|as|like|in|not|and|or|bin|pct|count|strlen)",
            "[|,()=<>+*/%^-]", "(\\[|\\]|!=|=~)", "[a-c@.`]{1,3}", "(\"x\"|'|/a/|5m|95|1)",
        ], 0..16)) {
            let text = parts.join(" ");
            if let Err(mistake) = parse(&text) {
                prop_assert!(mistake.at.end <= text.chars().count());
            }
        }
    }
}
