import Foundation
import OrchProtocol
import Testing

@testable import Engine

/// The journal's catalog and the ids of the entries that are written say the same.
@Suite struct CatalogTests {
    private static let catalog = (try? String(contentsOfFile: "systemd/orchd.catalog", encoding: .utf8)) ?? ""
    /// Every id that is written, once.
    private static let written: [String] =
        Set(
            Event.Kind.allCases.flatMap { kind in
                TaskState.allCases.compactMap { state in
                    var event = Event(at: Timestamp(milliseconds: 0), kind: kind)
                    event.state = state
                    return EventMessages.message(event)?.id
                }
            }
        ).union([EventMessages.degradedID, EventMessages.refusedID]).sorted()

    private static let entries: [[Substring]] = catalog.split(separator: "\n-- ").dropFirst().map {
        $0.split(separator: "\n", omittingEmptySubsequences: false)
    }

    @Test func eachIDThatIsWrittenIsExplained() {
        #expect(Set(Self.written).count == Self.written.count && Self.written.count > 20)
        #expect(Self.written.filter { !Self.catalog.contains("-- \($0)\n") } == [])
    }

    @Test func eachEntryIsOfAnIDThatIsWritten() {
        let explained = Self.entries.map { String($0[0]) }
        #expect(explained.filter { !Self.written.contains($0) } == [])
        #expect(Set(explained).count == explained.count)
    }

    @Test func eachEventHasASentenceAndAnID() {
        for kind in Event.Kind.allCases {
            let event = Event(at: Timestamp(milliseconds: 0), kind: kind)
            #expect(EventMessages.message(event) != nil, "\(kind.rawValue)")
        }
    }

    @Test func eachEntryHasItsHeadAndItsText() {
        for lines in Self.entries {
            #expect(lines.dropFirst().first?.hasPrefix("Subject: ") ?? false, "\(lines[0])")
            #expect(lines.contains("Defined-By: orchd") && lines.count > 5, "\(lines[0])")
        }
    }
}
