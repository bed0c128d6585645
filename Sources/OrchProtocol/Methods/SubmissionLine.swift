import FoundationEssentials

extension Response<SubmissionResult> {
    /// The answer to a batch as a line of JSON; nil for any other.
    ///
    /// Written by hand, because an encoder makes half a kilobyte of objects of each task before it writes the first byte, and
    /// there may be a million of them.
    var batchLine: Data? {
        guard case .success(.many(let tasks)) = outcome, tasks.allSatisfy({ $0.warning == nil }),
            let id = try? JSONEncoder().encode(id)
        else { return nil }
        var line = Data(#"{"id":"#.utf8)
        line.reserveCapacity(64 + tasks.count * 32)
        line.append(id)
        line.append(contentsOf: #","jsonrpc":"2.0","result":["#.utf8)
        var separator = ""
        for task in tasks {
            line.append(contentsOf: "\(separator){\"created\":\(task.created),\"id\":\(task.id)}".utf8)
            separator = ","
        }
        line.append(contentsOf: "]}".utf8)
        return line
    }
}
