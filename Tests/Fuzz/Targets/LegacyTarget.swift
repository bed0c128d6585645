import OrchProtocol
import Presentation

/// The queue file of `orchctl import`, and the lines of `orchctl results --format legacy`.
enum LegacyTarget: FuzzTarget {
    static let name = "legacy"

    static func check(_ input: [UInt8]) throws {
        let text = String(decoding: input, as: UTF8.self)
        let line = LegacyLine.text([text, "", text])
        try hold(LegacyLine.fields(line) == [text, "", text], "the fields of a line are not those it was made of")
        try hold(!line.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "a control character in a line")

        let lines = input.split(separator: 0x0A, omittingEmptySubsequences: false).count
        let queue: LegacyQueue
        do throws(LegacyQueue.Rejected) {
            queue = try LegacyQueue(input)
        } catch {
            try hold(!error.message.isEmpty, "no reason")
            if let line = error.line { try hold((1...lines).contains(line), "line \(line) of \(lines)") }
            return
        }
        try hold(Set(queue.items.map(\.id)).count == queue.items.count, "an id twice")
        for item in queue.items {
            let spec = item.spec(pool: nil)
            try hold(spec.key.flatMap(LegacyID.id(ofKey:)) == item.id, "the id of line \(item.line) is not in its key")
            // A `#` at its beginning would make a comment of it, which only an escape keeps it from.
            guard !item.id.hasPrefix("#") else { continue }
            let written = LegacyLine.text([item.id, item.description, item.model ?? "", item.thinking?.rawValue ?? ""])
            var again = item
            again.line = 1
            try hold(try LegacyQueue(Array(written.utf8)).items == [again], "line \(item.line) written again is another task")
        }
    }
}
