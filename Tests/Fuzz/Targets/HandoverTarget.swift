@testable import Supervision

/// What one supervisor leaves to the next: all of it is taken up, or nothing.
enum HandoverTarget: FuzzTarget {
    static let name = "handover"

    static func check(_ input: [UInt8]) throws {
        guard let handover = Handover(decoding: input) else { return }
        try hold(handover.encoded() == input, "other bytes for \(handover)")
    }
}
