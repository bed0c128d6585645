import FoundationEssentials

extension Event {
    /// The event as one line of JSON, without its `\n`.
    ///
    /// Written by hand, because every task has several events, all of them on the turn loop's thread, and an encoder takes ten
    /// times as long. The keys are those of the synthesised `Codable`, which reads it.
    public var line: Data {
        var writer = LineWriter()
        writer.integer("seq", seq)
        writer.time("at", at)
        writer.string("kind", kind.rawValue)
        if let task { writer.integer("task", task) }
        if let attempt { writer.integer("attempt", Int64(attempt)) }
        if let pool { writer.string("pool", pool) }
        if let worker { writer.string("worker", worker) }
        if let pid { writer.integer("pid", Int64(pid)) }
        if let state { writer.string("state", state.rawValue) }
        if let outcome {
            writer.key("outcome")
            writer.append("{\"kind\":\"\(outcome.kind.rawValue)\"")
            if let code = outcome.code { writer.append(",\"code\":\(code)") }
            writer.append("}")
        }
        if let detail { writer.string("detail", detail) }
        return writer.finished
    }
}

private struct LineWriter {
    private var bytes: [UInt8] = [UInt8(ascii: "{")]

    init() { bytes.reserveCapacity(256) }

    mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    mutating func key(_ key: String) {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        append("\"\(key)\":")
    }

    mutating func integer(_ key: String, _ value: Int64) {
        self.key(key)
        append(String(value))
    }

    mutating func time(_ key: String, _ value: WireTime) {
        self.key(key)
        append("\"\(value)\"")
    }

    /// Escapes what RFC 8259, section 7, says must be.
    mutating func string(_ key: String, _ value: String) {
        self.key(key)
        bytes.append(UInt8(ascii: "\""))
        for byte in value.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20:
                let digits = Array("0123456789abcdef".utf8)
                append("\\u00")
                bytes.append(digits[Int(byte >> 4)])
                bytes.append(digits[Int(byte & 15)])
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    var finished: Data { Data(bytes + [UInt8(ascii: "}")]) }
}
