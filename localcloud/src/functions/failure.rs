//! How environments fail, in the words in which Lambda tells it.

use std::process::ExitStatus;

use bytes::Bytes;
use serde::Serialize;

use super::report::End;

/// Why an environment failed, without the id of the invocation that it fails.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) end: End,
    /// What the function posted itself; else it is made from `end`.
    pub(super) payload: Option<Bytes>,
}

/// How a process ended, in Lambda's words.
pub(super) fn ended(status: std::io::Result<ExitStatus>) -> End {
    let sentence = match status {
        Ok(status) if status.success() => "Runtime exited without providing a reason".to_owned(),
        // "exit status: 3" is written "exit status 3" by Lambda; a signal is "signal: killed".
        Ok(status) => match (status.code(), std::os::unix::process::ExitStatusExt::signal(&status)) {
            (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
            (None, Some(signal)) => format!("Runtime exited with error: signal: {}", signal_name(signal)),
            (None, None) => "Runtime exited with error: unknown".to_owned(),
        },
        Err(error) => format!("Runtime exited with error: {error}"),
    };
    End::Exit { error_type: "Runtime.ExitError".to_owned(), sentence }
}

/// How a process ended that used more memory than it may: the kernel kills it there.
pub(super) fn out_of_memory() -> End {
    End::OutOfMemory { sentence: format!("Runtime exited with error: signal: {}", signal_name(9)) }
}

/// The words of Go's runtime, in which Lambda's own are written.
fn signal_name(signal: i32) -> String {
    match signal {
        6 => "aborted".to_owned(),
        7 => "bus error".to_owned(),
        8 => "floating point exception".to_owned(),
        9 => "killed".to_owned(),
        11 => "segmentation fault".to_owned(),
        15 => "terminated".to_owned(),
        other => format!("signal {other}"),
    }
}

/// What an Invoke answers for an invocation that the function could not answer itself.
pub(super) fn error_payload(request_id: &str, end: &End, timeout_s: u32) -> Bytes {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Error {
        error_type: String,
        error_message: String,
    }
    let (error_type, sentence) = match end {
        End::Success => return Bytes::new(),
        End::Error(error_type) => (error_type.clone(), "Runtime failed to start: see the log".to_owned()),
        End::Exit { error_type, sentence } => (error_type.clone(), sentence.clone()),
        End::OutOfMemory { sentence } => ("Runtime.ExitError".to_owned(), sentence.clone()),
        End::Timeout => (
            "Sandbox.Timedout".to_owned(),
            format!("Task timed out after {:.2} seconds", f64::from(timeout_s)),
        ),
    };
    let error = Error { error_type, error_message: format!("RequestId: {request_id} Error: {sentence}") };
    // Two strings always serialise.
    serde_json::to_vec(&error).unwrap_or_default().into()
}
