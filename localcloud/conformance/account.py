"""The account that is replayed against: its clients, a role that Lambda may assume, and images of the test function."""
import gzip
import hashlib
import io
import json
import os
import platform
import subprocess
import tarfile
import tempfile
import types
import urllib.request

import boto3
import botocore.config

FIXTURE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "fixture", "function.rs")
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
TRUST = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
)


class Account:
    """Clients by name (`lambda_`, `apigateway`, `logs` …), made once. Keys and region are the environment's (AWS_ACCESS_KEY_ID …)."""

    def __init__(self, endpoint, models):
        self.endpoint, self.models = endpoint, models
        self.made = {}
        self.images = {}
        self.function_role = None

    def client(self, service, **settings):
        """A client of its own: one try, nothing checked before it is sent."""
        config = botocore.config.Config(parameter_validation=False, retries={"total_max_attempts": 1}, inject_host_prefix=False, **settings)
        client = boto3.client(service, endpoint_url=self.endpoint, config=config)
        self.models.listen(client)
        return client

    def __getattr__(self, name):
        service = name.rstrip("_")
        if service not in self.made:
            self.made[service] = self.client(service)
        return self.made[service]

    @property
    def id(self):
        return self.sts.get_caller_identity()["Account"]

    @property
    def region(self):
        return self.lambda_.meta.region_name

    def role(self):
        """The ARN of a role for functions."""
        if self.function_role is None:
            made = self.iam.create_role(RoleName="conformance", AssumeRolePolicyDocument=TRUST)
            self.function_role = made["Role"]["Arn"]
        return self.function_role

    def image(self, tag="v1", repository="conformance", ballast=0, also=()):
        """The address of an image of the test function (tests/fixture/function.rs); another tag is another digest. One with ballast (bytes)
        takes so long to unpack that a call made at once finds a change in progress; `also` are more paths at which the program lies."""
        if (repository, tag) not in self.images:
            if not any(name == repository for name, _ in self.images):
                self.ecr.create_repository(repositoryName=repository)
            self.images[repository, tag] = push(self, repository, tag, ballast, also)
        return self.images[repository, tag]

    def function(self, name, **settings):
        """Makes an image function and waits until it is Active; the answer of CreateFunction."""
        wanted = {"PackageType": "Image", "Code": {"ImageUri": self.image()}, "Role": self.role(), **settings}
        made = self.lambda_.create_function(FunctionName=name, **wanted)
        self.lambda_.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 600})
        return made

    def settled(self, name):
        """Waits until a function's update is done."""
        self.lambda_.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 600})


def namespace(**members):
    return types.SimpleNamespace(**members)


def program():
    with tempfile.TemporaryDirectory() as folder:
        built = os.path.join(folder, "function")
        options = ["--edition", "2024", "-C", "target-feature=+crt-static", "-C", "strip=symbols", "-o", built]
        subprocess.run([os.environ.get("RUSTC", "rustc"), *options, FIXTURE], check=True)
        with open(built, "rb") as file:
            return file.read()


PROGRAM = []


def push(account, repository, tag, ballast, also):
    if not PROGRAM:
        PROGRAM.append(program())
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path in ("function", *also):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(PROGRAM[0]), 0o755
            archive.addfile(entry, io.BytesIO(PROGRAM[0]))
        if ballast:
            entry = tarfile.TarInfo("ballast")
            entry.size = ballast
            archive.addfile(entry, io.BytesIO(os.urandom(ballast)))
    layer = gzip.compress(packed.getvalue(), compresslevel=1, mtime=0)
    architecture = {"aarch64": "arm64", "x86_64": "amd64"}[platform.machine()]
    config = json.dumps(
        {
            "architecture": architecture,
            "os": "linux",
            "config": {"Entrypoint": ["/function"], "Labels": {"tag": tag}},
            "rootfs": {"type": "layers", "diff_ids": [digest(packed.getvalue())]},
        }
    ).encode()
    described = lambda kind, blob: {"mediaType": kind, "size": len(blob), "digest": digest(blob)}
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": described("application/vnd.docker.container.image.v1+json", config),
            "layers": [described("application/vnd.docker.image.rootfs.diff.tar.gzip", layer)],
        }
    ).encode()
    data = account.ecr.get_authorization_token()["authorizationData"][0]
    registry, token = data["proxyEndpoint"], data["authorizationToken"]

    def send(method, url, body, kind="application/octet-stream"):
        headers = {"Authorization": f"Basic {token}", "Content-Type": kind}
        return urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method))

    for blob in (layer, config):
        begun = send("POST", f"{registry}/v2/{repository}/blobs/uploads/", b"").headers["Location"]
        address = begun if begun.startswith("http") else registry + begun
        send("PUT", f"{address}{'&' if '?' in address else '?'}digest={digest(blob)}", blob)
    send("PUT", f"{registry}/v2/{repository}/manifests/{tag}", manifest, MANIFEST)
    return f"{registry.removeprefix('http://')}/{repository}:{tag}"


def digest(blob):
    return "sha256:" + hashlib.sha256(blob).hexdigest()
