import Presentation

/// A line at the bottom of the terminal about what takes longer than a second. Elsewhere there is none.
final class Progress {
    private let name: String
    private let began = ContinuousClock.now
    private var shownAt: ContinuousClock.Instant?

    init(_ name: String) { self.name = name }

    func show(_ done: Int64, of all: Int64, _ what: String) {
        let now = ContinuousClock.now
        guard Terminal.isError, now - began > .seconds(1), now - (shownAt ?? began) > .milliseconds(200) else { return }
        shownAt = now
        let percent = all > 0 ? min(100, done * 100 / all) : 0
        write("\r\u{1B}[K\(name): \(percent) % of \(ByteText.text(all)), \(what)")
    }

    func clear() { if shownAt != nil { write("\r\u{1B}[K") } }

    private func write(_ text: String) { try? Output.write(Array(text.utf8), to: 2) }
}
