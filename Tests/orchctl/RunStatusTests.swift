import OrchProtocol
import Testing

@testable import orchctl

@Suite struct RunStatusTests {
    private func task(_ state: TaskState, _ outcome: Outcome?) -> TaskRecord {
        var task = TaskRecord(
            id: 1, state: state, pool: "p", priority: 0, submitter: 0, submittedAt: Timestamp(milliseconds: 0))
        var attempt = AttemptRecord(number: 1, state: .ended, dispatchedAt: Timestamp(milliseconds: 0))
        attempt.outcome = outcome
        if outcome != nil { task.attempts = [attempt] }
        return task
    }

    @Test(
        arguments: [
            (.succeeded, Outcome(.exited, code: 0), 0, nil), (.failed, Outcome(.exited, code: 3), 3, nil),
            (.failed, Outcome(.signalled, code: 9), 137, "task 1 failed: was killed by SIGKILL"),
            (.failed, Outcome(.runTimeout), 124, "task 1 failed: ran longer than its timeout"),
            (.failed, Outcome(.spawnFailed), 127, "task 1 failed: could not be started"),
            (.cancelled, nil, 130, "task 1 cancelled"), (.expired, nil, 125, "task 1 expired"),
            (.failed, nil, 1, "task 1 failed"),
        ] as [(TaskState, Outcome?, Int32, String?)])
    func follows(_ state: TaskState, _ outcome: Outcome?, _ code: Int32, _ remark: String?) {
        let status = RunStatus(task(state, outcome))
        #expect(status.code == code)
        #expect(status.remark == remark)
    }
}
