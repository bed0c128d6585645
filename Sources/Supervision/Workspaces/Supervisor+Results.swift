import Platform
import SupervisorLink

extension Supervisor {
    /// How many files are opened for the engine before anything else gets its turn.
    static let filesPerTurn = 256

    /// Hands over what an attempt has left, before its end is told.
    func sendResults(of attempt: UInt64, to engine: LinkConnection) throws(LinkConnection.Obstacle) {
        guard let place = results.place(of: attempt), !outbox.resultsSent.contains(attempt) else { return }
        if outbox.partlySent?.attempt != attempt {
            if let file = workspaces.openResult(folder: place.folder, name: place.name) {
                try engine.send(.result(attempt: attempt), descriptors: [file])
            }
            outbox.partlySent = Outbox.PartlySent(attempt: attempt)
        }
        if let directory = workspaces.openResults(folder: place.folder, name: place.name) {
            try sendFiles(in: directory, of: attempt, to: engine)
        }
        outbox.resultsSent.insert(attempt)
        outbox.partlySent = nil
    }

    /// Goes on after the last name that has been sent.
    private func sendFiles(
        in directory: ResultDirectory, of attempt: UInt64, to engine: LinkConnection
    ) throws(LinkConnection.Obstacle) {
        guard outbox.filesLeft > 0 else { throw .paused }
        var contents = directory.contents()
        // To look at them costs, too.
        outbox.filesLeft -= 1 + contents.count / 16
        var rest = contents.files[...]
        if let last = outbox.partlySent?.lastName { rest = rest.drop { !last.utf8.lexicographicallyPrecedes($0.utf8) } }
        while !rest.isEmpty {
            guard outbox.filesLeft > 0 else { throw .paused }
            let batch = rest.prefix(LinkProtocol.maximumDescriptors)
            var files = ResultFiles(attempt: attempt)
            var descriptors: [Descriptor] = []
            for name in batch {
                guard let descriptor = directory.open(name) else {
                    contents.leave(Array(name.utf8), .unreadable)
                    continue
                }
                files.names.append(name)
                descriptors.append(descriptor)
            }
            try engine.send(.resultFiles(files), descriptors: descriptors)
            outbox.filesLeft -= batch.count
            outbox.partlySent?.lastName = batch.last
            rest = rest.dropFirst(batch.count)
        }
        if !contents.left.isEmpty { try engine.send(.resultFiles(ResultFiles(attempt: attempt, left: contents.left))) }
    }
}
