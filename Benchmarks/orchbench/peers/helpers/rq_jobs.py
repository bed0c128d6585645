"""Runs in the virtual environment that has rq: a worker, or a client that hands over no-ops and waits for their end."""
import subprocess
import sys
import time

from redis import Redis
from rq import Queue, Worker


def noop() -> int:
    return subprocess.run(["/bin/true"], check=True).returncode


def batch(connection: Redis, count: int) -> float:
    queue = Queue("default", connection=connection)
    # As a module that workers can import, whatever this script was started as.
    jobs = [Queue.prepare_data("rq_jobs.noop", result_ttl=60) for _ in range(count)]
    began = time.monotonic()
    made = queue.enqueue_many(jobs)
    while queue.finished_job_registry.count < count:
        time.sleep(0.005)
    seconds = time.monotonic() - began
    for job in made:
        job.delete()
    return seconds


def main() -> None:
    connection = Redis(unix_socket_path=sys.argv[1])
    if sys.argv[2] == "work":
        Worker(["default"], connection=connection).work(logging_level="ERROR")
    else:
        print(batch(connection, int(sys.argv[3])))


if __name__ == "__main__":
    main()
