use proptest::prelude::*;

use super::*;

#[test]
fn keys_tokens_and_passwords_are_masked() {
    for (text, shown) in [
        ("id AKIAIOSFODNN7EXAMPLE used", "id AKIA•••••••• used"),
        (
            "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "aws_secret_access_key = wJal••••••••",
        ),
        ("the secret is wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY.", "the secret is wJal••••••••."),
        ("AKIAIOSFODNN7EXAMPLE,wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "AKIA••••••••,wJal••••••••"),
        ("got IQoJb3JpZ2luX2VjEPT//////////wEaCXVzLWVhc3Qt back", "got IQoJ•••••••• back"),
        ("password=hunter2&user=ops", "password=••••••••&user=ops"),
        ("password=hunter2, user=ops", "password=••••••••, user=ops"),
        ("PassCode: 1234", "PassCode: ••••••••"),
        ("POST hooks.slack.com/services/T000/B000/XXXXXXXX", "POST hooks.slack.com/services/T000••••••••"),
        ("Pool{pwd=hunter2,token=abc,host=db}", "Pool{pwd=••••••••,token=••••••••,host=db}"),
        ("password=hun,ter;2 next", "password=•••••••• next"),
        (r#"password="correct horse, battery" user=ops"#, r#"password="corr••••••••" user=ops"#),
        (r#"{"dbPassword":"hunter2","n":1}"#, r#"{"dbPassword":"••••••••","n":1}"#),
        (r#"{"passphrase":"a \"b\" c","n":1}"#, r#"{"passphrase":"••••••••","n":1}"#),
        (r#"{"body":"{\"token\":\"abc\"}"}"#, r#"{"body":"{\"token\":\"••••••••\"}"}"#),
        (r#"{"api_key":["abc"]}"#, r#"{"api_key":["••••••••"]}"#),
        (r#"{"password":"correct hor"#, r#"{"password":"••••••••"#),
        ("cookie: a=b;c=d", "cookie: ••••••••"),
        (
            r#"{"token":{"access":"tok-abc","n":1},"credentials":{"user":"bob","value":"hunter2"},"passwords":["one","two"],"ok":"x"}"#,
            r#"{"token":{"access":"••••••••","n":••••••••},"credentials":{"user":"••••••••","value":"••••••••"},"passwords":["••••••••","••••••••"],"ok":"x"}"#,
        ),
        (
            r#"{"body":"{\"token\":{\"a\":\"b\"}}","n":1}"#,
            r#"{"body":"{\"token\":{\"a\":\"••••••••\"}}","n":1}"#,
        ),
        (r#"{"secrets":{"stripe":"a \"b\" c"#, r#"{"secrets":{"stripe":"••••••••"#),
        ("api-key: [a, hunter2] next", "api-key: [••••••••, ••••••••] next"),
        ("secret = { value: hunter2, none: null }", "secret = { value: ••••••••, none: null }"),
        (r#"Login { token: Some("hunter2"), at: 3 }"#, r#"Login { token: Some("••••••••"), at: 3 }"#),
        (r#"password: Secret { value: "hunter2" } next"#, r#"password: •••••••• { value: "••••••••" } next"#),
        (r#"secret: Wrapped("hunter2")"#, r#"secret: ••••••••("••••••••")"#),
        (
            r#"{"name":"Authorization","value":"Basic dXNlcjpodW50ZXI3"}"#,
            r#"{"name":"Authorization","value":"Basi••••••••"}"#,
        ),
        (r#"[{"name":"DB_PASSWORD","value":"hunter2"}]"#, r#"[{"name":"DB_PASSWORD","value":"••••••••"}]"#),
        (
            r#"{"DB_PASS":"hunter2","pass":"x","pin":1234}"#,
            r#"{"DB_PASS":"••••••••","pass":"••••••••","pin":••••••••}"#,
        ),
        ("curl -s -u user:hunter2 https://x", "curl -s -u user:•••••••• https://x"),
        ("curl --user user:hunter2 https://x", "curl --user user:•••••••• https://x"),
        ("mysql -uroot -phunter2 db", "mysql -uroot -p•••••••• db"),
        ("CREATE USER x IDENTIFIED BY 'hunter2'", "CREATE USER x IDENTIFIED BY '••••••••'"),
        ("{'password': 'hun ter2'}", "{'password': '••••••••'}"),
        ("{:password=>\"hunter2\"}", "{:password=>\"••••••••\"}"),
        ("mysqldump --password hunter2 --host db", "mysqldump --password •••••••• --host db"),
        ("<ns:Password>hun ter2</ns:Password>", "<ns:Password>••••••••</ns:Password>"),
        ("Server=db;Pwd=hunter2;Uid=ops", "Server=db;Pwd=••••••••;Uid=ops"),
        ("AccountKey=abc==;EndpointSuffix=x", "AccountKey=••••••••;EndpointSuffix=x"),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic ••••••••"),
        ("authorization: Bearer abcdefgh.ijklmnop", "authorization: Bearer abcd••••••••"),
        ("('authorization', 'Basic dXNlcjpwYXNz')", "('authorization', 'Basic ••••••••')"),
        (r#""Authorization":["Basic dXNlcjpwYXNz"]"#, r#""Authorization":["Basic ••••••••"]"#),
        ("sent Basic dXNlcjpwYXNzd29yZDE= to it", "sent Basic dXNl•••••••• to it"),
        ("sent Basic\tdXNlcjpwYXNzd29yZDE=", "sent Basic\tdXNl••••••••"),
        ("Cookie: session=abc; theme=dark", "Cookie: sess••••••••"),
        ("got eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSM", "got eyJh••••••••"),
        ("postgres://ops:hunter2@db/x", "postgres://ops:••••••••@db/x"),
        ("redis://:hun@ter2@cache:6379", "redis://:••••••••@cache:6379"),
        ("GET /x?X-Amz-Signature=0123456789abcdef0123", "GET /x?X-Amz-Signature=0123••••••••"),
        ("ghp_0123456789abcdefghijklmnopqrstuvwxyz", "ghp_••••••••"),
        ("github_pat_11ABCDEFG0123456789_abcdef", "gith••••••••"),
        ("glpat-0123456789abcdefghij", "glpa••••••••"),
        ("xoxb-123456789012-abcdefGHIJ", "xoxb••••••••"),
        (
            "https://hooks.slack.com/services/T000/B000/XXXXXXXX",
            "https://hooks.slack.com/services/T000••••••••",
        ),
        ("stripe said sk_live_0123456789abcdef", "stripe said sk_l••••••••"),
        ("use sk-ant-api03-0123456789abcdef", "use sk-a••••••••"),
        ("AIzaSyA0123456789abcdefghijklmnopqrstuv", "AIza••••••••"),
        (
            "-----BEGIN RSA PRIVATE KEY-----␤MIIE␤-----END RSA PRIVATE KEY-----",
            "-----BEGIN RSA PRIVATE KEY-----••••••••-----END RSA PRIVATE KEY-----",
        ),
        ("MIIEpAIBAAKCAQEA7yn3bRHQ5FHMQdT7Pn7Pn7Pn7Pn7Pn7Pn7PnAAAA", "MIIE••••••••"),
        ("Pn7Pn7Pn7Pn7Pn7PnAAAA1x2==", "Pn7P••••••••"),
    ] {
        assert_eq!(mask(text), shown);
    }
}

#[test]
fn a_private_key_is_masked_whole_and_line_by_line() {
    let body =
        ["MIIEpAIBAAKCAQEA7yn3bRHQ5FHMQdT7Pn7Pn7Pn7Pn7Pn7Pn7PnAAAAabcd1234", "q83vEjRWeJCrze8SNFZ4kKvN7w=="];
    let block = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\nafter", body.join("\n"));
    assert_eq!(mask(&block), "-----BEGIN PRIVATE KEY-----••••••••-----END PRIVATE KEY-----\nafter");
    // As events of their own, and as JSON has it.
    for line in body {
        assert!(mask(line).ends_with(STAND_IN) && mask(line).len() < line.len() + 8, "{}", mask(line));
    }
    let json = serde_json::json!({ "pem": block }).to_string();
    assert!(!mask(&json).contains("q83v") && mask(&json).contains("after"), "{}", mask(&json));
    let torn = format!("-----BEGIN EC PRIVATE KEY-----\n{}", body[0]);
    assert_eq!(mask(&torn), "-----BEGIN EC PRIVATE KEY-----••••••••");
}

#[test]
fn json_is_masked_by_the_names_in_it() {
    let mut value = serde_json::json!({
        "a": {"api_key": "short", "token": 5, "url": "x://u:pw@h"},
        "credentials": {"user": "ops", "list": ["x", 1, true]},
        "headers": {"Authorization": ["Bearer abc"], "cookie": "a=b"},
        "n": [1, "fine"],
        "secret_arn": "arn:aws:x",
        "total_tokens": 12,
    });
    mask_json(&mut value);
    let masked = serde_json::json!({
        "a": {"api_key": STAND_IN, "token": STAND_IN, "url": "x://u:••••••••@h"},
        "credentials": {"user": STAND_IN, "list": [STAND_IN, STAND_IN, true]},
        "headers": {"Authorization": [STAND_IN], "cookie": STAND_IN},
        "n": [1, "fine"],
        "secret_arn": "arn:aws:x",
        "total_tokens": 12,
    });
    assert_eq!(value, masked);
}

#[test]
fn what_is_no_secret_stays() {
    for text in [
        "GET /api/v0/items 200 3 ms",
        "3 tokens left, token: null, max_tokens=4096, token_count: 3, token_type=bearer",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "image 000000000000.dkr.ecr.us-east-1.amazonaws.com/hello@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "http://127.0.0.1:4567/stage",
        "http://localhost:8080/?user=a@example.org",
        "START RequestId: 8f507cfc-0000-4697-b07a-ac58fc914c95 Version: $LATEST",
        "8f507cfc-0000-4697-b07a-ac58fc914c95",
        "commit 1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d on main",
        "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d",
        "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=9a9197af755a6419;Sampled=1",
        "1-5759e988-bd862e3fe1be46a994272793",
        "arn:aws:lambda:us-east-1:000000000000:function:hello-stage",
        "cannot read arn:aws:secretsmanager:us-east-1:000000000000:secret:db-AbCdEf",
        "secret=arn:aws:secretsmanager:us-east-1:000000000000:secret:db-AbCdEf",
        "secret_name=prod/db key_id=7 SecretArn: arn:aws:x",
        "user AIDAJQABLZS4A3QDU576Q and role AROACLKWSDQRAOEXAMPLE",
        "risk-assessment-of-the-week, task-0123456789abcdefghij",
        "Basic authentication failed for the user",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "AbstractSingletonProxyFactoryBean",
        "REPORT RequestId: 1a2b\tDuration: 3.01 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB",
    ] {
        assert_eq!(mask(text), text);
    }
}

#[test]
fn a_secret_behind_others_that_hid_its_beginning_is_masked() {
    let text = "password=huawsrd=huaws_?Authorization: Basic AKIApnAx2D9hplpn3Vgwsrd=huaws_?Authorization: Basic AKIApnAx2D9hpl???n|er2";
    let once = mask(text).into_owned();
    assert!(!once.contains("AKIApn"), "{once}");
    assert_eq!(mask(&once), once);
}

#[test]
fn what_was_masked_is_not_masked_again() {
    let mut value = serde_json::json!({"password": "correct horse battery"});
    for _ in 0..2 {
        mask_json(&mut value);
        assert_eq!(value, serde_json::json!({"password": "corr••••••••"}));
    }
}

proptest! {
    #[test]
    fn no_key_gets_through(
        before in "[ -~]{0,20}", name in "(password|client_secret|apiKey|x-auth-token)[=:] ?", secret in "[A-Za-z0-9]{5,40}", after in "[ -~]{0,20}"
    ) {
        // A quote before it would make it the end of another value.
        let before = before.replace(['"', '\'', '\\'], "");
        let shown = mask(&format!("{before} {name}{secret} {after}")).into_owned();
        prop_assume!(!before.contains(&secret) && !after.contains(&secret));
        prop_assert!(!shown.contains(&secret), "{shown}");
    }

    /// Whatever is there: nothing panics, and what is masked stays as it is.
    #[test]
    fn any_text_can_be_masked(text in "(password|token|secret|://|Bearer |cookie|[ -~]|[\"'=:,;@•é\n]|[{}()\\\\]|\\[|\\]|Some){0,40}") {
        let once = mask(&text).into_owned();
        prop_assert_eq!(mask(&once).matches(STAND_IN).count() >= once.matches(STAND_IN).count(), true);
    }
}
