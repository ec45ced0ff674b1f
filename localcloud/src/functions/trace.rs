//! X-Ray trace headers: nothing is traced here, but ids are made and passed on as AWS does.

/// A new root id, `1-<time>-<random>`.
pub(crate) fn new_root() -> String {
    let random = uuid::Uuid::new_v4().simple().to_string();
    format!("1-{:08x}-{}", jiff::Timestamp::now().as_second(), &random[..24])
}

/// A whole header around a root id, not sampled.
pub(crate) fn header(root: &str) -> String {
    let parent = uuid::Uuid::new_v4().simple().to_string();
    format!("Root={root};Parent={};Sampled=0", &parent[..16])
}

/// A field such as `Root` of a header.
pub(crate) fn field<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    header.split(';').find_map(|part| {
        let (key, value) = part.trim().split_once('=')?;
        (key.eq_ignore_ascii_case(name) && !value.is_empty()).then_some(value)
    })
}
