//! Access keys of users.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{OptionalName, bad_marker, limit, meant, time, user, user_mut};
use crate::cloud::{Cloud, now_ms};
use crate::services::paging::page;
use crate::wire::fault::Fault;
use crate::wire::{Answer, Call};
use crate::world::users::AccessKey;

/// How many a user may have, as on AWS.
const MOST: usize = 2;

pub(in super::super) fn create(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: OptionalName = call.input()?;
    let name = meant(call, input.user_name)?;
    let id = format!("AKIA{}", crate::cloud::short_id(16).to_uppercase());
    let secret = format!("{}{}", crate::cloud::short_id(20), crate::cloud::short_id(20));
    let key = AccessKey { secret, created_ms: now_ms() };
    cloud.world.change(|state| {
        let keys = &mut user_mut(state, call, &name)?.access_keys;
        if keys.len() == MOST {
            let message = format!("Cannot exceed quota for AccessKeysPerUser: {MOST}");
            return Err(Fault::new(409, "LimitExceeded", message));
        }
        keys.insert(id.clone(), key.clone());
        Ok(())
    })?;
    Ok(Answer::ok(json!({ "AccessKey": {
        "UserName": name,
        "AccessKeyId": id,
        "Status": "Active",
        "SecretAccessKey": key.secret,
        "CreateDate": time(key.created_ms),
    } })))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteKey {
    user_name: Option<String>,
    access_key_id: String,
}

pub(in super::super) fn delete(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: DeleteKey = call.input()?;
    let name = meant(call, input.user_name)?;
    cloud.world.change(|state| {
        let removed = user_mut(state, call, &name)?.access_keys.remove(&input.access_key_id);
        removed.map(drop).ok_or_else(|| {
            let message = format!("The Access Key with id {} cannot be found.", input.access_key_id);
            Fault::new(404, "NoSuchEntity", message)
        })
    })?;
    Ok(Answer::empty(200))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListKeys {
    user_name: Option<String>,
    marker: Option<String>,
    max_items: Option<String>,
}

pub(in super::super) fn list(cloud: &Cloud, call: &Call) -> Result<Answer, Fault> {
    let input: ListKeys = call.input()?;
    let name = meant(call, input.user_name)?;
    let state = cloud.world.snapshot();
    let keys = &user(&state, call, &name)?.access_keys;
    let page =
        page(keys, |(id, _)| (*id).clone(), input.marker.as_deref(), limit(input.max_items.as_deref())?)
            .ok_or_else(bad_marker)?;
    let described = |(id, key): (&String, &AccessKey)| -> Value {
        json!({ "UserName": name, "AccessKeyId": id, "Status": "Active", "CreateDate": time(key.created_ms) })
    };
    let keys: Vec<Value> = page.items.into_iter().map(described).collect();
    Ok(Answer::ok(
        json!({ "AccessKeyMetadata": keys, "IsTruncated": page.next.is_some(), "Marker": page.next }),
    ))
}
