//! A documentation page, as far as a browser would load something for it.

use std::sync::LazyLock;

use html5gum::{Token, Tokenizer};
use regex::Regex;
use url::Url;

/// What a page refers to, resolved as a browser resolves it.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Page {
    /// Scripts, styles and icons.
    pub(super) assets: Vec<Url>,
    /// Where the page itself says its OpenAPI document is.
    pub(super) document: Option<Url>,
}

/// `url: "/openapi.json"` in the arguments of Swagger UI; also `"url"`, `spec-url`, `specUrl`.
static URL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r#"(?:^|[\s{(,])["']?(?:url|specUrl|spec-url)["']?\s*[:=]\s*["']([^"'\s]+)["']"#).ok()
});

/// The URL that a script gives to Swagger UI or its like.
pub(super) fn named_in_script(script: &str) -> Option<&str> {
    URL.as_ref()?.captures(script)?.get(1).map(|found| found.as_str())
}

/// Reads a page that was loaded from `own`.
pub(super) fn read(html: &str, own: &Url) -> Page {
    let mut base = own.clone();
    let mut page = Page::default();
    let mut in_script = false;
    let mut linked = None;
    for Ok(token) in Tokenizer::new(html) {
        match token {
            Token::StartTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name).into_owned();
                let attribute = |wanted: &str| {
                    let found = tag.attributes.iter().find(|(name, _)| name.as_slice() == wanted.as_bytes());
                    found.map(|(_, value)| String::from_utf8_lossy(value.as_slice()).trim().to_owned())
                };
                in_script = name == "script" && !tag.self_closing;
                match name.as_str() {
                    "base" => {
                        if let Some(href) = attribute("href").and_then(|href| own.join(&href).ok()) {
                            base = href;
                        }
                    }
                    "script" => {
                        let source = attribute("src").and_then(|src| base.join(&src).ok());
                        page.assets.extend(source);
                    }
                    "link" => {
                        let rel = attribute("rel").unwrap_or_default().to_ascii_lowercase();
                        let kind = attribute("type").unwrap_or_default().to_ascii_lowercase();
                        let href = attribute("href").and_then(|href| base.join(&href).ok());
                        if rel.contains("stylesheet") || rel.contains("icon") {
                            page.assets.extend(href.filter(|href| href.scheme() != "data"));
                        } else if kind.contains("json") || rel.contains("service-desc") {
                            linked = linked.or(href);
                        }
                    }
                    _ => {}
                }
                let spec =
                    attribute("spec-url").or_else(|| attribute("data-url").filter(|_| name == "script"));
                if page.document.is_none() {
                    page.document = spec.and_then(|spec| base.join(&spec).ok());
                }
            }
            Token::String(text) if in_script && page.document.is_none() => {
                let text = String::from_utf8_lossy(&text);
                page.document = named_in_script(&text).and_then(|url| base.join(url).ok());
            }
            Token::EndTag(tag) if tag.name.as_slice() == b"script" => in_script = false,
            _ => {}
        }
    }
    // What a script says is what is fetched; a link alone is what a script may look up.
    page.document = page.document.or(linked);
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(html: &str) -> Option<String> {
        let own = Url::parse("https://api.test/stage/docs").expect("a URL");
        read(html, &own).document.map(|url| url.to_string())
    }

    #[test]
    fn the_document_is_found_where_the_usual_pages_name_it() {
        for (html, wanted) in [
            (
                "<script>const ui = SwaggerUIBundle({\n        url: '/openapi.json',\n \"dom_id\": \"#x\"})</script>",
                "https://api.test/openapi.json",
            ),
            (
                "<script>window.ui = SwaggerUIBundle({\"url\":\"../stage/openapi.json\"})</script>",
                "https://api.test/stage/openapi.json",
            ),
            ("<redoc spec-url=\"/stage/openapi.json\"></redoc>", "https://api.test/stage/openapi.json"),
            (
                "<script id=\"api-reference\" data-url=\"openapi.json\"></script>",
                "https://api.test/stage/openapi.json",
            ),
            (
                "<link rel=alternate type=\"application/json\" href=\"openapi.json\" id=openapi><script>f({url: document.getElementById('openapi').href})</script>",
                "https://api.test/stage/openapi.json",
            ),
            (
                "<base href=\"/v1/\"><script>f({url: 'openapi.json'})</script>",
                "https://api.test/v1/openapi.json",
            ),
        ] {
            assert_eq!(document(html).as_deref(), Some(wanted), "{html}");
        }
        assert_eq!(document("<p>url: 'not/a/script'</p><script>curl: 'no'</script>"), None);
    }

    #[test]
    fn assets_are_what_a_browser_loads() {
        let own = Url::parse("https://api.test/stage/docs/").expect("a URL");
        let html = "<link rel=stylesheet href=a.css><link rel=icon href='data:,'><link rel='shortcut icon' href=/i.png><script src=../b.js></script><img src=c.png>";
        let assets: Vec<String> = read(html, &own).assets.iter().map(Url::to_string).collect();
        assert_eq!(
            assets,
            ["https://api.test/stage/docs/a.css", "https://api.test/i.png", "https://api.test/stage/b.js"]
        );
    }
}
