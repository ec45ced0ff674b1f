//! What a function answers to the gateway, as an HTTP answer.

#![no_main]

use libfuzzer_sys::fuzz_target;
use localcloud::fuzzing::function_answer;

fuzz_target!(|input: (Vec<String>, Option<&str>, &str)| {
    let (binary, accept, payload) = input;
    function_answer(payload.as_bytes(), &binary, accept);
});
