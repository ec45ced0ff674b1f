//! What the API answers by itself when nothing else does.

use std::collections::BTreeMap;

use aws_sdk_apigateway::types::GatewayResponseType;

use super::super::permit::Permit;
use super::super::{Cloud, Fault};
use super::PAGE;
use crate::domain::RestApi;

/// The API's own answer in one situation, where somebody changed it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ErrorResponse {
    /// Such as `DEFAULT_4XX` or `THROTTLED`.
    pub(crate) kind: String,
    /// The header's name in small letters → what it is mapped from, such as `'*'` or `method.request.header.Origin`.
    pub(crate) headers: BTreeMap<String, String>,
    /// Media type → what it says, where that was changed.
    pub(crate) templates: BTreeMap<String, String>,
    /// Its status, where that was changed.
    pub(crate) status: Option<String>,
}

const HEADER: &str = "gatewayresponse.header.";

impl Cloud {
    /// The API's own answers that were changed, sorted by kind.
    pub(crate) async fn error_responses(&self, api: &RestApi) -> Result<Vec<ErrorResponse>, Fault> {
        let call = self.inner.gateway.get_gateway_responses().rest_api_id(&api.id).limit(PAGE);
        let answer = Box::pin(call.send()).await.map_err(|error| {
            let path = format!("/restapis/{}/gatewayresponses", api.id);
            let doing = format!("read the gateway responses of the REST API {}", api.name);
            self.fault(self.gateway_call("apigateway:GET", &path, doing), error)
        })?;
        let mut all: Vec<ErrorResponse> = answer
            .items
            .unwrap_or_default()
            .into_iter()
            .filter(|one| !one.default_response)
            .map(|one| ErrorResponse {
                kind: one.response_type.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
                headers: one
                    .response_parameters
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|(place, value)| {
                        Some((place.strip_prefix(HEADER)?.to_ascii_lowercase(), value))
                    })
                    .collect(),
                templates: one.response_templates.unwrap_or_default().into_iter().collect(),
                status: one.status_code,
            })
            .collect();
        all.sort();
        Ok(all)
    }

    /// Makes the API's own answer of this kind so.
    pub(crate) async fn put_error_response(
        &self,
        permit: &Permit<'_>,
        api: &RestApi,
        response: &ErrorResponse,
    ) -> Result<(), Fault> {
        let kind = response.kind.as_str();
        let mut call = self
            .inner
            .gateway
            .put_gateway_response()
            .rest_api_id(&api.id)
            .response_type(GatewayResponseType::from(kind))
            .set_status_code(response.status.clone());
        for (media_type, template) in &response.templates {
            call = call.response_templates(media_type, template);
        }
        for (name, value) in &response.headers {
            call = call.response_parameters(format!("{HEADER}{name}"), value);
        }
        Box::pin(call.send()).await.map_err(|error| {
            let path = format!("/restapis/{}/gatewayresponses/{kind}", api.id);
            let doing = format!("give the gateway's own errors ({kind}) CORS headers");
            self.fault(self.gateway_call("apigateway:PUT", &path, doing), error)
        })?;
        let parameters: BTreeMap<String, &String> =
            response.headers.iter().map(|(name, value)| (format!("{HEADER}{name}"), value)).collect();
        let parameters = serde_json::to_string(&parameters).unwrap_or_default();
        permit.did(&[
            "apigateway",
            "put-gateway-response",
            "--rest-api-id",
            &api.id,
            "--response-type",
            kind,
            "--response-parameters",
            &parameters,
        ]);
        Ok(())
    }
}
