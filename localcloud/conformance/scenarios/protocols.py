"""Clients of CloudWatch that speak one of its protocols, as the recorded tests were run in each."""
import boto3
import botocore.config
import botocore.session

PROTOCOLS = {"query": "query", "json": "json", "smithy-rpc-v2-cbor": "smithy-rpc-v2-cbor"}
MADE = {}


def client(account, protocol):
    """The one client of an account for this protocol. Its model is the service's own, told that it knows no other."""
    if (account.endpoint, protocol) not in MADE:
        session = botocore.session.get_session()
        loader = session.get_component("data_loader")
        model = loader.load_service_model("cloudwatch", "service-2")
        model["metadata"] |= {"protocol": PROTOCOLS[protocol], "protocols": [PROTOCOLS[protocol]]}
        config = botocore.config.Config(parameter_validation=False, retries={"total_max_attempts": 1})
        made = boto3.Session(botocore_session=session).client("cloudwatch", endpoint_url=account.endpoint, config=config)
        account.models.listen(made)
        MADE[account.endpoint, protocol] = made
    return MADE[account.endpoint, protocol]
