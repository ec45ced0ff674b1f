//! From tokens to expressions, by precedence: `or`, `and`, `not`, comparisons, `+ -`, `* / %`, `^`, what stands alone.

use super::Mistake;
use super::lexer::Token;
use super::parser::{Parser, is_aggregate};
use super::syntax::{Arithmetic, Comparison, Expression, Function};

/// How deep brackets may be nested, and how many operators a query may have: each costs stack when it is computed.
const MOST_DEPTH: usize = 50;
const MOST_OPERATORS: usize = 300;

/// The functions, with the least and the most that they take.
const FUNCTIONS: [(&str, Function, usize, usize); 17] = [
    ("ispresent", Function::IsPresent, 1, 1),
    ("isempty", Function::IsEmpty, 1, 1),
    ("isblank", Function::IsBlank, 1, 1),
    ("coalesce", Function::Coalesce, 1, 50),
    ("abs", Function::Abs, 1, 1),
    ("ceil", Function::Ceil, 1, 1),
    ("floor", Function::Floor, 1, 1),
    ("sqrt", Function::Sqrt, 1, 1),
    ("greatest", Function::Greatest, 1, 50),
    ("least", Function::Least, 1, 50),
    ("strlen", Function::StrLen, 1, 1),
    ("tolower", Function::ToLower, 1, 1),
    ("toupper", Function::ToUpper, 1, 1),
    ("trim", Function::Trim, 1, 1),
    ("concat", Function::Concat, 1, 50),
    ("substr", Function::SubStr, 2, 3),
    ("strcontains", Function::StrContains, 2, 2),
];

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Result<Expression, Mistake> {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            let message = format!("expressions may be nested {MOST_DEPTH} deep");
            return Err(self.lexer.mistake(self.at(), message));
        }
        let mut left = self.both()?;
        while self.keyword("or")? {
            self.counted()?;
            left = Expression::Or(Box::new(left), Box::new(self.both()?));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn counted(&mut self) -> Result<(), Mistake> {
        self.operators += 1;
        match self.operators > MOST_OPERATORS {
            true => {
                Err(self.lexer.mistake(self.at(), format!("a query may have {MOST_OPERATORS} operators")))
            }
            false => Ok(()),
        }
    }

    fn both(&mut self) -> Result<Expression, Mistake> {
        let mut left = self.negation()?;
        while self.keyword("and")? {
            self.counted()?;
            left = Expression::And(Box::new(left), Box::new(self.negation()?));
        }
        Ok(left)
    }

    fn negation(&mut self) -> Result<Expression, Mistake> {
        if !self.keyword("not")? {
            return self.comparison();
        }
        self.counted()?;
        Ok(Expression::Not(Box::new(self.negation()?)))
    }

    fn comparison(&mut self) -> Result<Expression, Mistake> {
        let left = self.sum()?;
        let comparison = match self.peek() {
            Token::Symbol("=") => Comparison::Equal,
            Token::Symbol("!=") => Comparison::Unequal,
            Token::Symbol("<") => Comparison::Less,
            Token::Symbol("<=") => Comparison::LessOrEqual,
            Token::Symbol(">") => Comparison::Greater,
            Token::Symbol(">=") => Comparison::GreaterOrEqual,
            _ => return self.word_comparison(left),
        };
        self.counted()?;
        self.take()?;
        Ok(Expression::Compare(comparison, Box::new(left), Box::new(self.sum()?)))
    }

    /// `like`, `=~`, `in`, and `not` before them; or nothing.
    fn word_comparison(&mut self, left: Expression) -> Result<Expression, Mistake> {
        let not = self.keyword("not")?;
        let found = if self.symbol("=~")? || self.keyword("like")? {
            self.pattern(left)?
        } else if self.keyword("in")? {
            self.expect("[")?;
            let mut list = Vec::new();
            while !self.symbol("]")? {
                if !list.is_empty() {
                    self.expect(",")?;
                }
                list.push(self.sum()?);
            }
            Expression::In(Box::new(left), list)
        } else if not {
            return Err(self.unexpected(self.at(), "like or in"));
        } else {
            return Ok(left);
        };
        self.counted()?;
        Ok(if not { Expression::Not(Box::new(found)) } else { found })
    }

    fn pattern(&mut self, left: Expression) -> Result<Expression, Mistake> {
        if let Some(regex) = self.regex()? {
            return Ok(Expression::Matches(Box::new(left), regex));
        }
        match self.take()? {
            (Token::Text(text), _) => Ok(Expression::Contains(Box::new(left), text)),
            (_, at) => Err(self.unexpected(at, "text in quotes or a regular expression between slashes")),
        }
    }

    fn sum(&mut self) -> Result<Expression, Mistake> {
        let mut left = self.product()?;
        loop {
            let operator = match self.peek() {
                Token::Symbol("+") => Arithmetic::Plus,
                Token::Symbol("-") => Arithmetic::Minus,
                _ => return Ok(left),
            };
            self.counted()?;
            self.take()?;
            left = Expression::Arithmetic(operator, Box::new(left), Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Result<Expression, Mistake> {
        let mut left = self.power()?;
        loop {
            let operator = match self.peek() {
                Token::Symbol("*") => Arithmetic::Times,
                Token::Symbol("/") => Arithmetic::Divide,
                Token::Symbol("%") => Arithmetic::Remainder,
                _ => return Ok(left),
            };
            self.counted()?;
            self.take()?;
            left = Expression::Arithmetic(operator, Box::new(left), Box::new(self.power()?));
        }
    }

    fn power(&mut self) -> Result<Expression, Mistake> {
        let left = self.unary()?;
        if !self.symbol("^")? {
            return Ok(left);
        }
        self.counted()?;
        Ok(Expression::Arithmetic(Arithmetic::Power, Box::new(left), Box::new(self.power()?)))
    }

    pub(super) fn unary(&mut self) -> Result<Expression, Mistake> {
        if self.symbol("-")? {
            self.counted()?;
            return Ok(Expression::Negative(Box::new(self.unary()?)));
        }
        if self.symbol("(")? {
            let inner = self.expression()?;
            self.expect(")")?;
            return Ok(inner);
        }
        match self.take()? {
            (Token::Number(number), _) => Ok(Expression::Number(number)),
            (Token::Text(text), _) => Ok(Expression::Text(text)),
            (Token::Word(name), at) if matches!(self.peek(), Token::Symbol("(")) && !is_keyword(&name) => {
                self.call(&name, at)
            }
            (Token::Word(name), at) if !is_keyword(&name) => {
                self.readable(&name, at)?;
                Ok(Expression::Field(name))
            }
            (Token::Quoted(name), at) => {
                self.readable(&name, at)?;
                Ok(Expression::Field(name))
            }
            (_, at) => Err(self.unexpected(at, "a value")),
        }
    }

    fn call(&mut self, name: &str, at: std::ops::Range<usize>) -> Result<Expression, Mistake> {
        let lower = name.to_ascii_lowercase();
        if is_aggregate(name) {
            if self.aggregates.is_none() {
                let message = format!("the function {name} is for stats, and not within another one of it");
                return Err(self.lexer.mistake(at, message));
            }
            self.take()?;
            return self.aggregate(name);
        }
        if lower == "bin" {
            self.take()?;
            let length = match self.take()? {
                (Token::Duration(length), _) => length,
                (_, at) => return Err(self.unexpected(at, "a length of time, such as 5m")),
            };
            self.readable("@timestamp", at)?;
            self.expect(")")?;
            return Ok(Expression::Bin(length));
        }
        let Some((_, function, least, most)) = FUNCTIONS.into_iter().find(|(known, ..)| *known == lower)
        else {
            let message =
                format!("Callboard's local cloud does not offer the function {name} of Logs Insights");
            return Err(self.lexer.mistake(at, message));
        };
        self.take()?;
        let mut arguments = Vec::new();
        while !self.symbol(")")? {
            if !arguments.is_empty() {
                self.expect(",")?;
            }
            arguments.push(self.expression()?);
        }
        match (least..=most).contains(&arguments.len()) {
            true => Ok(Expression::Call(function, arguments)),
            false => {
                let message = format!("the function {name} does not take {} values", arguments.len());
                Err(self.lexer.mistake(at, message))
            }
        }
    }
}

/// Words that are no fields unless they stand in backticks.
fn is_keyword(word: &str) -> bool {
    ["and", "or", "not", "like", "in", "as", "by"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
}
