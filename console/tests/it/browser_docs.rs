//! The service's own documentation in a real browser, through the local cloud's gateway.

use std::path::Path;

use callboard::domain::StageName;
use serde_json::json;

use super::browser::Browser;
use super::project::Project;

/// Opens the first operation of Swagger UI, tries it out, and waits for what came: its body and the URL that was asked. The page
/// changes by itself, so it is looked at whenever it has.
const TRY_IT_OUT: &str = "
    const [path, done] = arguments;
    const steps = [
        () => { const block = [...document.querySelectorAll('.opblock')].find((one) => one.querySelector('.opblock-summary-path')?.dataset.path === path);
                const button = block?.querySelector('.opblock-summary-control'); button?.click(); return button && block; },
        (block) => { const button = block.querySelector('.try-out__btn'); button?.click(); return button && block; },
        (block) => { const button = block.querySelector('.execute'); button?.click(); return button && block; },
        (block) => { const body = block.querySelector('.live-responses-table .response-col_description pre, .live-responses-table .highlight-code');
                     const url = block.querySelector('.request-url pre, .request-url'); return body && url && { body: body.innerText, url: url.innerText.split(/\\s+/).pop() }; },
    ];
    let held = null;
    const look = () => {
        while (steps.length) {
            const next = steps[0](held);
            if (!next) { return requestAnimationFrame(look); }
            held = next;
            steps.shift();
        }
        done(held);
    };
    look();
";

#[tokio::test(flavor = "multi_thread")]
async fn try_it_out_answers_under_each_stage() {
    let project =
        Project::beside_the_service(Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository"));
    let cloud = project.cloud().await;
    let browser = Browser::start().await;
    for stage in StageName::ALL {
        let (deployed, told) = Box::pin(project.deploy(&cloud, stage)).await;
        assert!(deployed.green(), "{:#?}", told.all());
        let url = deployed.url.expect("a URL");
        for page in ["docs", "docs/"] {
            browser.open(&format!("{url}/{page}")).await;
            let tried = browser.run(TRY_IT_OUT, &[json!("/api/v0")]).await;
            let body = tried["body"].as_str().expect("a body");
            assert!(body.contains(&format!("\"ENV\": \"{stage}\"")), "{tried:#}");
            assert_eq!(
                tried["url"].as_str().map(str::trim),
                Some(format!("{url}/api/v0").as_str()),
                "{tried:#}"
            );
            println!("{url}/{page}: \"Try it out\" answers ENV={stage}");
        }
    }
    browser.close().await;
}
