import OrchProtocol
import Presentation

@testable import Engine

/// Durations, sizes and points in time as people write them.
enum TextsTarget: FuzzTarget {
    static let name = "texts"

    private static let now = Timestamp(milliseconds: 1_795_371_903_250)

    static func check(_ input: [UInt8]) throws {
        guard let text = String(validating: input, as: UTF8.self) else { return }
        if let seconds = DurationText.seconds(text) {
            try hold(seconds.isFinite && seconds >= 0, "\(seconds) seconds")
            let shown = DurationText.text(seconds)
            try hold(DurationText.seconds(shown) != nil, "\(shown) is shown, and cannot be read")
        }
        if let bytes = SizeText.bytes(text) { try hold(bytes > 0, "\(bytes) bytes") }
        if let time = Timestamp(text) {
            try hold(Timestamp.range.contains(time.milliseconds), "out of range")
            try hold(Timestamp(time.description) == time, "\(time) cannot be read again")
        }
        for direction in [TimeText.Direction.past, .future] {
            guard let time = TimeText.parse(text, now: now, direction: direction) else { continue }
            try hold(Timestamp.range.contains(time.milliseconds), "out of range")
            try hold(!LocalTime.full(time, now: now).isEmpty && !LocalTime.short(time, now: now).isEmpty, "not shown")
        }
    }
}
