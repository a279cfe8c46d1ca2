"""E8: two instances behind a balancer are restarted in turn, while people work."""

import threading
import time

from balancer import Balancer
from client import Connection, Lost, await_ready, message

TITLE = "graceful stop behind a balancer"


def run(bench, report):
    restarts = 3 if bench.short else 30
    with bench.stand("e08") as stand:
        other = stand.another_service("other")
        other.start_and_wait()
        balancer = Balancer([stand.service.port, other.port])
        await_ready(balancer.port)
        try:
            load = stand.load(port=balancer.port, writers=8, readers=4, pause=0.01, leave=0.0)
            load.start()
            stops = [restart((stand.service, other)[number % 2], load) for number in range(restarts)]
            load.stop()
        finally:
            balancer.close()
            other.stop()
        judge(report, balancer, load, stops)
        stand.judge(report, load, 100 if bench.short else 1000)


def restart(service, load):
    """Stops it with a request half sent and a connection kept alive, and starts it again."""
    council, method, path, body = load.town.case("sent slowly")
    idle = Connection(service.port)
    idle.request("GET", "/healthz")
    upload = Upload(service.port, message(method, path, council.headers(), body))
    upload.start()
    time.sleep(0.5)
    code, seconds = service.stop(60)
    upload.join()
    idle.close()
    service.start_and_wait()
    time.sleep(1)
    return code, seconds, upload.status


class Upload(threading.Thread):
    """A request whose body takes three seconds, begun before the stop."""

    def __init__(self, port, content):
        super().__init__(daemon=True)
        self.connection = Connection(port)
        self.content = content
        self.status = None

    def run(self):
        try:
            self.connection.open()
            end = len(self.content) - 30
            self.connection.socket.sendall(self.content[:end])
            for place in range(end, len(self.content)):
                time.sleep(0.1)
                self.connection.socket.sendall(self.content[place : place + 1])
            self.status = self.connection.read().status
        except (OSError, Lost) as error:
            self.status = str(error) or type(error).__name__
        self.connection.close()


def judge(report, balancer, load, stops):
    failed = [sample.result for sample in load.samples if not isinstance(sample.result, int) or sample.result >= 400]
    report.expect("failed requests", 0, f"{len(failed)} of {len(load.samples)}", not failed)
    report.expect("… connections refused before it was red", 0, balancer.refused, balancer.refused == 0)
    report.expect("… answers torn off", 0, balancer.torn, balancer.torn == 0)
    report.note("… nobody was ready", balancer.nobody)
    codes = sorted({str(code) for code, _, _ in stops})
    report.expect("exit code", 0, ", ".join(codes), codes == ["0"])
    slowest = max(seconds for _, seconds, _ in stops)
    report.expect_within("time to stop", "≤ 35 s", f"{slowest:.1f} s, {len(stops)} times", slowest <= 35)
    statuses = [str(status) for _, _, status in stops]
    finished = statuses.count("201")
    report.expect("requests half sent at the stop", "all 201", f"{finished} of {len(statuses)} ({set(statuses)})",
                  finished == len(statuses))
