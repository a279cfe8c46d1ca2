"""What several experiments ask of the answers that clients got."""

import math

HUNG = 5.0


def expect_only_503(report, load):
    """While the database is away: 503 with Retry-After, or what is right; never 500, and never silence."""
    answers = [sample for sample in load.samples if isinstance(sample.result, int)]
    wrong = [sample for sample in answers if sample.result >= 500 and sample.result != 503]
    report.expect("answers that are 5xx but not 503", "0", f"{len(wrong)} of {len(answers)}", not wrong)
    unavailable = [sample for sample in answers if sample.result == 503]
    silent = [sample for sample in unavailable if not is_soon(sample.retry_after)]
    report.expect("503 without Retry-After of 1 to 5 s", "0", f"{len(silent)} of {len(unavailable)}", not silent)
    hung = [sample for sample in load.samples if sample.seconds > HUNG]
    worst = max((sample.seconds for sample in load.samples), default=0)
    report.expect_within("requests that took more than 5 s", "0", f"{len(hung)}, the longest {worst:.1f} s", not hung)
    lost = [sample for sample in load.samples if isinstance(sample.result, str)]
    report.expect("requests without an answer", "0", len(lost), not lost)


def is_soon(retry_after):
    return retry_after is not None and retry_after.isdigit() and 1 <= int(retry_after) <= 5


def first_success_after(load, at):
    """Seconds, for a request that began after `at`."""
    good = (sample.at for sample in load.samples
            if isinstance(sample.result, int) and sample.result < 300 and sample.at - sample.seconds >= at)
    return min(good, default=math.inf) - at


def percentile(seconds, share):
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else math.inf
