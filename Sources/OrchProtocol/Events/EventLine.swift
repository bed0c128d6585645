import FoundationEssentials

extension Event {
    /// The event as one line of JSON, without its `\n`.
    ///
    /// Written by hand, because every task has several events, all of them on the turn loop's thread, and an encoder takes ten
    /// times as long. The keys are those of the synthesised `Codable`, which reads it.
    public var line: Data {
        var writer = LineWriter()
        writer.integer(#""seq":"#, seq)
        writer.time(#""at":"#, at)
        writer.string(#""kind":"#, kind.rawValue)
        if let task { writer.integer(#""task":"#, task) }
        if let attempt { writer.integer(#""attempt":"#, Int64(attempt)) }
        if let pool { writer.string(#""pool":"#, pool) }
        if let question { writer.string(#""question":"#, question) }
        if let submitter { writer.integer(#""submitter":"#, Int64(submitter)) }
        if let subject { writer.string(#""subject":"#, subject) }
        if let by { writer.string(#""by":"#, by) }
        if let gate { writer.string(#""gate":"#, gate) }
        if let worker { writer.string(#""worker":"#, worker) }
        if let pid { writer.integer(#""pid":"#, Int64(pid)) }
        if let state { writer.string(#""state":"#, state.rawValue) }
        if let outcome {
            writer.string(#""outcome":{"kind":"#, outcome.kind.rawValue)
            if let code = outcome.code { writer.integer(#""code":"#, Int64(code)) }
            if let failure = outcome.failure { writer.string(#""failure":"#, failure.rawValue) }
            writer.append("}")
        }
        if let usage { writer.usage(usage) }
        if let detail { writer.string(#""detail":"#, detail) }
        return writer.finished()
    }
}

private struct LineWriter {
    private var bytes: [UInt8] = []

    init() {
        bytes.reserveCapacity(256)
        append("{")
    }

    mutating func append(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Begins a member. The key comes with its quotes and colon, so that nothing is put together at run time.
    mutating func key(_ key: StaticString) {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        append(key)
    }

    mutating func integer(_ key: StaticString, _ value: Int64) {
        self.key(key)
        integer(value)
    }

    mutating func usage(_ usage: Usage) {
        key(#""usage":"#)
        var isFirst = true
        func member(_ name: StaticString, _ value: Int64?, _ writer: inout LineWriter) {
            guard let value else { return }
            writer.append(isFirst ? "{" : ",")
            writer.append(name)
            writer.integer(value)
            isFirst = false
        }
        member(#""tokens_in":"#, usage.tokensIn, &self)
        member(#""tokens_out":"#, usage.tokensOut, &self)
        member(#""tokens_cached":"#, usage.tokensCached, &self)
        member(#""cost_micros":"#, usage.cost, &self)
        append(isFirst ? "{}" : "}")
    }

    mutating func integer(_ value: Int64) { bytes.append(contentsOf: String(value).utf8) }

    mutating func time(_ key: StaticString, _ value: Timestamp) {
        self.key(key)
        append("\"")
        value.write(to: &bytes)
        append("\"")
    }

    /// Escapes what RFC 8259, section 7, says must be.
    mutating func string(_ key: StaticString, _ value: String) {
        self.key(key)
        append("\"")
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                append("\\")
                bytes.append(byte)
            case 0..<0x20:
                append("\\u00")
                for digit in [byte >> 4, byte & 15] {
                    bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
                }
            default: bytes.append(byte)
            }
        }
        append("\"")
    }

    mutating func finished() -> Data {
        append("}")
        return Data(bytes)
    }
}
