import OrchProtocol

/// What has come of what tasks have asked.
extension DaemonPerformer {
    /// Those among these questions of a task that are not open any more. What is open is in its record.
    func ended(_ numbers: [Int], of record: TaskRecord) throws -> [QuestionRecord] {
        var missing = Set(numbers.map { QuestionID(task: record.id, number: $0).description })
        missing.subtract(record.questions?.map(\.id) ?? [])
        var found: [QuestionRecord] = []
        var list = QuestionListParameters(task: record.id, all: true)
        while !missing.isEmpty {
            let page = try call(.questionList, list)
            found += page.questions.filter { missing.remove($0.id) != nil }
            guard let next = page.nextCursor else { break }
            list.cursor = next
        }
        return found
    }
}
