//! Values of fields, and how they compare.

use std::cmp::Ordering;
use std::sync::Arc;

use jiff::Timestamp;

/// What a field or an expression is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// There is no such field in the event.
    Missing,
    /// Computed.
    Number(f64),
    /// As it stands in the event; it may be a number all the same.
    Text(Arc<str>),
    /// Epoch milliseconds.
    Time(i64),
}

impl Value {
    pub(super) fn text(text: impl AsRef<str>) -> Value {
        Value::Text(Arc::from(text.as_ref()))
    }

    pub(super) fn truth(holds: bool) -> Value {
        Value::Number(if holds { 1.0 } else { 0.0 })
    }

    pub(super) fn holds(&self) -> bool {
        self.number().is_some_and(|number| number != 0.0)
    }

    /// As a number, if it is one.
    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Value::Missing => None,
            Value::Number(number) => Some(*number),
            // Exact for a hundred thousand years.
            Value::Time(at) => Some(*at as f64),
            Value::Text(text) => {
                // Not "inf" and "nan", which are words.
                let starts = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.');
                let number = text.trim().starts_with(starts).then(|| text.trim().parse().ok()).flatten();
                number.filter(|number: &f64| !number.is_nan())
            }
        }
    }

    /// As it is told; `None` when it is missing.
    pub(super) fn told(&self) -> Option<Arc<str>> {
        Some(match self {
            Value::Missing => return None,
            Value::Text(text) => Arc::clone(text),
            Value::Number(number) => written(*number).into(),
            Value::Time(at) => time(*at).into(),
        })
    }

    /// As numbers if both are, else as text. `None` when one is missing.
    pub(super) fn compare(&self, other: &Value) -> Option<Ordering> {
        match (self.number(), other.number()) {
            (Some(one), Some(two)) => one.partial_cmp(&two),
            _ => Some(self.told()?.cmp(&other.told()?)),
        }
    }

    /// The order of `sort`: what is missing first, then what is no number, then numbers (AWS documentation of sort).
    pub(super) fn order(&self, other: &Value) -> Ordering {
        let class = |value: &Value| match value {
            Value::Missing => 0,
            other => 1 + i32::from(other.number().is_some()),
        };
        class(self).cmp(&class(other)).then_with(|| self.compare(other).unwrap_or(Ordering::Equal))
    }
}

/// To four places, without the zeros at the end.
fn written(number: f64) -> String {
    if !number.is_finite() {
        return number.to_string();
    }
    let text = format!("{number:.4}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// As AWS tells a time: in UTC, without a zone.
fn time(milliseconds: i64) -> String {
    match Timestamp::from_millisecond(milliseconds) {
        Ok(at) => at.strftime("%Y-%m-%d %H:%M:%S.%3f").to_string(),
        Err(_) => milliseconds.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_told_as_aws_tells_them() {
        let told = |value: Value| value.told().unwrap_or_default().to_string();
        assert_eq!(told(Value::Time(1_554_228_639_430)), "2019-04-02 18:10:39.430");
        assert_eq!(told(Value::Number(128_000_000.0)), "128000000");
        assert_eq!(told(Value::Number(122.070_312_5)), "122.0703");
        assert_eq!(told(Value::Number(-0.000_01)), "0");
        assert_eq!(Value::Missing.told(), None);
        assert_eq!(Value::text("nan").number(), None);
    }

    fn any_value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Missing),
            (-1e9..1e9f64).prop_map(Value::Number),
            ".{0,6}".prop_map(Value::text),
            "[0-9.+-]{1,4}".prop_map(Value::text),
            (0..4_000_000_000_000i64).prop_map(Value::Time),
        ]
    }

    proptest! {
        // A sort panics or goes wrong where an order is none.
        #[test]
        fn the_order_is_one(a in any_value(), b in any_value(), c in any_value()) {
            prop_assert_eq!(a.order(&b), b.order(&a).reverse());
            prop_assert_eq!(a.order(&a), Ordering::Equal);
            if a.order(&b) != Ordering::Greater && b.order(&c) != Ordering::Greater {
                prop_assert_ne!(a.order(&c), Ordering::Greater);
            }
        }
    }
}
