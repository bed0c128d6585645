import Foundation
import TestSupport
import Testing

/// What the program of the supervisor consists of: all tasks depend on it, so it is small, and starts in a millisecond.
@Suite struct LinkageTests {
    private func names(_ words: String...) throws -> [Bool] {
        let program = try Data(contentsOf: URL(filePath: Fixture.program))
        return words.map { program.range(of: Data($0.utf8)) != nil }
    }

    @Test func theSupervisorHasNoFoundation() throws {
        // As a library, and as the module in the names of what is linked into it.
        #expect(try names("libFoundation", "10Foundation", "20FoundationEssentials") == [false, false, false])
        #expect(try names("libc.so", "11Supervision", "14SupervisorLink") == [true, true, true])
    }
}
