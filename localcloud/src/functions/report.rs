//! The platform's own log lines, as text and as JSON, in Lambda's words.

use std::time::Duration;

use serde::Serialize;

use super::Callee;
use super::pool::Slot;
use crate::account::function_arn;
use crate::metrics::{self, Ran};
use crate::world::functions::Configuration;

/// How an invocation or an initialisation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    Success,
    /// The function reported an error: its process lives on.
    Error(String),
    /// The process ended; the sentence says how.
    Exit {
        error_type: String,
        sentence: String,
    },
    /// The process was killed for its memory. Lambda calls this a `Runtime.ExitError` in the answer and in the line that
    /// tells of it, and `Runtime.OutOfMemory` in the REPORT (public logs of 2026).
    OutOfMemory {
        sentence: String,
    },
    Timeout,
}

/// Whom the lines are about.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) callee: &'a Callee,
    pub(super) configuration: &'a Configuration,
}

/// The figures of an invocation.
pub(super) struct Figures {
    pub(super) duration: Duration,
    /// Only when the invocation was a cold start.
    pub(super) init: Option<Duration>,
    pub(super) max_memory_mb: u32,
}

/// A line of the log format `JSON`.
#[derive(Serialize)]
struct Platform<R> {
    time: String,
    r#type: &'static str,
    record: R,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InitStart<'a> {
    initialization_type: &'a str,
    phase: &'a str,
    function_name: &'a str,
    function_version: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InitReport<'a> {
    initialization_type: &'a str,
    phase: &'a str,
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_type: Option<&'a str>,
    metrics: InitMetrics,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InitMetrics {
    duration_ms: f64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Start<'a> {
    request_id: &'a str,
    function_arn: String,
    version: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    request_id: &'a str,
    metrics: Metrics,
    status: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_type: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metrics {
    duration_ms: f64,
    billed_duration_ms: u64,
    #[serde(rename = "memorySizeMB")]
    memory_size_mb: u32,
    #[serde(rename = "maxMemoryUsedMB")]
    max_memory_used_mb: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    init_duration_ms: Option<f64>,
}

impl Figures {
    /// Counts the invocation in the function's metrics, in the minute in which it began.
    pub(super) fn count(&self, metrics: &metrics::Metrics, slot: &Slot, callee: &Callee, end: &End) {
        let ran = Ran {
            began_ms: slot.since_ms,
            duration_ms: milliseconds(self.duration),
            failed: *end != End::Success,
            concurrent: slot.concurrent,
        };
        metrics.ran(&callee.name, &ran);
    }
}

impl End {
    fn status(&self) -> &'static str {
        match self {
            End::Success => "success",
            End::Error(_) | End::Exit { .. } | End::OutOfMemory { .. } => "error",
            End::Timeout => "timeout",
        }
    }

    fn error_type(&self) -> Option<&str> {
        match self {
            End::Error(error_type) | End::Exit { error_type, .. } => Some(error_type),
            End::OutOfMemory { .. } => Some("Runtime.OutOfMemory"),
            End::Success | End::Timeout => None,
        }
    }
}

impl Subject<'_> {
    fn json(&self) -> bool {
        self.configuration.log_format == "JSON"
    }

    /// Before the process is started.
    pub(super) fn init_start(&self) -> Vec<String> {
        if self.json() {
            let record = InitStart {
                initialization_type: "on-demand",
                phase: "init",
                function_name: &self.callee.name,
                function_version: &self.callee.version_name(),
            };
            return vec![platform("platform.initStart", record)];
        }
        // What AWS names here is its own runtime; of a container image it knows none, and neither do we.
        vec!["INIT_START Runtime Version: container-image\t\n".to_owned()]
    }

    /// After a start that failed, in the phase `init` or, once retried, `invoke`.
    pub(super) fn init_report(&self, phase: &str, duration: Duration, end: &End) -> Vec<String> {
        if self.json() {
            let record = InitReport {
                initialization_type: "on-demand",
                phase,
                status: end.status(),
                error_type: end.error_type(),
                metrics: InitMetrics { duration_ms: milliseconds(duration) },
            };
            return vec![platform("platform.initReport", record)];
        }
        let error_type = end.error_type().map(|error| format!("\tError Type: {error}")).unwrap_or_default();
        let duration = milliseconds(duration);
        let status = end.status();
        vec![format!(
            "INIT_REPORT Init Duration: {duration:.2} ms\tPhase: {phase}\tStatus: {status}{error_type}\t\n"
        )]
    }

    /// Before an invocation.
    pub(super) fn start(&self, request_id: &str) -> Vec<String> {
        if self.json() {
            let function_arn = function_arn(&self.callee.name);
            let record = Start { request_id, function_arn, version: &self.callee.version_name() };
            return vec![platform("platform.start", record)];
        }
        vec![format!("START RequestId: {request_id} Version: {}\n", self.callee.version_name())]
    }

    /// After an invocation.
    pub(super) fn end(&self, request_id: &str, figures: &Figures, end: &End) -> Vec<String> {
        let billed = billed_ms(figures);
        if self.json() {
            let record = Report {
                request_id,
                metrics: Metrics {
                    duration_ms: milliseconds(figures.duration),
                    billed_duration_ms: billed,
                    memory_size_mb: self.configuration.memory_mb,
                    max_memory_used_mb: figures.max_memory_mb,
                    init_duration_ms: figures.init.map(milliseconds),
                },
                status: end.status(),
                error_type: end.error_type(),
            };
            return vec![platform("platform.report", record)];
        }
        let mut lines = Vec::with_capacity(4);
        match end {
            End::Success | End::Error(_) => {}
            End::Exit { error_type, sentence } => {
                lines.push(format!("RequestId: {request_id} Error: {sentence}\n"));
                lines.push(format!("{error_type}\n"));
            }
            End::OutOfMemory { sentence } => {
                lines.push(format!("RequestId: {request_id} Error: {sentence}\n"));
                lines.push("Runtime.ExitError\n".to_owned());
            }
            End::Timeout => lines.push(format!(
                "{} {request_id} Task timed out after {:.2} seconds\n",
                now(),
                f64::from(self.configuration.timeout_s)
            )),
        }
        lines.push(format!("END RequestId: {request_id}\n"));
        let mut report = format!(
            "REPORT RequestId: {request_id}\tDuration: {:.2} ms\tBilled Duration: {billed} ms\tMemory Size: {} MB\tMax \
             Memory Used: {} MB\t",
            milliseconds(figures.duration),
            self.configuration.memory_mb,
            figures.max_memory_mb,
        );
        if let Some(init) = figures.init {
            report.push_str(&format!("Init Duration: {:.2} ms\t", milliseconds(init)));
        }
        match end {
            // An error that the function reports itself is no matter of the platform's.
            End::Success | End::Error(_) => {}
            End::Exit { .. } | End::OutOfMemory { .. } => {
                let error_type = end.error_type().unwrap_or_default();
                report.push_str(&format!("Status: error\tError Type: {error_type}\t"));
            }
            End::Timeout => report.push_str("Status: timeout\t"),
        }
        report.push('\n');
        lines.push(report);
        lines
    }
}

/// The initialisation is billed too, and the sum is rounded up to the next millisecond.
fn billed_ms(figures: &Figures) -> u64 {
    let total = figures.duration + figures.init.unwrap_or_default();
    u64::try_from(total.as_micros().div_ceil(1000)).unwrap_or(u64::MAX)
}

/// To two places, as AWS shows it.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 100_000.0).round() / 100.0
}

fn platform(kind: &'static str, record: impl Serialize) -> String {
    // Strings and finite numbers always serialise.
    serde_json::to_string(&Platform { time: now(), r#type: kind, record }).unwrap_or_default()
}

fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(log_format: &str) -> Configuration {
        Configuration {
            image_uri: String::new(),
            repository: String::new(),
            digest: String::new(),
            architecture: "x86_64".to_owned(),
            memory_mb: 128,
            timeout_s: 3,
            environment: Default::default(),
            environment_given: false,
            tracing_mode: "PassThrough".to_owned(),
            image_config: None,
            log_format: log_format.to_owned(),
            log_group: "/aws/lambda/f".to_owned(),
            ephemeral_storage_mb: 512,
        }
    }

    fn figures(init: Option<f64>) -> Figures {
        Figures {
            duration: Duration::from_secs_f64(1.23396),
            init: init.map(Duration::from_secs_f64),
            max_memory_mb: 36,
        }
    }

    #[test]
    fn text_lines_are_as_recorded() {
        let configuration = configuration("Text");
        let callee = Callee::latest("f");
        let subject = Subject { callee: &callee, configuration: &configuration };
        assert_eq!(subject.start("id"), ["START RequestId: id Version: $LATEST\n"]);
        assert_eq!(
            subject.end("id", &figures(Some(0.4635)), &End::Success),
            [
                "END RequestId: id\n",
                "REPORT RequestId: id\tDuration: 1233.96 ms\tBilled Duration: 1698 ms\tMemory Size: 128 MB\tMax Memory \
                 Used: 36 MB\tInit Duration: 463.50 ms\t\n"
            ]
        );
        let exit = End::Exit {
            error_type: "Runtime.ExitError".to_owned(),
            sentence: "Runtime exited with error: exit status 3".to_owned(),
        };
        let lines = subject.end("id", &figures(None), &exit);
        assert_eq!(
            lines[..3],
            [
                "RequestId: id Error: Runtime exited with error: exit status 3\n",
                "Runtime.ExitError\n",
                "END RequestId: id\n"
            ]
        );
        assert!(!lines[3].contains("Init Duration"), "{}", lines[3]);
        let lines = subject.end("id", &figures(None), &End::Timeout);
        assert!(lines[0].ends_with("Z id Task timed out after 3.00 seconds\n"), "{}", lines[0]);
        assert_eq!(
            subject.init_report("init", Duration::from_millis(12), &exit),
            [
                "INIT_REPORT Init Duration: 12.00 ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError\t\n"
            ]
        );
    }

    #[test]
    fn json_lines_have_the_fields_of_the_telemetry_schema() {
        let configuration = configuration("JSON");
        let callee = Callee::latest("f");
        let subject = Subject { callee: &callee, configuration: &configuration };
        let lines = subject.end("id", &figures(Some(0.4635)), &End::Success);
        assert_eq!(lines.len(), 1);
        let line: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(line["type"], "platform.report");
        assert_eq!(
            line["record"],
            serde_json::json!({"requestId": "id", "status": "success", "metrics": {"durationMs": 1233.96,
                "billedDurationMs": 1698, "memorySizeMB": 128, "maxMemoryUsedMB": 36, "initDurationMs": 463.5}})
        );
        let start: serde_json::Value = serde_json::from_str(&subject.start("id")[0]).unwrap();
        assert_eq!(start["record"]["functionArn"], "arn:aws:lambda:us-east-1:000000000000:function:f");
    }
}
