//! Functions that are called again and again within one chain of calls.

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::RecursiveLoop;
use localcloud::blobs::digest_of;

use crate::account::{refusal, refused};
use crate::live::Live;

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_comes_back_too_often_is_broken() {
    let live = Live::with_function("f", &[]).await;
    let lambda = live.lambda();
    let own = &digest_of(b"arn:aws:lambda:us-east-1:000000000000:function:f")["sha256:".len()..][..8];
    let call = |count: u32| {
        let header = format!("Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=1:0a1b2c3d:4|{own}:{count}");
        let call = lambda.invoke().function_name("f").payload(Blob::new("{}")).customize();
        call.mutate_request(move |request| {
            request.headers_mut().insert("x-amzn-trace-id", header.clone());
        })
        .send()
    };
    call(15).await.unwrap();
    assert_eq!(
        refusal(call(16).await),
        refused(
            400,
            "RecursiveInvocationException",
            "Lambda has detected your function being invoked in a recursive loop with other Amazon Web Services resources and stopped your function's invocation."
        )
    );
    let get = || lambda.get_function_recursion_config().function_name("f").send();
    assert_eq!(get().await.unwrap().recursive_loop(), Some(&RecursiveLoop::Terminate));
    let put = |value| lambda.put_function_recursion_config().function_name("f").recursive_loop(value).send();
    assert_eq!(
        refusal(put(RecursiveLoop::from("Maybe")).await),
        refused(
            400,
            "ValidationException",
            "1 validation error detected: Value 'Maybe' at 'recursiveLoop' failed to satisfy constraint: Member must satisfy enum value set: [Terminate, Allow]"
        )
    );
    put(RecursiveLoop::Allow).await.unwrap();
    assert_eq!(get().await.unwrap().recursive_loop(), Some(&RecursiveLoop::Allow));
    call(16).await.unwrap();
    let qualified = lambda.get_function_recursion_config().function_name("f:1").send().await;
    assert_eq!(refusal(qualified).1, "ValidationException");
}
