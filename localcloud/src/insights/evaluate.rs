//! What an expression is for one record.

use std::cmp::Ordering;

use super::record::Record;
use super::syntax::{Arithmetic, Comparison, Expression, Function, Parse};
use super::value::Value;

/// The value of an expression; `aggregates` are those of the row of `stats` that the record is.
pub(super) fn evaluate(expression: &Expression, record: &Record, aggregates: &[Value]) -> Value {
    let of = |inner: &Expression| evaluate(inner, record, aggregates);
    match expression {
        Expression::Number(number) => Value::Number(*number),
        Expression::Text(text) => Value::text(text),
        Expression::Field(name) => record.field(name),
        Expression::Aggregated(index) => aggregates.get(*index).cloned().unwrap_or(Value::Missing),
        Expression::Bin(length) => match record.field("@timestamp") {
            Value::Time(at) => Value::Time(at.div_euclid(*length) * length),
            _ => Value::Missing,
        },
        Expression::Not(inner) => Value::truth(!of(inner).holds()),
        Expression::Negative(inner) => number(of(inner).number().map(|number| -number)),
        Expression::And(left, right) => Value::truth(of(left).holds() && of(right).holds()),
        Expression::Or(left, right) => Value::truth(of(left).holds() || of(right).holds()),
        Expression::Arithmetic(operator, left, right) => {
            let numbers = of(left).number().zip(of(right).number());
            number(numbers.map(|(left, right)| compute(*operator, left, right)))
        }
        Expression::Compare(comparison, left, right) => {
            Value::truth(holds(*comparison, of(left).compare(&of(right))))
        }
        Expression::In(left, list) => {
            let left = of(left);
            Value::truth(list.iter().any(|one| left.compare(&of(one)) == Some(Ordering::Equal)))
        }
        Expression::Contains(left, text) => {
            Value::truth(of(left).told().is_some_and(|value| value.contains(text.as_str())))
        }
        Expression::Matches(left, regex) => {
            Value::truth(of(left).told().is_some_and(|value| regex.is_match(&value)))
        }
        Expression::Call(function, arguments) => {
            call(*function, &arguments.iter().map(of).collect::<Vec<Value>>())
        }
    }
}

/// Sets the fields that a pattern finds in a record; where it finds nothing, there are none.
pub(super) fn parse(parse: &Parse, record: &mut Record) {
    let from = evaluate(&parse.from, record, &[]).told();
    let found = from.as_deref().and_then(|from| parse.pattern.captures(from));
    let Some(found) = found else { return };
    for (group, name) in &parse.fields {
        if let Some(part) = found.get(*group) {
            record.set(name, Value::text(part.as_str()));
        }
    }
}

fn number(number: Option<f64>) -> Value {
    number.filter(|number| number.is_finite()).map_or(Value::Missing, Value::Number)
}

fn compute(operator: Arithmetic, left: f64, right: f64) -> f64 {
    match operator {
        Arithmetic::Plus => left + right,
        Arithmetic::Minus => left - right,
        Arithmetic::Times => left * right,
        Arithmetic::Divide => left / right,
        Arithmetic::Remainder => left % right,
        Arithmetic::Power => left.powf(right),
    }
}

fn holds(comparison: Comparison, order: Option<Ordering>) -> bool {
    match comparison {
        Comparison::Equal => order == Some(Ordering::Equal),
        Comparison::Unequal => order != Some(Ordering::Equal),
        Comparison::Less => order == Some(Ordering::Less),
        Comparison::LessOrEqual => order.is_some_and(Ordering::is_le),
        Comparison::Greater => order == Some(Ordering::Greater),
        Comparison::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
    }
}

fn call(function: Function, values: &[Value]) -> Value {
    let first = values.first().unwrap_or(&Value::Missing);
    let text = first.told();
    let on_number = |compute: fn(f64) -> f64| number(first.number().map(compute));
    let on_text = |compute: fn(&str) -> String| {
        text.as_deref().map_or(Value::Missing, |text| Value::text(compute(text)))
    };
    match function {
        Function::IsPresent => Value::truth(*first != Value::Missing),
        Function::IsEmpty => Value::truth(text.is_none_or(|text| text.is_empty())),
        Function::IsBlank => Value::truth(text.is_none_or(|text| text.trim().is_empty())),
        Function::Coalesce => {
            values.iter().find(|value| **value != Value::Missing).cloned().unwrap_or(Value::Missing)
        }
        Function::Abs => on_number(f64::abs),
        Function::Ceil => on_number(f64::ceil),
        Function::Floor => on_number(f64::floor),
        Function::Sqrt => on_number(f64::sqrt),
        Function::Greatest => number(values.iter().filter_map(Value::number).reduce(f64::max)),
        Function::Least => number(values.iter().filter_map(Value::number).reduce(f64::min)),
        Function::StrLen => number(text.map(|text| text.chars().count() as f64)),
        Function::ToLower => on_text(str::to_lowercase),
        Function::ToUpper => on_text(str::to_uppercase),
        Function::Trim => on_text(|text| text.trim().to_owned()),
        Function::Concat => Value::text(
            values.iter().filter_map(Value::told).map(|part| part.to_string()).collect::<String>(),
        ),
        Function::SubStr => {
            let place =
                |index: usize| values.get(index).and_then(Value::number).map(|at| at.max(0.0) as usize);
            match (text, place(1)) {
                (Some(text), Some(from)) => {
                    let length = place(2).unwrap_or(usize::MAX);
                    Value::text(text.chars().skip(from).take(length).collect::<String>())
                }
                _ => Value::Missing,
            }
        }
        Function::StrContains => {
            let part = values.get(1).and_then(Value::told);
            Value::truth(text.zip(part).is_some_and(|(text, part)| text.contains(&*part)))
        }
    }
}
