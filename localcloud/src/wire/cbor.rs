//! rpcv2Cbor: service and operation in the path, CBOR bodies in and out.
//!
//! Inside, members are JSON values; CBOR's times (tag 1) become numbers of seconds, and go out as times again.

use std::collections::BTreeMap;

use axum::response::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use minicbor::data::{Tag, Type};
use minicbor::decode::{Decoder, Error};
use minicbor::encode::Encoder;
use serde_json::{Map, Number, Value};

use super::fault::Fault;
use super::{Answer, Body, Parts, Service, cloudwatch};

/// The header that names the protocol, in requests and in answers.
pub(super) const PROTOCOL: &str = "smithy-protocol";
const VERSION: &str = "rpc-v2-cbor";

/// How deep a body may be nested. No input of a service is deeper than ten.
const DEPTH: usize = 32;

/// CBOR's tag of a time in seconds since the epoch.
const EPOCH: u64 = 1;

pub(super) fn parts(
    service: Service,
    path: &str,
    headers: &HeaderMap,
    payload: &Bytes,
) -> Result<Parts, Fault> {
    let version = headers.get(PROTOCOL).map(HeaderValue::as_bytes).unwrap_or_default();
    if version != VERSION.as_bytes() {
        let named = String::from_utf8_lossy(version);
        return Err(Fault::not_offered(service.name(), &format!("{path} in the protocol {named:?}")));
    }
    let named = path
        .strip_prefix("/service/")
        .and_then(|rest| rest.split_once("/operation/"))
        .filter(|(of, _)| service.target_prefix().is_some_and(|prefix| prefix.trim_end_matches('.') == *of));
    let Some((_, operation)) = named else {
        return Err(Fault::not_offered(service.name(), &format!("POST {path}")));
    };
    let input = match payload.is_empty() {
        true => Map::new(),
        false => object(payload)?,
    };
    Ok(Parts { operation: operation.to_owned(), input, path: BTreeMap::new() })
}

fn object(payload: &[u8]) -> Result<Map<String, Value>, Fault> {
    let malformed = |why: String| Fault::new(400, "SerializationException", why);
    let mut decoder = Decoder::new(payload);
    let read = read(&mut decoder, 0);
    // Only where, never what: the body may hold secrets and the text of an error gets around.
    let whole = read.map_err(|_| {
        malformed(format!("The body is not CBOR that is understood: byte {}", decoder.position()))
    })?;
    match whole {
        Value::Object(members) if decoder.position() == payload.len() => Ok(members),
        Value::Object(_) => Err(malformed("Something follows the body's CBOR".to_owned())),
        _ => Err(malformed("The body is not a CBOR map".to_owned())),
    }
}

fn read(decoder: &mut Decoder<'_>, depth: usize) -> Result<Value, Error> {
    if depth > DEPTH {
        return Err(Error::message("nested too deeply"));
    }
    Ok(match decoder.datatype()? {
        Type::Null | Type::Undefined => {
            decoder.skip()?;
            Value::Null
        }
        Type::Bool => Value::from(decoder.bool()?),
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => Value::from(decoder.u64()?),
        Type::I8 | Type::I16 | Type::I32 | Type::I64 => Value::from(decoder.i64()?),
        Type::F16 => float(decoder.f16()?.into())?,
        Type::F32 => float(decoder.f32()?.into())?,
        Type::F64 => float(decoder.f64()?)?,
        Type::String | Type::StringIndef => Value::from(text(decoder)?),
        Type::Tag if decoder.tag()? == Tag::new(EPOCH) => match read(decoder, depth + 1)? {
            time @ Value::Number(_) => time,
            _ => return Err(Error::message("a time that is no number")),
        },
        Type::Array | Type::ArrayIndef => {
            let mut left = decoder.array()?;
            let mut items = Vec::new();
            while goes_on(decoder, &mut left)? {
                items.push(read(decoder, depth + 1)?);
            }
            Value::Array(items)
        }
        Type::Map | Type::MapIndef => {
            let mut left = decoder.map()?;
            let mut members = Map::new();
            while goes_on(decoder, &mut left)? {
                let name = text(decoder)?;
                members.insert(name, read(decoder, depth + 1)?);
            }
            Value::Object(members)
        }
        _ => return Err(Error::message("a kind of value that no input has")),
    })
}

/// Whether another item follows; `left` is `None` where the number of items was not said.
fn goes_on(decoder: &mut Decoder<'_>, left: &mut Option<u64>) -> Result<bool, Error> {
    match left {
        Some(0) => Ok(false),
        Some(left) => {
            *left -= 1;
            Ok(true)
        }
        None if decoder.datatype()? == Type::Break => decoder.skip().map(|()| false),
        None => Ok(true),
    }
}

fn text(decoder: &mut Decoder<'_>) -> Result<String, Error> {
    decoder.str_iter()?.collect()
}

fn float(value: f64) -> Result<Value, Error> {
    Number::from_f64(value).map(Value::Number).ok_or_else(|| Error::message("not a finite number"))
}

pub(super) fn answer(answer: Answer) -> Response {
    let mut response = match answer.body {
        Body::Empty => response(answer.status, &Value::Object(Map::new())),
        Body::Members(members) => response(answer.status, &members),
        // No operation of a service that speaks CBOR answers anything else.
        Body::Octets(_) | Body::Frames(_) => fault(&Fault::internal("only members can be answered in CBOR")),
    };
    response.headers_mut().extend(answer.headers);
    response
}

pub(super) fn fault(fault: &Fault) -> Response {
    let mut members = fault.members.clone();
    members.insert("__type".to_owned(), Value::from(cloudwatch::error_type(&fault.code)));
    if !fault.message.is_empty() {
        members.insert("message".to_owned(), Value::from(fault.message.as_str()));
    }
    let mut response = response(fault.status, &Value::Object(members));
    cloudwatch::name_query_error(&mut response, fault);
    response
}

fn response(status: u16, members: &Value) -> Response {
    let mut encoder = Encoder::new(Vec::new());
    // Writing to a Vec cannot fail.
    let _ = write(&mut encoder, "", members);
    let mut response = Response::new(axum::body::Body::from(encoder.into_writer()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/cbor"));
    headers.insert(PROTOCOL, HeaderValue::from_static(VERSION));
    response
}

type Written = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

/// Writes a member of that name. `null` is a member that is not there.
fn write(encoder: &mut Encoder<Vec<u8>>, name: &str, value: &Value) -> Written {
    if let Some(time) = cloudwatch::time(name, value) {
        encoder.tag(Tag::new(EPOCH))?.f64(time.as_second() as f64)?;
        return Ok(());
    }
    match value {
        Value::Null => encoder.null()?.ok(),
        Value::Bool(value) => encoder.bool(*value)?.ok(),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => encoder.u64(number)?.ok(),
            (None, Some(number)) => encoder.i64(number)?.ok(),
            (None, None) => encoder.f64(number.as_f64().unwrap_or_default())?.ok(),
        },
        Value::String(text) => encoder.str(text)?.ok(),
        Value::Array(items) => {
            encoder.array(items.len() as u64)?;
            items.iter().try_for_each(|item| write(encoder, name, item))
        }
        Value::Object(members) => {
            encoder.begin_map()?;
            for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
                encoder.str(name)?;
                write(encoder, name, value)?;
            }
            encoder.end()?.ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    // As aws-sdk-cloudwatch 1.140 sends it.
    const GET_METRIC_DATA: &str = "bf714d6574726963446174615175657269657381bf62496461616a4d657472696353746174bf664d6574726963bf694e616d6573706163656a4157532f4c616d6264616a4d65747269634e616d65664572726f72736a44696d656e73696f6e7381bf644e616d656c46756e6374696f6e4e616d656556616c7565697376632d7374616765ffff66506572696f64183c64537461746353756dffff69537461727454696d65c1fb41d954fc4000000067456e6454696d65c1fb41d954fcd6000000ff";

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn reads_what_the_sdk_sends() {
        assert_eq!(
            Value::Object(object(&bytes(GET_METRIC_DATA)).unwrap()),
            json!({
                "MetricDataQueries": [{"Id": "a", "MetricStat": {
                    "Metric": {"Namespace": "AWS/Lambda", "MetricName": "Errors",
                        "Dimensions": [{"Name": "FunctionName", "Value": "svc-stage"}]},
                    "Period": 60, "Stat": "Sum"}}],
                "StartTime": 1_700_000_000.0, "EndTime": 1_700_000_600.0,
            })
        );
    }

    #[test]
    fn halves_rubbish_and_depth_are_refused() {
        let whole = bytes(GET_METRIC_DATA);
        for end in 1..whole.len() {
            assert!(object(&whole[..end]).is_err(), "{end}");
        }
        for (hex, why) in [
            ("80", "not a CBOR map"),
            ("a0ff", "Something follows"),
            ("a16141c2", "byte"),
            ("a16141fb7ff0000000000000", "byte"),
            ("a16141c1614d", "byte"),
        ] {
            let fault = object(&bytes(hex)).unwrap_err();
            assert!(fault.message.contains(why), "{hex}: {}", fault.message);
        }
        let deep = [&[0xa1, 0x61, 0x41][..], &[0x81; 100], &[0x01]].concat();
        assert!(object(&deep).is_err());
        // Texts in pieces, a half float, a map and an array of a length that is said.
        let odd = object(&bytes("a261417f61626163ff614282f93e00f6")).unwrap();
        assert_eq!(Value::Object(odd), json!({"A": "bc", "B": [1.5, null]}));
    }

    #[test]
    fn what_is_written_is_read_again_and_times_are_times() {
        let members = json!({"Timestamps": [1_700_000_000, 1_700_000_060], "Values": [1.0, 0.5], "Label": "é", "More": null,
            "Count": -3, "Yes": true});
        let mut encoder = Encoder::new(Vec::new());
        write(&mut encoder, "", &members).unwrap();
        let written = encoder.into_writer();
        let time = [&[0xc1, 0xfb][..], &1_700_000_060_f64.to_be_bytes()].concat();
        assert!(written.windows(time.len()).any(|part| part == time), "{written:x?}");
        let again = object(&written).unwrap();
        assert_eq!(again["Timestamps"], json!([1_700_000_000.0, 1_700_000_060.0]));
        assert_eq!((&again["Values"], &again["Label"]), (&json!([1.0, 0.5]), &json!("é")));
        assert_eq!((&again["Count"], &again["Yes"], again.get("More")), (&json!(-3), &json!(true), None));
    }
}
