//! Lines as loggers and Lambda really write them. Those of `lambda_http` are recorded (lambda_http 1.3.2 under a Runtime API on
//! loopback); Lambda's own are from FACTS §5 and §7, which were recorded on AWS.

use super::*;

const ID: &str = "8f507cfc-0000-4697-b07a-ac58fc914c95";

fn with_id(text: &str) -> String {
    text.replace("$ID", ID)
}

#[test]
fn levels_as_loggers_write_them() {
    use Level::{Debug, Error, Info, Trace, Warn};
    for (text, level) in [
        // Lambda's runtimes: Python, Node, Java.
        ("[ERROR]\t2026-11-22T12:03:12.123Z\t$ID\tboom", Some(Error)),
        ("[WARNING]\t2026-11-22T12:03:12.123Z\t$ID\tslow", Some(Warn)),
        ("2026-11-22T12:03:12.123Z\t$ID\tERROR\tInvoke Error \t{\"errorType\":\"Error\"}", Some(Error)),
        ("2026-11-22T12:03:12.123Z\tundefined\tINFO\thello", Some(Info)),
        ("[ERROR] ValueError: boom", Some(Error)),
        // log4j, logback, Spring.
        ("2026-11-22 12:03:12,123 [main] ERROR com.example.App - boom", Some(Error)),
        ("12:03:12.123 [http-nio-8080-exec-1] WARN  c.e.App -- slow", Some(Warn)),
        ("2026-11-22T12:03:12.123Z  INFO 1 --- [main] c.e.App : started", Some(Info)),
        ("2026-11-22 12:03:12.123 +0000 [main] DEBUG c.e.App - x", Some(Debug)),
        // Go: slog as text, the old log with a prefix, glog, zap and logrus.
        ("time=2026-11-22T12:03:12.123Z level=ERROR msg=boom", Some(Error)),
        ("2026/11/22 12:03:12 WARN slow key=value", Some(Warn)),
        ("E1122 12:03:12.123456       1 server.go:12] boom", Some(Error)),
        ("W1122 12:03:12.123456       1 server.go:12] slow", Some(Warn)),
        ("time=\"2026-11-22T12:03:12Z\" level=warning msg=slow", Some(Warn)),
        // Rust: env_logger, tracing.
        ("[2026-11-22T12:03:12Z ERROR mycrate] boom", Some(Error)),
        ("2026-11-22T12:03:12.123456Z TRACE mycrate: x", Some(Trace)),
        // Python: the default, uvicorn, gunicorn.
        ("ERROR:root:boom", Some(Error)),
        ("WARNING:app.views:slow", Some(Warn)),
        ("INFO:     127.0.0.1:5000 - \"GET / HTTP/1.1\" 200 OK", Some(Info)),
        ("[2026-11-22 12:03:12 +0000] [7] [INFO] Starting gunicorn", Some(Info)),
        // Node: winston, .NET: its console and Serilog.
        ("error: boom", Some(Error)),
        ("warn: Microsoft.AspNetCore[0]", Some(Warn)),
        ("crit: Microsoft.AspNetCore[0]", Some(Error)),
        ("[12:03:12 ERR] boom", Some(Error)),
        ("[12:03:12 INF] hello", Some(Info)),
        ("[12:03:12 VRB] x", Some(Trace)),
        // Ruby, PHP, PostgreSQL.
        ("E, [2026-11-22T12:03:12.123456 #1] ERROR -- : boom", Some(Error)),
        ("PHP Fatal error:  Uncaught Exception: boom in /app/a.php:3", Some(Error)),
        ("PHP Warning:  Undefined variable", Some(Warn)),
        ("2026-11-22 12:03:12.123 UTC [12] ERROR:  no such table", Some(Error)),
        // syslog, nginx, Apache.
        ("<11>1 2026-11-22T12:03:12Z host app - - - boom", Some(Error)),
        ("<14>Nov 22 12:03:12 host app: hello", Some(Info)),
        ("2026/11/22 12:03:12 [error] 31#31: *1 open() failed", Some(Error)),
        ("2026/11/22 12:03:12 [warn] 31#31: slow", Some(Warn)),
        ("[Sat Nov 22 12:03:12.123456 2026] [core:error] [pid 1] AH00037: boom", Some(Error)),
        // Panics and exceptions.
        ("panic: runtime error: index out of range [3] with length 0", Some(Error)),
        ("Exception in thread \"main\" java.lang.IllegalStateException: boom", Some(Error)),
        ("java.lang.IllegalStateException: boom", Some(Error)),
        ("TypeError: x is not a function", Some(Error)),
        ("Unhandled exception. System.InvalidOperationException: boom", Some(Error)),
        // No level.
        ("GET /ERROR 200", None),
        ("all went fine, no error, no warning", None),
        ("Information about the warning: none", None),
        ("Alert created for Warning center", None),
        ("12 ok: 0 failed", None),
        ("<html>", None),
        ("", None),
    ] {
        let line = with_id(text);
        assert_eq!((read(&line).level, read(&line).platform), (level, false), "{line}");
    }
}

#[test]
fn levels_in_json_as_loggers_write_them() {
    use Level::{Debug, Error, Info, Trace, Warn};
    for (text, level, said) in [
        (r#"{"time":"t","level":"ERROR","msg":"boom"}"#, Some(Error), "boom"),
        (r#"{"level":30,"time":1,"pid":1,"msg":"pino"}"#, Some(Info), "pino"),
        (r#"{"name":"b","level":60,"msg":"bunyan","v":0}"#, Some(Error), "bunyan"),
        (r#"{"level":35,"msg":"a level of one's own"}"#, Some(Info), "a level of one's own"),
        (r#"{"level":"error","message":"winston","timestamp":"t"}"#, Some(Error), "winston"),
        (r#"{"@t":"t","@m":"serilog","@l":"Warning"}"#, Some(Warn), "serilog"),
        (r#"{"@t":"t","@mt":"Hello {Name}","@l":"Verbose"}"#, Some(Trace), "Hello {Name}"),
        (r#"{"severity":"NOTICE","message":"google"}"#, Some(Info), "google"),
        (r#"{"log.level":"warn","message":"ecs"}"#, Some(Warn), "ecs"),
        (r#"{"log":{"level":"debug"},"message":"ecs nested"}"#, Some(Debug), "ecs nested"),
        (r#"{"version":"1.1","host":"h","short_message":"gelf","level":3}"#, Some(Error), "gelf"),
        (
            r#"{"severityText":"FATAL","body":"otel"}"#,
            Some(Error),
            r#"{"severityText":"FATAL","body":"otel"}"#,
        ),
        (r#"{"levelname":"CRITICAL","message":"python"}"#, Some(Error), "python"),
        (
            r#"{"LogLevel":"Information","Message":"x"}"#,
            Some(Info),
            r#"{"LogLevel":"Information","Message":"x"}"#,
        ),
        (r#"{"errorType":"Error","errorMessage":"boom","stack":[]}"#, Some(Error), "boom"),
        (r#"{"msg":"none"}"#, None, "none"),
    ] {
        assert_eq!((read(text).level, super::text(text).as_str()), (level, said), "{text}");
    }
}

#[test]
fn request_ids_as_runtimes_and_loggers_write_them() {
    for text in [
        "START RequestId: $ID Version: $LATEST",
        "END RequestId: $ID",
        "REPORT RequestId: $ID\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\t",
        "XRAY RequestId: $ID",
        "RequestId: $ID Error: Runtime exited with error: exit status 3",
        "2026-11-22T12:03:12.123Z $ID Task timed out after 1.00 seconds",
        "[ERROR]\t2026-11-22T12:03:12.123Z\t$ID\tboom",
        "2026-11-22T12:03:12.123Z\t$ID\tERROR\tboom",
        "[$ID] hello",
        "level=INFO msg=hello request_id=$ID",
        "hello (RequestId: $ID, Proxy: null)",
        r#"{"level":"INFO","message":"powertools","function_request_id":"$ID"}"#,
        r#"{"level":30,"msg":"pino","awsRequestId":"$ID","request_id":"of the service"}"#,
        r#"{"timestamp":"t","level":"INFO","requestId":"$ID","message":"node"}"#,
        r#"{"level":"INFO","fields":{"message":"x"},"spans":[{"name":"outer"},{"requestId":"$ID"}]}"#,
        r#"{"type":"platform.runtimeDone","record":{"requestId":"$ID","status":"success"}}"#,
        r#"{"type":"platform.fault","record":"RequestId: $ID Error: Runtime exited"}"#,
        r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: $ID Error: Runtime exited with error: exit status 3"}"#,
    ] {
        let line = with_id(text);
        assert_eq!(request_id(&line).as_deref(), Some(ID), "{line}");
    }
    for text in ["a RequestId: is in the header", "upstream said RequestId: none", "12 34 56 78", ""] {
        assert_eq!(request_id(text), None, "{text}");
    }
}

#[test]
fn what_lambda_itself_writes() {
    use Level::{Error, Info, Warn};
    for (text, level) in [
        ("INIT_START Runtime Version: provided:al2023.v1\tRuntime Version ARN: arn:aws:lambda:x", Info),
        ("INIT_REPORT Init Duration: 9999.79 ms\tPhase: init\tStatus: timeout", Error),
        (
            "INIT_REPORT Init Duration: 12.1 ms\tPhase: invoke\tStatus: error\tError Type: Runtime.ExitError",
            Error,
        ),
        ("START RequestId: $ID Version: $LATEST\n", Info),
        (
            "REPORT RequestId: $ID\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\tInit Duration: 110.10 ms\t\n",
            Info,
        ),
        (
            "REPORT RequestId: $ID\tDuration: 1000.00 ms\tBilled Duration: 1000 ms\tMemory Size: 128 MB\tMax Memory Used: 36 MB\tStatus: timeout",
            Error,
        ),
        (
            "XRAY TraceId: 1-5bef4de7-ad49b0e87f6ef6c87fc2e700\tSegmentId: 0e87f6ef6c87fc2e\tSampled: true",
            Info,
        ),
        ("2026-11-22T12:03:12.123Z $ID Task timed out after 1.00 seconds", Error),
        ("RequestId: $ID Error: Task timed out after 30.00 seconds", Error),
        ("RequestId: $ID Error: Runtime exited with error: exit status 3", Error),
        ("RequestId: $ID Error: Runtime exited without providing a reason", Error),
        ("RequestId: $ID Process exited before completing request", Error),
        ("Runtime.ExitError", Error),
        ("Extension.Crash", Error),
        ("EXTENSION\tName: agent\tState: Ready\tEvents: [INVOKE, SHUTDOWN]", Info),
        ("TELEMETRY\tName: agent\tState: Subscribed\tTypes: [Platform]", Info),
        ("RESTORE_REPORT Restore Duration: 700.2 ms", Info),
        (
            r#"{"time":"t","type":"platform.initStart","record":{"initializationType":"on-demand","phase":"init","runtimeVersion":"x"}}"#,
            Info,
        ),
        (
            r#"{"time":"t","type":"platform.initRuntimeDone","record":{"initializationType":"on-demand","phase":"init","status":"error","errorType":"Runtime.ExitError"}}"#,
            Error,
        ),
        (r#"{"time":"t","type":"platform.start","record":{"requestId":"$ID","version":"$LATEST"}}"#, Info),
        (
            r#"{"time":"t","type":"platform.runtimeDone","record":{"requestId":"$ID","status":"timeout","metrics":{"durationMs":1000.0}}}"#,
            Error,
        ),
        (
            r#"{"time":"t","type":"platform.report","record":{"requestId":"$ID","status":"success","metrics":{"durationMs":1233.96,"billedDurationMs":1698,"memorySizeMB":128,"maxMemoryUsedMB":36,"initDurationMs":463.5}}}"#,
            Info,
        ),
        (
            r#"{"time":"t","type":"platform.logsDropped","record":{"droppedBytes":12,"droppedRecords":3,"reason":"slow"}}"#,
            Warn,
        ),
        (
            r#"{"time":"t","type":"platform.extension","record":{"name":"agent","state":"Ready","events":["INVOKE"]}}"#,
            Info,
        ),
        (r#"{"time":"t","type":"platform.fault","record":"RequestId: $ID Error: Runtime exited"}"#, Error),
    ] {
        let line = with_id(text);
        let line = keep(&line);
        assert_eq!((read(&line).platform, read(&line).level), (true, Some(level)), "{line}");
    }
    // What only looks like it.
    for text in [
        "Runtime.getRuntime() was called",
        "Function.prototype.call is slow",
        "RequestId: is missing",
        "END of file",
    ] {
        assert!(!read(text).platform, "{text}");
    }
    let start = r#"{"type":"platform.initReport","record":{"phase":"init","status":"success","metrics":{"durationMs":463.5}}}"#;
    let said = report(start).expect("a report");
    assert_eq!((said.duration_ms, said.init_ms), (None, Some(463.5)), "as the line in plain text has it");
}

/// The very lines that lambda_http wrote, one of each kind.
#[test]
fn the_recorded_lines_of_lambda_http() {
    let id = "ed190e31-bed7-4463-81ab-772342e689a7";
    let text = "\u{1b}[32m INFO\u{1b}[0m \u{1b}[1mLambda runtime invoke\u{1b}[0m\u{1b}[1m{\u{1b}[0m\u{1b}[3mrequestId\u{1b}[0m\u{1b}[2m=\u{1b}[0m\"ed190e31-bed7-4463-81ab-772342e689a7\" \u{1b}[3mxrayTraceId\u{1b}[0m\u{1b}[2m=\u{1b}[0m\"Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1\"\u{1b}[1m}\u{1b}[0m\u{1b}[2m:\u{1b}[0m handled \u{1b}[3mpath\u{1b}[0m\u{1b}[2m=\u{1b}[0m/panic";
    let line = keep(text);
    assert_eq!((read(&line).level, request_id(&line).as_deref()), (Some(Level::Info), Some(id)));
    assert!(super::text(&line).ends_with(": handled path=/panic"));
    let failed = keep(
        "\u{1b}[31mERROR\u{1b}[0m \u{1b}[1mLambda runtime invoke\u{1b}[0m\u{1b}[1m{\u{1b}[0m\u{1b}[3mrequestId\u{1b}[0m\u{1b}[2m=\u{1b}[0m\"ed190e31-bed7-4463-81ab-772342e689a7\"\u{1b}[1m}\u{1b}[0m\u{1b}[2m:\u{1b}[0m \"boom\"",
    );
    assert_eq!((read(&failed).level, request_id(&failed).as_deref()), (Some(Level::Error), Some(id)));

    let json = r#"{"level":"ERROR","fields":{"message":"user handler panicked","error":"Any { .. }"},"span":{"requestId":"ed190e31-bed7-4463-81ab-772342e689a7","xrayTraceId":"Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1","name":"Lambda runtime invoke"},"spans":[]}"#;
    assert_eq!((read(json).level, request_id(json).as_deref()), (Some(Level::Error), Some(id)));
    assert_eq!(super::text(json), "user handler panicked");

    let panic = [
        "thread 'main' (13412) panicked at src/bin/fnhttp.rs:13:32:",
        "paniced",
        "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace",
    ];
    assert!(panic.windows(2).all(|pair| link(pair[0]).joins(link(pair[1]))));
    assert_eq!(read(panic[0]).level, Some(Level::Error));
}

#[test]
fn traces_of_each_language_are_kept_together() {
    let together = |lines: &[&str]| {
        for pair in lines.windows(2) {
            assert!(link(pair[0]).joins(link(pair[1])), "{pair:?}");
        }
        let last = lines.last().expect("a line");
        assert!(!link(last).joins(link("GET /api/v0/items 200 3 ms")), "{last}");
    };
    together(&[
        "Exception in thread \"main\" java.lang.IllegalStateException: boom",
        "\tat com.example.App.main(App.java:3)",
        "Caused by: java.io.IOException: gone",
        "\t... 3 more",
    ]);
    together(&[
        "panic: runtime error: index out of range",
        "goroutine 1 [running]:",
        "main.handler(0xc0000b2000, {0x1, 0x2})",
        "\t/app/main.go:5 +0x1d",
        "net/http.(*conn).serve(0xc0000b2000)",
        "\t/go/server.go:9",
        "created by net/http.(*Server).Serve in goroutine 1",
        "\t/go/server.go:7",
    ]);
    together(&[
        "Traceback (most recent call last):",
        "  File \"a.py\", line 1, in f",
        "    boom()",
        "botocore.exceptions.ClientError: no",
    ]);
    together(&["TypeError: x is not a function", "    at f (a.js:1:2)", "    at async g (a.js:2:2)"]);
    together(&[
        "Unhandled exception. System.InvalidOperationException: boom",
        "   at App.Main() in /app/a.cs:line 3",
        "   --- End of inner exception stack trace ---",
    ]);
    together(&["app.rb:3:in `f': boom (RuntimeError)", "\tfrom app.rb:7:in `<main>'"]);
    together(&[
        "PHP Fatal error:  Uncaught Exception: boom in /app/a.php:3",
        "Stack trace:",
        "#0 /app/a.php(7): f()",
        "#1 {main}",
        "  thrown in /app/a.php on line 3",
    ]);
}

proptest! {
    /// What is drawn of an event of a megabyte is read from its ends: what lies between them changes nothing of it.
    #[test]
    fn the_middle_of_a_long_event_is_not_read_to_draw_it(middle in "[ -~]{0,40}", json in any::<bool>()) {
        let fill = |middle: &str| {
            let (left, right) = ("x".repeat(500_000), "y".repeat(500_000 + 40 - middle.len()));
            if json {
                format!(r#"{{"msg":"{left}{middle}{right}","requestId":"{ID}"}}"#)
            } else {
                format!("INFO requestId={ID} {left}{middle}{right}")
            }
        };
        let (one, other) = (fill(&middle), fill(""));
        for longest in [100, 4096, usize::MAX] {
            prop_assert_eq!(text_within(&one, longest), text_within(&other, longest));
            prop_assert!(text_within(&one, longest).len() <= longest.min(16 << 10) + 40);
        }
        prop_assert_eq!(request_id(&one), Some(ID.to_owned()));
    }
}
