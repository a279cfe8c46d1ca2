"""What it takes to prove the log: sealed, verified as a whole, exported, and the export verified."""

import subprocess
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent
# An export is streamed, so it takes the same memory however long the log is. The server may grow by so much.
EXPORT_GROWS_MB = 64


def measure(bench, size):
    """Events per second of each, and the server's memory at most while it exports, with how much that is more than
    before. The server runs."""
    before = sealed(bench)
    bench.psql(["-v", f"total={size}", "-v", f"events={size}", "-f", str(HERE / "own_log.sql")])
    seals = timed(bench.wait_for_seals)
    events = sealed(bench)
    wait_for_checkpoint(bench, events)
    forget_peak(bench)
    idle = bench.memory("VmHWM")
    bundle = bench.folder / "bundle.ndjson"
    exports = timed(lambda: export(bench, bundle))
    peak = bench.memory("VmHWM")
    bench.stop()
    verifies = timed(lambda: bench.wardlink("audit", "verify"))
    key = subprocess.run([bench.options.wardlink, "audit", "key"], env=bench.environment(), check=True,
                         capture_output=True, text=True).stdout.strip()
    alone = timed(lambda: bench.wardlink("audit", "verify", "--bundle", str(bundle), "--key", key))
    with open(bundle, "rb") as lines:
        exported = sum(1 for _ in lines)
    bundle.unlink()
    return {"events": events, "sealed_per_second": (events - before) / seals, "verified_per_second": events / verifies,
            "exported": exported, "exported_per_second": exported / exports,
            "bundle_verified_per_second": exported / alone, "export_peak_mb": peak,
            "export_grown_mb": peak - idle, "export_is_constant": peak - idle < EXPORT_GROWS_MB}


def told(cases, proof):
    """One line for people."""
    missed = "" if proof["export_is_constant"] else f" MISSED: less than {EXPORT_GROWS_MB} MB"
    return (f"{cases:>9} cases: log of {proof['events']} events sealed at {proof['sealed_per_second']:.0f}/s, "
            f"verified at {proof['verified_per_second']:.0f}/s; {proof['exported']} exported at "
            f"{proof['exported_per_second']:.0f}/s with at most {proof['export_peak_mb']:.0f} MB "
            f"({proof['export_grown_mb']:+.0f} MB{missed}), "
            f"the bundle verified at {proof['bundle_verified_per_second']:.0f}/s")


def sealed(bench):
    return int(bench.sql("select size from wardlink.sealing"))


def wait_for_checkpoint(bench, events):
    """An export is of what a checkpoint covers; the last is signed within a minute."""
    while int(bench.sql("select coalesce(max(tree_size), 0) from wardlink.audit_checkpoints")) < events - 1000:
        time.sleep(0.5)


def forget_peak(bench):
    """From here on the peak is the export's."""
    Path(f"/proc/{bench.server.pid}/clear_refs").write_text("5")


def export(bench, bundle):
    headers = {"Authorization": f"Bearer {bench.token_of('dpo@camden.example')}", "Access-Purpose": "audit",
               "Content-Type": "application/json"}
    request = urllib.request.Request(bench.address + "/v1/audit/exports", b"{}", headers, method="POST")
    with urllib.request.urlopen(request) as answer, open(bundle, "wb") as file:
        while piece := answer.read(1 << 20):
            file.write(piece)


def timed(work):
    began = time.monotonic()
    work()
    return time.monotonic() - began
