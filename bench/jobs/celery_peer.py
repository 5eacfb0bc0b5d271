# SPDX-License-Identifier: Apache-2.0
"""Celery's side of `./dev bench jobs`: `celery -A celery_peer worker`, or

celery_peer.py produce COUNT | steady RATE SECONDS
"""

import os
import sys
import time

import celery

app = celery.Celery("celery_peer", broker=os.environ["PEER_REDIS"])
app.conf.update(
    task_acks_late=True,
    task_ignore_result=True,
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
)
OUT = os.environ.get("PEER_LATENCIES")


@app.task(name="nothing")
def nothing(sent):
    now = time.time()
    global out
    if "out" not in globals():
        out = open(f"{OUT}.{os.getpid()}", "a", buffering=1)
    out.write(f"{now - sent}\n")


def main():
    if sys.argv[1] == "produce":
        for _ in range(int(sys.argv[2])):
            nothing.delay(time.time())
        return
    rate, seconds = float(sys.argv[2]), float(sys.argv[3])
    begun = time.monotonic()
    for number in range(int(rate * seconds)):
        time.sleep(max(0.0, begun + number / rate - time.monotonic()))
        nothing.delay(time.time())


if __name__ == "__main__":
    main()
