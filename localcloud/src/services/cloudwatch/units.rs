//! The units of CloudWatch, in the order in which AWS itself lists them: the first of several is the one that is told.

use crate::wire::fault::Fault;

const UNITS: [&str; 27] = [
    "Megabits",
    "Terabits",
    "Gigabits",
    "Count",
    "Bytes",
    "Gigabytes",
    "Gigabytes/Second",
    "Kilobytes",
    "Kilobits/Second",
    "Terabytes",
    "Terabits/Second",
    "Bytes/Second",
    "Percent",
    "Megabytes",
    "Megabits/Second",
    "Milliseconds",
    "Microseconds",
    "Kilobytes/Second",
    "Gigabits/Second",
    "Megabytes/Second",
    "Bits",
    "Bits/Second",
    "Count/Second",
    "Seconds",
    "Kilobits",
    "Terabytes/Second",
    "None",
];

/// Where it stands among them.
pub(super) fn place(unit: &str) -> usize {
    UNITS.iter().position(|known| *known == unit).unwrap_or(UNITS.len())
}

/// Refuses what is none of them.
pub(super) fn check(unit: &str, parameter: &str) -> Result<(), Fault> {
    match UNITS.contains(&unit) {
        true => Ok(()),
        false => {
            let set = UNITS.join(", ");
            let message = format!("The parameter {parameter} must be a value in the set [ {set} ].");
            Err(Fault::new(400, "InvalidParameterValue", message))
        }
    }
}
