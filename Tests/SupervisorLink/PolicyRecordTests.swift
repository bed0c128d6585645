import Testing

@testable import SupervisorLink

@Suite struct PolicyRecordTests {
    /// One of each kind at least.
    private static let records: [PolicyRecord] = [
        .pool("p", nil), .pool("gpu-2_x", .init(uid: 1000, groups: [1000, 27])),
        .submitter(pool: "p", .init(uid: 1, groups: [2])),
        .pool("many", .init(uid: 2, groups: Array(1...UInt32(PolicyRecord.maximumGroups)))),
        .account(user: 0, name: "a", shell: nil, home: nil),
        .account(user: 7, name: "b", shell: "/bin/sh", home: "/home/a b"), .program(pool: "p", path: "/opt/my tools/run"),
        .worktree(pool: "p", repository: "/srv/\u{E4} b"), .writable(pool: "p", path: "/"),
        .credential(pool: "p", .init(name: "a.b")), .credential(pool: "p", .init(name: "c", variable: "KEY")),
        .confine(pool: "p", .writes), .confine(pool: "p", .network), .limit(pool: "p", .memory, 1 << 40),
        .limit(pool: "p", .cpu, 10), .door(pool: "p"),
    ]

    @Test(arguments: records) func whatIsWrittenIsRead(record: PolicyRecord) throws {
        #expect(try PolicyRecord(line: record.line) == record)
    }

    /// Whatever a line lacks, or has in excess, it is no other record.
    @Test(arguments: records) func aLineThatIsCutIsNoneOrAnother(record: PolicyRecord) {
        let words = record.line.split(separator: " ", omittingEmptySubsequences: false)
        for count in 0..<words.count {
            let line = words[..<count].joined(separator: " ")
            let read = try? PolicyRecord(line: line)
            #expect(read != record && read.map { $0.line == line } ?? true)
        }
        #expect((try? PolicyRecord(line: " " + record.line)) == nil)
    }
}
