import FoundationEssentials
import Text

/// Reads a `task.submit` as clients usually write one, ten times faster than the decoder, which a batch of 100 000 tasks is worth.
///
/// It knows no errors: whatever it does not take at first sight, from a rare member to bad JSON, is left to the decoder, which
/// answers with a request or with a complaint. So it must only never take what the decoder would read otherwise.
struct SubmissionReader {
    private static let marker = Array(#""task.submit""#.utf8)

    private let bytes: [UInt8]

    /// The request in a line; nil where the decoder has to look at it.
    static func request(from line: Data) -> Request? {
        // Clients put the method before the parameters; sorted keys, as Foundation writes them, put them in this order too.
        guard let first = line.first, first == UInt8(ascii: "{"), line.prefix(256).firstRange(of: marker) != nil else {
            return nil
        }
        return SubmissionReader(bytes: Array(line)).request()
    }

    private func request() -> Request? {
        var members: [String: Range<Int>] = [:]
        guard read(bytes.indices, into: &members), members.count == 4, let id = members["id"].flatMap(id),
            members["jsonrpc"].flatMap(string) == "2.0", members["method"].flatMap(string) == Method.submit.name,
            let params = members["params"]
        else { return nil }
        if bytes[params.lowerBound] == UInt8(ascii: "{") {
            return spec(params).map { Request(id: id, call: Call(.submit, .one($0))) }
        }
        guard let ranges = elements(params) else { return nil }
        var specs: [TaskSpec] = []
        specs.reserveCapacity(ranges.count)
        for range in ranges {
            guard let spec = spec(range) else { return nil }
            specs.append(spec)
        }
        return Request(id: id, call: Call(.submit, .many(specs)))
    }

    private func spec(_ range: Range<Int>) -> TaskSpec? {
        var spec = TaskSpec()
        return members(range) { set($0, of: &spec, to: $1) } ? spec : nil
    }

    private func set(_ name: String, of spec: inout TaskSpec, to value: Range<Int>) -> Bool {
        switch name {
        case "env": return spec.env == nil && setVariables(of: &spec, to: value)
        case "env_bytes":
            guard let entries: [Data] = decoded(value) else { return false }
            spec.envBytes = (spec.envBytes ?? []) + entries
            return true
        // Its own reader of JSON values is stricter and looser in places.
        case "result_schema": return false
        default:
            if let option = TaskOptions.byName[name] { return option.readFast(&spec.options, value, self) }
            return TaskSpec.byName[name]?.readFast(&spec, value, self) ?? false
        }
    }

    /// The variables by the bytes of their names: two spellings of one text are two, which a dictionary of strings cannot hold.
    private func setVariables(of spec: inout TaskSpec, to range: Range<Int>) -> Bool {
        var variables: [ByteString: ByteString] = [:]
        let isSimple = members(range) { name, value in
            string(value).map { variables.updateValue(ByteString($0), forKey: ByteString(name)) == nil } ?? false
        }
        guard isSimple else { return false }
        let others = spec.envBytes
        spec.variables = variables
        spec.env = spec.env ?? [:]
        if let others { spec.envBytes = (spec.envBytes ?? []) + others }
        return true
    }

    /// What is rare enough to be left to the decoder alone.
    fileprivate func decoded<T: Decodable>(_ range: Range<Int>) -> T? {
        try? JSONDecoder().decode(T.self, from: Data(bytes[range]))
    }

    fileprivate func seconds(_ range: Range<Int>) -> Double? { integer(range).map(Double.init) ?? decoded(range) }

    private func id(_ range: Range<Int>) -> RequestID? {
        integer(range).map { .number(Int64($0)) } ?? string(range).map { .string($0) }
    }

    fileprivate func string(_ range: Range<Int>) -> String? {
        guard bytes[range.lowerBound] == UInt8(ascii: "\"") else { return nil }
        // The escapes of one string are not worth a reader of their own.
        return text(range.dropFirst().dropLast()) ?? (try? JSONDecoder().decode(String.self, from: Data(bytes[range])))
    }

    /// The name of a member.
    private func key(_ range: Range<Int>) -> String? { text(range) ?? string(range.lowerBound - 1..<range.upperBound + 1) }

    /// What is between quotes, where nothing in it is escaped.
    private func text(_ range: Range<Int>) -> String? {
        let content = bytes[range]
        return content.contains(UInt8(ascii: "\\")) ? nil : String(validating: content, as: UTF8.self)
    }

    fileprivate func file(_ range: Range<Int>) -> SubmittedFile? {
        var members: [String: Range<Int>] = [:]
        guard read(range, into: &members), members.count == 2, let name = members["name"].flatMap(string),
            let data = members["base64"].flatMap(string).flatMap({ Data(base64Encoded: $0) })
        else { return nil }
        return SubmittedFile(name: name, base64: data)
    }

    fileprivate func integer(_ range: Range<Int>) -> Int? {
        // More digits may not fit; a fraction or an exponent is for the decoder.
        guard range.count <= 15 else { return nil }
        let isNegative = bytes[range.lowerBound] == UInt8(ascii: "-")
        let digits = isNegative ? range.dropFirst() : range
        guard !digits.isEmpty, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[$0]) }) else {
            return nil
        }
        let magnitude = digits.reduce(0) { $0 * 10 + Int(bytes[$1] - UInt8(ascii: "0")) }
        return isNegative ? -magnitude : magnitude
    }

    fileprivate func elements(_ range: Range<Int>) -> [Range<Int>]? {
        var ranges: [Range<Int>] = []
        var scanner = JSONScanner(bytes, in: range)
        let passed: Void? = try? scanner.array { ranges.append($0) }
        return passed.map { ranges }
    }

    fileprivate func dictionary(_ range: Range<Int>) -> [String: String]? {
        var members: [String: Range<Int>] = [:]
        guard read(range, into: &members) else { return nil }
        let values = members.compactMapValues(string)
        return values.count == members.count ? values : nil
    }

    /// The members of an object, each of which has another key.
    private func read(_ range: Range<Int>, into members: inout [String: Range<Int>]) -> Bool {
        self.members(range) { members.updateValue($1, forKey: $0) == nil }
    }

    /// Hands over the members of an object, as long as they are wanted. False where one is not, or there is something else.
    private func members(_ range: Range<Int>, _ take: (_ name: String, _ value: Range<Int>) -> Bool) -> Bool {
        var isSimple = true
        var scanner = JSONScanner(bytes, in: range)
        let passed: Void? = try? scanner.object { key, value in
            isSimple = isSimple && self.key(key).map { take($0, value) } ?? false
        }
        scanner.skipSpace()
        return passed != nil && isSimple && scanner.position == range.upperBound
    }
}

extension Response<SubmissionResult> {
    /// The answer to a batch as a line of JSON; nil for any other.
    ///
    /// Written by hand, because an encoder makes half a kilobyte of objects of each task before it writes the first byte, and
    /// there may be a million of them.
    var batchLine: Data? {
        guard case .success(.many(let tasks)) = outcome, tasks.allSatisfy({ $0.warning == nil }),
            let id = try? JSONEncoder().encode(id)
        else { return nil }
        var line = Data(#"{"id":"#.utf8)
        line.reserveCapacity(64 + tasks.count * 32)
        line.append(id)
        line.append(contentsOf: #","jsonrpc":"2.0","result":["#.utf8)
        var separator = ""
        for task in tasks {
            line.append(contentsOf: "\(separator){\"created\":\(task.created),\"id\":\(task.id)}".utf8)
            separator = ","
        }
        line.append(contentsOf: "]}".utf8)
        return line
    }
}

/// What the reader can read at first sight; nil is left to the decoder.
protocol FastReadable: Codable, Sendable {
    static func read(_ range: Range<Int>, _ reader: SubmissionReader) -> Self?
}

extension FastReadable {
    static func read(_ range: Range<Int>, _ reader: SubmissionReader) -> Self? { reader.decoded(range) }
}

extension String: FastReadable {
    static func read(_ range: Range<Int>, _ reader: SubmissionReader) -> String? { reader.string(range) }
}

extension Int: FastReadable {
    static func read(_ range: Range<Int>, _ reader: SubmissionReader) -> Int? { reader.integer(range) }
}

extension Double: FastReadable {
    static func read(_ range: Range<Int>, _ reader: SubmissionReader) -> Double? { reader.seconds(range) }
}

extension Array: FastReadable where Element: FastReadable {
    static func read(_ range: Range<Int>, _ reader: SubmissionReader) -> [Element]? {
        guard let ranges = reader.elements(range) else { return nil }
        let elements = ranges.compactMap { Element.read($0, reader) }
        return elements.count == ranges.count ? elements : nil
    }
}

extension Dictionary: FastReadable where Key == String, Value == String {
    static func read(_ range: Range<Int>, _ reader: SubmissionReader) -> [String: String]? { reader.dictionary(range) }
}

extension SubmittedFile: FastReadable {
    static func read(_ range: Range<Int>, _ reader: SubmissionReader) -> SubmittedFile? { reader.file(range) }
}

extension Bool: FastReadable {}
extension Data: FastReadable {}
extension JSONValue: FastReadable {}
extension Timestamp: FastReadable {}
extension ThinkingLevel: FastReadable {}
extension RetryCause: FastReadable {}
extension ResourceLimits: FastReadable {}
