import Storage
import TestSupport
import Testing

@testable import Engine

@Suite struct BranchTests {
    @Test(arguments: [
        ("web1", "web1"), ("Web-1.example.org", "web-1"), ("", "host"), ("...", "host"), ("--a--b--", "a-b"), ("ä b", "b"),
        ("a\u{301}~^:?*[\\@{", "a"), (String(repeating: "x", count: 300), String(repeating: "x", count: 20)), ("a.lock", "a"),
    ])
    func aHostIsWhatABranchMayBeCalled(_ host: String, _ part: String) {
        #expect(Branches.part(host) == part)
    }

    /// Two queues have two names for the same task, and each keeps its own, whatever its clock says.
    @Test func aQueueHasANameOfItsOwn() throws {
        let directory = try ScratchDirectory()
        let names = try (0..<2).map { number in
            let path = directory.path("\(number).db")
            var found: [String] = []
            for _ in 0..<2 {
                let store = try SQLiteStore(path: path)
                let branches = Branches(host: "h", queue: try store.queueNumbers())
                found.append(branches.name(task: 42, attempt: 1, dispatchedAt: .max))
                #expect(branches.name(task: 42, attempt: 1, dispatchedAt: 0) == found.last)
                try store.close()
            }
            #expect(found[0] == found[1])
            return found[0]
        }
        #expect(names[0] != names[1] && names.allSatisfy { $0.hasPrefix("orchd-h-") && $0.hasSuffix("-42-1") }, "\(names)")
    }

    /// A backup may become a queue beside the one that it was made of.
    @Test func aRestoredQueueIsAnother() throws {
        let directory = try ScratchDirectory()
        let path = directory.path("queue.db")
        let store = try SQLiteStore(path: path)
        let before = try store.queueNumbers()
        try store.close()
        try StoppedDatabase.adopt(path, after: .init(), attempts: [:], at: 1)
        let restored = try SQLiteStore(path: path)
        #expect(try restored.queueNumbers() != before)
        try restored.close()
    }
}
