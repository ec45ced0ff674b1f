//! Lambda and API Gateway against plain models of them: random sequences of calls, and after each the account must be what the model
//! says. `PROPTEST_CASES` says how many sequences each (60).

mod gateway;
mod lambda;

use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_lambda::config::http::HttpResponse;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::types::State;
use proptest::test_runner::Config;
use tokio::runtime::Runtime;

use crate::image::program;
use crate::live::{Live, image_of};

/// What a call comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    NotFound,
    Conflict,
    BadRequest,
}

/// The account that all sequences share; each has names of its own.
struct Shared {
    runtime: Runtime,
    live: Live,
    /// The digests of the images `v0` and `v1`, which run the same program.
    digests: [String; 2],
    sequences: AtomicUsize,
}

static SHARED: LazyLock<Shared> = LazyLock::new(|| {
    let runtime = Runtime::new().unwrap();
    let images = [image_of(program()), image_of(&[program(), b"other"].concat())];
    let live = runtime.block_on(async {
        let live = Live::start().await;
        for (tag, image) in ["v0", "v1"].into_iter().zip(&images) {
            live.push(tag, image).await;
        }
        for (name, permitted) in [("echo", true), ("shut", false)] {
            assert_eq!(live.create(name, "v0", &[]).await, State::Active);
            if permitted {
                let permit = live.lambda().add_permission().function_name(name).statement_id("gateway");
                let permit = permit.action("lambda:InvokeFunction").principal("apigateway.amazonaws.com");
                permit.send().await.unwrap();
            }
        }
        live
    });
    let digests = images.map(|image| localcloud::blobs::digest_of(&image.manifest));
    Shared { runtime, live, digests, sequences: AtomicUsize::new(0) }
});

impl Shared {
    fn new_sequence(&self) -> usize {
        self.sequences.fetch_add(1, Ordering::Relaxed)
    }
}

fn config() -> Config {
    let cases = std::env::var("PROPTEST_CASES").map_or(60, |text| text.parse().expect("it is a number"));
    // What fails is told by the sequence itself, shrunk.
    Config { cases, failure_persistence: None, max_shrink_iters: 200, ..Config::default() }
}

/// What a call came to.
fn outcome<T, E>(answer: Result<T, SdkError<E, HttpResponse>>) -> Outcome
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let error = match answer {
        Ok(_) => return Outcome::Done,
        Err(error) => error,
    };
    let status = error.raw_response().map(|response| response.status().as_u16());
    match (status, error.as_service_error().and_then(|error| error.code())) {
        (Some(404), Some("ResourceNotFoundException" | "NotFoundException")) => Outcome::NotFound,
        (Some(409), Some("ResourceConflictException" | "ConflictException")) => Outcome::Conflict,
        (Some(400), Some("BadRequestException")) => Outcome::BadRequest,
        other => panic!("{other:?}: {error:?}"),
    }
}
