//! The masker: whatever the text, it does not panic and what it made stays; and a secret in one of the shapes that it knows is never left.
#![no_main]

use arbitrary::{Arbitrary, Unstructured};
use fuzz::logs::mask::{mask, mask_json};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let once = mask(&text).into_owned();
    assert_eq!(mask(&once), once, "twice is not once");
    if let Ok(mut value) = text.parse::<serde_json::Value>() {
        mask_json(&mut value);
        let once = value.clone();
        mask_json(&mut value);
        assert_eq!(value, once, "twice is not once");
    }
    if let Ok(Some(case)) = planted(&mut Unstructured::new(bytes)) {
        let shown = mask(&case.text).into_owned();
        assert!(!shown.contains(&case.secret), "{:?} is left in {shown:?}", case.secret);
        assert_eq!(mask(&shown), shown, "twice is not once");
    }
});

/// How a secret is written down.
#[derive(Debug, Clone, Copy, Arbitrary)]
enum Shape {
    AccessKey,
    Jwt,
    Bearer,
    Basic,
    Assigned,
    Json,
    JsonInJson,
    Address,
    PrivateKey,
}

/// A text with a secret in it.
struct Case {
    text: String,
    secret: String,
}

/// A secret of any shape, with text around it; `None` when the text around it holds the secret by chance.
fn planted(bytes: &mut Unstructured<'_>) -> arbitrary::Result<Option<Case>> {
    const ALPHANUMERIC: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    const CAPITALS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const AROUND: &[u8] = b" abctoken=:;,.\"'\\/[](){}<>&?-_%1\xe9\n";
    let mut letters = |from: &[u8], least: usize, most: usize| -> arbitrary::Result<String> {
        let count = bytes.int_in_range(least..=most)?;
        (0..count).map(|_| bytes.choose(from).map(|byte| char::from(*byte))).collect()
    };
    let before = letters(AROUND, 0, 16)?;
    let behind = letters(AROUND, 0, 16)?;
    let secret = letters(ALPHANUMERIC, 8, 40)?;
    let key = letters(CAPITALS, 16, 16)?;
    let name = *bytes.choose(&[
        "password",
        "DB_PASSWORD",
        "client_secret",
        "apiKey",
        "x-auth-token",
        "aws_session_token",
        "private_key",
        "credential",
    ])?;
    let (secret, written) = match Shape::arbitrary(bytes)? {
        Shape::AccessKey => (key.clone(), format!("AKIA{key}")),
        Shape::Jwt => (secret.clone(), format!("eyJhbGciOiJIUzI1NiJ9.{secret}.{secret}")),
        Shape::Bearer => (secret.clone(), format!("Bearer {secret}")),
        Shape::Basic => (secret.clone(), format!("Authorization: Basic {secret}")),
        Shape::Assigned => (secret.clone(), format!("{name}={secret}")),
        Shape::Json => (secret.clone(), format!("{{\"{name}\":\"{secret}\"}}")),
        Shape::JsonInJson => (secret.clone(), format!("{{\\\"{name}\\\": \\\"{secret}\\\"}}")),
        Shape::Address => (secret.clone(), format!("postgres://ops:{secret}@db/x")),
        Shape::PrivateKey => {
            (secret.clone(), format!("-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----"))
        }
    };
    let by_chance = before.contains(&secret) || behind.contains(&secret);
    Ok((!by_chance).then(|| Case { text: format!("{before} {written} {behind}"), secret }))
}
