import FoundationEssentials
import OrchProtocol

/// Puts pieces of output together: what is not known yet, in whole lines. Each byte comes once, however the pieces overlap.
struct LogReader {
    /// Up to where everything was given out.
    private(set) var place: LogPlace
    private var text: [UInt8] = []
    /// The beginnings of lines that have not ended.
    private var rest: [OutputStream: [UInt8]] = [:]

    /// How much is given out at once: of more, the end.
    private static let most = 32 << 10
    /// How long a line may be that has not ended.
    private static let longestLine = 2048

    init(after place: LogPlace) { self.place = place }

    mutating func take(_ chunk: OutputChunk) {
        guard chunk.attempt >= place.attempt else { return }
        if chunk.attempt > place.attempt {
            flush()
            place = LogPlace(attempt: chunk.attempt)
        }
        let stream = chunk.stream
        let bytes = chunk.bytes ?? []
        var next = place[stream] + Int64(rest[stream]?.count ?? 0)
        if chunk.offset > next {
            // What is between was left out.
            flush(stream)
            place[stream] = chunk.offset
            next = chunk.offset
        }
        guard next - chunk.offset < bytes.count else { return }
        rest[stream, default: []] += bytes[Int(next - chunk.offset)...]
        let line = rest[stream] ?? []
        if let end = line.lastIndex(of: UInt8(ascii: "\n")) {
            give(line[...end], of: stream)
            rest[stream] = Array(line[(end + 1)...])
        } else if line.count > Self.longestLine {
            flush(stream)
        }
    }

    /// What came, and up to where it goes.
    mutating func piece(isLast: Bool) -> LogPiece {
        if isLast { flush() }
        defer { text = [] }
        return LogPiece(text: String(decoding: text.suffix(Self.most), as: UTF8.self), place: place, isLast: isLast)
    }

    private mutating func flush() { for stream in [OutputStream.stdout, .stderr] { flush(stream) } }

    private mutating func flush(_ stream: OutputStream) {
        guard let line = rest.removeValue(forKey: stream), !line.isEmpty else { return }
        give(line[...], of: stream)
    }

    private mutating func give(_ bytes: ArraySlice<UInt8>, of stream: OutputStream) {
        place[stream] += Int64(bytes.count)
        text += bytes
        if text.count > 2 * Self.most { text.removeFirst(text.count - Self.most) }
    }
}

extension LogPlace {
    subscript(_ stream: OutputStream) -> Int64 {
        get { stream == .stdout ? stdout : stderr }
        set { if stream == .stdout { stdout = newValue } else { stderr = newValue } }
    }
}
