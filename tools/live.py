"""A local cloud in a folder of its own, a writer of log lines that keeps a pace, and the console in a pty: what tools/bench-logs and
tools/soak-logs measure with. Needs python 3.9 and `pip install pyte`.
"""
import fcntl, hashlib, hmac, http.client, json, multiprocessing, os, pty, re, select, shutil, signal, struct, subprocess, sys, tempfile, termios
import time, urllib.parse

import pyte

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# What pyte does not know and would print: queries of the keyboard's state.
UNKNOWN = re.compile(rb"\x1b\[[<>=?][0-9;]*u|\x1b\[\?2026[hl]")
# Around each frame (DEC mode 2026, synchronised update).
FRAME_ENDS = b"\x1b[?2026l"
# PutLogEvents takes as much in one call: events, and bytes with 26 more for each.
MOST_EVENTS, MOST_BYTES = 10_000, 1_048_576
# On AWS the service that keeps the logs and those who write them are on other machines. Here they go behind what is measured.
ELSEWHERE = 10


# What was started is stopped also when this is ended from outside.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def fail(why):
    sys.exit(f"{os.path.basename(sys.argv[0])}: {why}")


class Project:
    """A folder with a callboard.toml; gone when it is left."""

    def __init__(self, settings=""):
        self.settings = settings

    def __enter__(self):
        self.path = tempfile.mkdtemp()
        with open(os.path.join(self.path, "callboard.toml"), "w") as out:
            out.write(f'name = "hello"\n\n[build]\nservice_dir = "{ROOT}"\npackage = "service"\n{self.settings}')
        for stage in ("stage", "prod"):
            shutil.copy(os.path.join(ROOT, f".env.{stage}"), self.path)
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path)


class LocalCloud:
    """`callboard local`, and a few calls to its CloudWatch Logs."""

    def __init__(self, program, project):
        self.process = subprocess.Popen(["nice", "-n", str(ELSEWHERE), program, "local", "--port", "0"], cwd=project, stdout=subprocess.PIPE, text=True)
        said = dict()
        while "AWS_REGION" not in said:
            line = self.process.stdout.readline()
            if not line:
                fail("the local cloud ended")
            said.update(word.split("=", 1) for word in line.split() if "=" in word)
        self.endpoint = said["AWS_ENDPOINT_URL"]
        self.environment = {name: value for name, value in said.items() if name.startswith("AWS_")}
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def client(self):
        return Client(self.endpoint, self.environment)


class Client:
    """Calls CloudWatch Logs, signed by hand (Signature Version 4): thousands of calls a second are wanted, and boto3 is not there."""

    def __init__(self, endpoint, environment):
        address = urllib.parse.urlsplit(endpoint)
        self.connection = http.client.HTTPConnection(address.hostname, address.port)
        self.host = address.netloc
        self.key, self.secret = environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]
        self.region = environment["AWS_REGION"]

    def signed(self, body):
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        scope = f"{now[:8]}/{self.region}/logs/aws4_request"
        asked = f"POST\n/\n\nhost:{self.host}\nx-amz-date:{now}\n\nhost;x-amz-date\n{hashlib.sha256(body).hexdigest()}"
        text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(asked.encode()).hexdigest()}"
        key = ("AWS4" + self.secret).encode()
        for part in [*scope.split("/"), text]:
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        return now, f"AWS4-HMAC-SHA256 Credential={self.key}/{scope}, SignedHeaders=host;x-amz-date, Signature={key.hex()}"

    def call(self, operation, body):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        now, authorization = self.signed(body)
        headers = {"content-type": "application/x-amz-json-1.1", "x-amz-date": now, "authorization": authorization, "x-amz-target": f"Logs_20140328.{operation}"}
        self.connection.request("POST", "/", body, headers)
        answer = self.connection.getresponse()
        said = answer.read()
        if answer.status != 200:
            fail(f"{operation}: {said.decode(errors='replace')}")
        return json.loads(said or b"null")

    def create(self, group, streams):
        self.call("CreateLogGroup", {"logGroupName": group})
        for stream in streams:
            self.call("CreateLogStream", {"logGroupName": group, "logStreamName": stream})

    def put(self, group, stream, events):
        """`events` are pairs of epoch milliseconds and JSON text of the message."""
        told = b",".join(b'{"timestamp":%d,"message":%s}' % event for event in events)
        names = json.dumps({"logGroupName": group, "logStreamName": stream})[:-1].encode()
        self.call("PutLogEvents", names + b',"logEvents":[' + told + b"]}")


def groups():
    return ["/aws/lambda/hello-stage", "/aws/lambda/hello-prod"]


def streams(count):
    return [f"2026/11/22/[$LATEST]{index:032x}" for index in range(count)]


def message(index):
    """As JSON text: every other one a JSON line of the service, the others as plain-text loggers write them; about 150 bytes."""
    status = 500 if index % 100 == 7 else 200 + index % 4
    level = "ERROR" if status == 500 else "INFO"
    path, took = f"/api/v0/items/{index % 999_983:06}", index % 300
    if index % 2:
        line = json.dumps({"level": level, "message": f"GET {path} took {took} ms", "request_id": f"{index:08x}-0000-4000-8000-000000000000", "http": {"status": status}})
    else:
        line = f"2026-11-22T12:00:00.000Z  {level} request id={index:08x} method=GET path={path} status={status} took={took}ms user=someone region=us"
    return json.dumps(line).encode()


class Writer:
    """Writes `rate` lines a second into both groups, each line stamped when it was due, from a process of its own."""

    def __init__(self, cloud, rate, streams_each=4, every=0.1):
        self.written = multiprocessing.Value("q", 0)
        self.late = multiprocessing.Value("d", 0.0)
        self.over = multiprocessing.Event()
        self.process = multiprocessing.Process(target=self.run, args=(cloud, rate, streams(streams_each), every))
        self.process.start()

    def run(self, cloud, rate, names, every):
        os.nice(ELSEWHERE)
        client = cloud.client()
        places = [(group, name) for name in names for group in groups()]
        messages = [message(index) for index in range(20_000)]
        batch, began, turn = max(1, round(rate * every)), time.time(), 0
        while True:
            due = began + (turn + 1) * batch / rate
            # The pace is what is measured under; nothing is waited for here but the clock.
            if self.over.wait(max(0, due - time.time())):
                return
            self.late.value = max(self.late.value, time.time() - due)
            first = turn * batch
            stamps = ((int((began + (first + index) / rate) * 1000), messages[(first + index) % len(messages)]) for index in range(batch))
            # Not one stream in turn but each a part of each batch, as environments write side by side.
            events, share = list(stamps), -(-batch // len(places))
            for place, start in zip(places, range(0, batch, share)):
                client.put(*place, events[start:start + share])
            turn += 1
            self.written.value += batch

    def stop(self):
        self.over.set()
        self.process.join()


class Console:
    """The console in a pty. What it writes is kept with the time at which it came, and drawn by an emulator only when asked for: an
    emulator in between would be slower than what is measured."""

    def __init__(self, program, project, *options, cols=160, rows=45):
        self.emulator = pyte.Screen(cols, rows)
        self.stream = pyte.ByteStream(self.emulator)
        self.recording, self.drawn = [], 0
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(project)
            os.environ["TERM"] = "xterm-256color"
            os.execv(program, [program, *options])
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def read(self, seconds):
        """Takes in what comes within `seconds`; `False` if nothing did."""
        if not select.select([self.fd], [], [], max(0, seconds))[0]:
            return False
        self.recording.append((os.read(self.fd, 1 << 20), time.monotonic()))
        return True

    def text(self):
        """The screen after all that has come."""
        for data, _ in self.recording[self.drawn:]:
            self.stream.feed(UNKNOWN.sub(b"", data))
        self.drawn = len(self.recording)
        return "\n".join(self.emulator.display)

    def until(self, wanted, seconds=60):
        end = time.monotonic() + seconds
        while not wanted(self.text()):
            if not self.read(end - time.monotonic()) and time.monotonic() > end:
                fail("the screen never came; it is:\n" + self.text())

    def comes(self, wanted, seconds=60):
        """Reads until `wanted` was written, and draws nothing: meanwhile the terminal would take nothing in."""
        end, heard = time.monotonic() + seconds, len(self.recording)
        while not any(wanted in data for data, _ in self.recording[heard:]):
            if not self.read(end - time.monotonic()) and time.monotonic() > end:
                fail(f"{wanted} never came")

    def watch(self, seconds, keys=(), every=0.2):
        """Reads for `seconds` and presses `keys` in turn meanwhile. Returns when each was pressed."""
        end, pressed = time.monotonic() + seconds, []
        due = time.monotonic() + every
        while time.monotonic() < end:
            if keys and time.monotonic() >= due:
                os.write(self.fd, keys[len(pressed) % len(keys)].encode())
                pressed.append(time.monotonic())
                # Not in step with the polls of the console.
                due += every * (0.75 + 0.5 * (len(pressed) * 0.618 % 1))
            self.read(min(end, due if keys else end) - time.monotonic())
        return pressed

    def press(self, keys):
        os.write(self.fd, keys.encode())

    def frames(self, since):
        """Draws what was not drawn yet, and all that came after the first `since` readings frame by frame: yields the time of each
        frame's last byte, its length, and the screen."""
        length = 0
        for data, _ in self.recording[self.drawn:since]:
            self.stream.feed(UNKNOWN.sub(b"", data))
        for data, at in self.recording[max(since, self.drawn):]:
            *whole, rest = data.split(FRAME_ENDS)
            for part in whole:
                self.stream.feed(UNKNOWN.sub(b"", part))
                yield at, length + len(part), self.emulator.display
                length = 0
            self.stream.feed(UNKNOWN.sub(b"", rest))
            length += len(rest)
        self.drawn = len(self.recording)

    def close(self):
        """Ends the console as a shell does. Returns what it wrote since it was asked to."""
        heard = len(self.recording)
        os.kill(self.pid, signal.SIGTERM)
        try:
            while self.read(60):
                pass
        except OSError:
            pass
        os.waitpid(self.pid, 0)
        os.close(self.fd)
        return b"".join(data for data, _ in self.recording[heard:]).decode(errors="replace")


def cpu(pid):
    """Seconds of processor time that a process and those of its children that ended have used."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def memory(pid):
    """Resident MiB."""
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) / 1024


def quantile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * part))]
