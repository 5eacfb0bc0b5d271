# SPDX-License-Identifier: Apache-2.0
"""Tasks of a Python program that Stoa enqueues; run by Celery's own worker."""

import os
import time

import celery

REDIS = os.environ.get("TASKS_REDIS", "")
app = celery.Celery("py_tasks", broker=REDIS, backend=REDIS, set_as_current=False)
app.conf.update(
    broker_connection_retry_on_startup=True,
    task_acks_late=True,
    result_backend_always_retry=True,
)


@app.task(bind=True)
def add(self, a, b):
    traceparent = self.request.get("traceparent") or self.request.headers["traceparent"]
    return {"sum": a + b, "trace": traceparent.split("-")[1]}


@app.task
def refuse():
    raise ValueError("never")


@app.task(bind=True, max_retries=3)
def flaky(self, first=None):
    if self.request.retries == 0:
        raise self.retry(countdown=1, kwargs={"first": time.time()})
    return {"retries": self.request.retries, "first": first}
