//! Answers that come bit by bit, through the gateway and from Lambda itself.

use std::time::Duration;

use aws_sdk_apigateway::types::{IntegrationType, ResponseTransferMode};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvokeWithResponseStreamResponseEvent as Event;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::account::refusal;
use crate::live::Live;

const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:hello-stage";

struct Streaming {
    live: Live,
    url: String,
    /// Here the function asks whether it may go on.
    signal: TcpListener,
}

impl Streaming {
    async fn start(timeout_ms: i32) -> Streaming {
        let live = Live::with_function("hello-stage", &[]).await;
        let update = live.lambda().update_function_configuration().function_name("hello-stage");
        update.timeout(10).send().await.unwrap();
        live.settled("hello-stage").await;
        let sdk = aws_sdk_apigateway::Client::new(&live.sdk);
        let made = sdk.create_rest_api().name("stream").send().await.unwrap();
        let (id, root) = (made.id().unwrap(), made.root_resource_id().unwrap());
        let proxy = sdk.create_resource().rest_api_id(id).parent_id(root).path_part("{proxy+}");
        let proxy = proxy.send().await.unwrap();
        let put = sdk.put_method().rest_api_id(id).resource_id(proxy.id().unwrap()).http_method("ANY");
        put.authorization_type("NONE").send().await.unwrap();
        let integration = |uri: String| {
            let put =
                sdk.put_integration().rest_api_id(id).resource_id(proxy.id().unwrap()).http_method("ANY");
            put.r#type(IntegrationType::AwsProxy)
                .integration_http_method("POST")
                .response_transfer_mode(ResponseTransferMode::Stream)
                .timeout_in_millis(timeout_ms)
                .uri(format!("arn:aws:apigateway:us-east-1:lambda:path/{uri}"))
                .send()
        };
        let buffered = integration(format!("2015-03-31/functions/{FUNCTION}/invocations")).await;
        assert_eq!(refusal(buffered).0, 400, "that URI streams nothing");
        let uri = format!("2021-11-15/functions/{FUNCTION}/response-streaming-invocations");
        let put = integration(uri).await.unwrap();
        assert_eq!(put.response_transfer_mode(), Some(&ResponseTransferMode::Stream));
        sdk.create_deployment().rest_api_id(id).stage_name("s").send().await.unwrap();
        let permit = live.lambda().add_permission().function_name("hello-stage").statement_id("gateway");
        let permit = permit.action("lambda:InvokeFunction").principal("apigateway.amazonaws.com");
        permit.send().await.unwrap();
        let arn = format!("arn:aws:apigateway:us-east-1::/restapis/{id}");
        let tags = sdk.get_tags().resource_arn(arn).send().await.unwrap();
        let url = tags.tags().unwrap()["callboard:url"].clone();
        let signal = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Streaming { live, url, signal }
    }

    async fn ask(&self, how: &str) -> reqwest::Response {
        let url = format!("{}/s/stream/{how}", self.url);
        let port = self.signal.local_addr().unwrap().port().to_string();
        self.live.http.post(url).body(port).send().await.unwrap()
    }

    /// The function has sent its first piece and now may go on.
    async fn go_on(&self) {
        let (mut asking, _) = self.signal.accept().await.unwrap();
        asking.shutdown().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_piece_comes_before_the_last_is_made() {
    let api = Streaming::start(60_000).await;
    let mut answer = api.ask("whole").await;
    assert_eq!(answer.status(), 201);
    assert_eq!(answer.headers()["x-own"], "yes");
    assert_eq!(answer.headers()["set-cookie"], "a=1");
    assert_eq!(answer.headers()["transfer-encoding"], "chunked");
    assert!(answer.headers().contains_key("x-amzn-trace-id"));
    // The function waits, so all that is there is what it has sent so far.
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "one,");
    api.go_on().await;
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "two");
    assert!(answer.chunk().await.unwrap().is_none());
    // The environment is of use again.
    let mut again = api.ask("whole").await;
    api.go_on().await;
    let mut text = Vec::new();
    while let Some(piece) = again.chunk().await.unwrap() {
        text.extend_from_slice(&piece);
    }
    assert_eq!(text, b"one,two");
    let log = api.live.log("hello-stage").await;
    assert_eq!(log.iter().filter(|line| line.starts_with("REPORT ")).count(), 2, "{log:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_is_seen_to_be_cut() {
    let api = Streaming::start(60_000).await;
    for how in ["dies", "fails"] {
        let mut answer = api.ask(how).await;
        assert_eq!(answer.status(), 201);
        assert_eq!(answer.chunk().await.unwrap().unwrap(), "one,");
        api.go_on().await;
        assert!(answer.chunk().await.is_err(), "{how}: there is no last chunk");
    }
    let malformed = api.ask("malformed").await;
    assert_eq!(malformed.status(), 502);
    assert_eq!(malformed.text().await.unwrap(), r#"{"message": "Internal server error"}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_does_not_begin_in_time_is_given_up() {
    let api = Streaming::start(300).await;
    let answer = api.ask("hang").await;
    assert_eq!(answer.status(), 504);
    assert_eq!(answer.text().await.unwrap(), r#"{"message": "Endpoint request timed out"}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_of_lambda_streams_too_and_a_plain_answer_is_one_piece() {
    let live = Live::with_function("f", &[]).await;
    let signal = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = signal.local_addr().unwrap().port();
    let call = |payload: String| {
        live.lambda().invoke_with_response_stream().function_name("f").payload(Blob::new(payload)).send()
    };
    let event = format!(r#"{{"path":"/stream/whole","body":"{port}"}}"#);
    let mut answer = call(event).await.unwrap();
    assert_eq!(answer.executed_version(), Some("$LATEST"));
    let mut text = Vec::new();
    while !text.ends_with(b"one,") {
        let Ok(Some(Event::PayloadChunk(chunk))) = answer.event_stream.recv().await else {
            panic!("a piece was expected after {:?}", String::from_utf8_lossy(&text));
        };
        text.extend_from_slice(chunk.payload().unwrap().as_ref());
    }
    let (mut asking, _) = signal.accept().await.unwrap();
    asking.shutdown().await.unwrap();
    let mut complete = None;
    while let Some(event) = answer.event_stream.recv().await.unwrap() {
        match event {
            Event::PayloadChunk(chunk) => text.extend_from_slice(chunk.payload().unwrap().as_ref()),
            Event::InvokeComplete(end) => complete = Some(end),
            other => panic!("{other:?}"),
        }
    }
    assert!(text.ends_with(b"\0\0\0\0\0\0\0\0one,two"), "{:?}", String::from_utf8_lossy(&text));
    assert_eq!(complete.unwrap().error_code(), None);

    let pieces = |mut answer: aws_sdk_lambda::operation::invoke_with_response_stream::InvokeWithResponseStreamOutput| async move {
        let (mut text, mut error) = (Vec::new(), None);
        while let Some(event) = answer.event_stream.recv().await.unwrap() {
            match event {
                Event::PayloadChunk(chunk) => text.push(chunk.payload().unwrap().clone().into_inner()),
                Event::InvokeComplete(end) => error = end.error_code().map(str::to_owned),
                other => panic!("{other:?}"),
            }
        }
        (text, error)
    };
    let plain = call(r#"{"do":"echo"}"#.to_owned()).await.unwrap();
    assert_eq!(pieces(plain).await, (vec![br#"{"do":"echo"}"#.to_vec()], None));
    let failed = call(r#"{"do":"error"}"#.to_owned()).await.unwrap();
    assert_eq!(pieces(failed).await, (Vec::new(), Some("Unhandled".to_owned())));
    let none = live.lambda().invoke_with_response_stream().function_name("nobody").send().await;
    let answered = tokio::time::timeout(Duration::from_secs(5), async { refusal(none) }).await.unwrap();
    assert_eq!(answered.0, 404);
    // What streams for one caller is put together for another.
    let event = format!(r#"{{"path":"/stream/whole","body":"{port}"}}"#);
    let whole = live.lambda().invoke().function_name("f").payload(Blob::new(event)).send();
    let (whole, ()) = tokio::join!(whole, async {
        let (mut asking, _) = signal.accept().await.unwrap();
        asking.shutdown().await.unwrap();
    });
    assert!(whole.unwrap().payload().unwrap().as_ref().ends_with(b"\0\0\0\0\0\0\0\0one,two"));
}
