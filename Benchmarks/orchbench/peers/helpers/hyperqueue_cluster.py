"""Runs in the virtual environment that has hyperqueue: a server and a worker. Each line of input is a number of no-ops to
submit as one job; the answer is the seconds until the job has ended."""
import os
import sys
import time

from hyperqueue import Job, LocalCluster
from hyperqueue.cluster import WorkerConfig


def main() -> None:
    slots, directory = int(sys.argv[1]), sys.argv[2]
    # The server prints tables of its own.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    with LocalCluster(server_dir=directory, worker_config=WorkerConfig(cores=slots)) as cluster:
        client = cluster.client()
        print("ready", file=answers)
        for line in sys.stdin:
            job = Job(max_fails=0)
            for _ in range(int(line)):
                job.program(["/bin/true"], stdout=None, stderr=None)
            began = time.monotonic()
            client.wait_for_jobs([client.submit(job)])
            print(time.monotonic() - began, file=answers)


if __name__ == "__main__":
    main()
