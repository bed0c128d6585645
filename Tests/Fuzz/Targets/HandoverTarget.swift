@testable import Supervision

/// What one supervisor leaves to the next: all of it is taken up, or nothing.
enum HandoverTarget: FuzzTarget {
    static let name = "delivery"

    static func check(_ input: [UInt8]) throws {
        guard let delivery = Delivery(decoding: input) else { return }
        try hold(delivery.encoded() == input, "other bytes for \(delivery)")
    }
}
