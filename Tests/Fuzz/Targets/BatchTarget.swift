import OrchClient
import OrchProtocol

/// The file of `orchctl submit --batch`.
enum BatchTarget: FuzzTarget {
    static let name = "batch"

    static func check(_ input: [UInt8]) throws {
        let lines = input.split(separator: 0x0A, omittingEmptySubsequences: false).count
        let batch: Batch
        do throws(Batch.Rejected) {
            batch = try Batch(input, keyPrefix: "k")
        } catch {
            try hold(!error.message.isEmpty, "no reason")
            if let line = error.line { try hold((1...lines).contains(line), "line \(line) of \(lines)") }
            return
        }
        let head = #"{"jsonrpc":"2.0","id":1,"method":"task.submit","params":"#
        switch try RequestTarget.request(Array(head.utf8) + batch.parameters + [UInt8(ascii: "}")]) {
        case .success(let request):
            guard case .many(let specs)? = request.call[.submit] else { throw Broken(description: "not a batch") }
            try hold(specs.count == batch.count, "\(specs.count) tasks of \(batch.count)")
            if batch.isRepeatable { try hold(specs.allSatisfy { $0.key != nil }, "a repeatable batch lacks keys") }
        case .failure(let error):
            try hold(error.kind == .invalidParameter, "what was checked is refused as a whole: \(error)")
            // Foundation does not say where a number is that does not fit.
            guard let field = error.data?.field else { return }
            let line = try hold(batch.lineNumber(ofField: field), "no line for \(field)")
            try hold((1...lines).contains(line), "line \(line) of \(lines)")
        }
    }
}
