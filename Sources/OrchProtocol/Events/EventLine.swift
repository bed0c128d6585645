import FoundationEssentials

extension Event {
    /// The event as one line of JSON, without its `\n`.
    public var line: Data {
        var line: [UInt8] = []
        writeLine(numbered: seq, to: &line)
        return Data(line)
    }

    /// Appends the line of this event with another number.
    ///
    /// Written by hand, because every task has several events, all of them on the turn loop's thread, and an encoder takes ten
    /// times as long. The keys are those of the synthesised `Codable`, which reads it. They come with all that is around them, so that
    /// nothing is put together at run time.
    package func writeLine(numbered seq: Int64, to line: inout [UInt8]) {
        line.integer(#"{"seq":"#, seq)
        line.time(#","at":"#, at)
        line.string(#","kind":"#, kind.rawValue)
        if let task { line.integer(#","task":"#, task) }
        if let attempt { line.integer(#","attempt":"#, Int64(attempt)) }
        if let pool { line.string(#","pool":"#, pool) }
        if let question { line.string(#","question":"#, question) }
        if let submitter { line.integer(#","submitter":"#, Int64(submitter)) }
        if let subject { line.string(#","subject":"#, subject) }
        if let by { line.string(#","by":"#, by) }
        if let gate { line.string(#","gate":"#, gate) }
        if let worker { line.string(#","worker":"#, worker) }
        if let pid { line.integer(#","pid":"#, Int64(pid)) }
        if let state { line.string(#","state":"#, state.rawValue) }
        if let outcome {
            line.string(#","outcome":{"kind":"#, outcome.kind.rawValue)
            if let code = outcome.code { line.integer(#","code":"#, Int64(code)) }
            if let failure = outcome.failure { line.string(#","failure":"#, failure.rawValue) }
            line.add("}")
        }
        if let usage { line.usage(usage) }
        if let detail { line.string(#","detail":"#, detail) }
        line.add("}")
    }
}

extension [UInt8] {
    fileprivate mutating func add(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    fileprivate mutating func integer(_ key: StaticString, _ value: Int64) {
        add(key)
        if value < 0 { add("-") }
        // The last digit first.
        var (first, rest) = (count, value.magnitude)
        repeat {
            append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        var last = count - 1
        while first < last {
            swapAt(first, last)
            (first, last) = (first + 1, last - 1)
        }
    }

    fileprivate mutating func usage(_ usage: Usage) {
        add(#","usage":{"#)
        let start = count
        func member(_ key: StaticString, _ value: Int64?, _ line: inout [UInt8]) {
            guard let value else { return }
            if line.count > start { line.add(",") }
            line.integer(key, value)
        }
        member(#""tokens_in":"#, usage.tokensIn, &self)
        member(#""tokens_out":"#, usage.tokensOut, &self)
        member(#""tokens_cached":"#, usage.tokensCached, &self)
        member(#""cost_micros":"#, usage.cost, &self)
        add("}")
    }

    fileprivate mutating func time(_ key: StaticString, _ value: Timestamp) {
        add(key)
        add("\"")
        value.write(to: &self)
        add("\"")
    }

    /// Escapes what RFC 8259, section 7, says must be.
    fileprivate mutating func string(_ key: StaticString, _ value: String) {
        add(key)
        add("\"")
        var value = value
        value.withUTF8 { text in
            var written = 0
            for index in text.indices where Self.isEscaped(text[index]) {
                append(contentsOf: text[written..<index])
                escape(text[index])
                written = index + 1
            }
            append(contentsOf: text[written...])
        }
        add("\"")
    }

    private static func isEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func escape(_ byte: UInt8) {
        guard byte < 0x20 else {
            add("\\")
            return append(byte)
        }
        add("\\u00")
        for digit in [byte >> 4, byte & 15] {
            append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
    }
}
