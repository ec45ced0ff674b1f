//! The checks as a JUnit report, which CI systems show. The form is the one that Jenkins and GitLab read: a `testsuite` for
//! each stage and kind, a `testcase` for each check, a `failure` in one that failed, a warning in `system-out`.

use std::path::Path;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::domain::{Check, Problem, Report, Verdict};

/// Writes the report to `path`, whole or not at all.
pub(super) fn write(path: &Path, reports: &[Report]) -> Result<(), Problem> {
    let failed = |error: std::io::Error| {
        Problem::new(format!("the JUnit report cannot be written to {}", path.display()))
            .because(error)
            .fix("name a file in a folder that is there and that you may write to")
    };
    let text = document(reports).map_err(failed)?;
    // Beside the file, so that it is renamed and never half there.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    std::io::Write::write_all(&mut file, &text).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

fn document(reports: &[Report]) -> std::io::Result<Vec<u8>> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let all = reports.iter().flat_map(|report| &report.checks);
    let failures = all.clone().filter(|check| check.verdict.is_failed()).count();
    let root = writer.create_element("testsuites").with_attributes([
        ("name", "callboard check"),
        ("tests", all.count().to_string().as_str()),
        ("failures", failures.to_string().as_str()),
    ]);
    root.write_inner_content(|writer| {
        for report in reports {
            suite(writer, report)?;
        }
        Ok(())
    })?;
    writer.write_event(Event::Text(BytesText::new("\n")))?;
    Ok(writer.into_inner())
}

fn suite(writer: &mut Writer<Vec<u8>>, report: &Report) -> std::io::Result<()> {
    let name = format!("{} {}", report.stage, report.kind.title());
    let failures = report.checks.len() - report.passed();
    let time: f64 = report.checks.iter().map(|check| check.took.as_secs_f64()).sum();
    let suite = writer.create_element("testsuite").with_attributes([
        ("name", name.as_str()),
        ("tests", report.checks.len().to_string().as_str()),
        ("failures", failures.to_string().as_str()),
        ("errors", "0"),
        ("timestamp", report.at.strftime("%Y-%m-%dT%H:%M:%S").to_string().as_str()),
        ("time", format!("{time:.3}").as_str()),
    ]);
    suite.write_inner_content(|writer| {
        for check in &report.checks {
            case(writer, &format!("callboard.{}.{}", report.stage, report.kind.title()), check)?;
        }
        Ok(())
    })?;
    Ok(())
}

fn case(writer: &mut Writer<Vec<u8>>, class: &str, check: &Check) -> std::io::Result<()> {
    let origin = check.origin.as_ref().map(|origin| format!(" from {origin}")).unwrap_or_default();
    let name = format!("{}{origin}", check.name);
    let time = format!("{:.3}", check.took.as_secs_f64());
    let element = writer.create_element("testcase").with_attributes([
        ("classname", class),
        ("name", name.as_str()),
        ("time", time.as_str()),
    ]);
    let Some(fault) = check.verdict.fault() else {
        element.write_empty()?;
        return Ok(());
    };
    let curl = check.request.as_ref().map(|request| format!("\n{}", request.curl())).unwrap_or_default();
    let text = format!("got: {}\ncause: {}\nfix: {}{curl}", check.got, fault.cause, fault.fix);
    element.write_inner_content(|writer| {
        let inner = match &check.verdict {
            Verdict::Failed(_) => writer
                .create_element("failure")
                .with_attributes([("type", fault.diagnosis.as_str()), ("message", fault.cause.as_str())]),
            _ => writer.create_element("system-out"),
        };
        inner.write_text_content(BytesText::new(&text))?;
        Ok(())
    })?;
    Ok(())
}
