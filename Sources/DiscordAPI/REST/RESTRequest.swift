import FoundationEssentials
import NIOHTTP1

/// One request to the API, before it has a host and a token.
struct RESTRequest: Sendable {
    /// What follows where no answer came.
    enum Repetition: Sendable {
        /// It may be done twice with the same effect, and so is tried again.
        case safe
        /// Its caller has to find out, or to tell its own.
        case unsafe
    }

    var method: HTTPMethod
    /// Below the address of the API, with the query.
    var path: String
    var route: RateRoute
    var body: Body?
    var priority = SendPriority.card
    var repetition = Repetition.safe
    /// Requests by the token of an interaction do not need the bot's, and so do not get it.
    var needsToken = true
    /// How long to wait for the turn and the answers, in milliseconds.
    var patience: Int64 = 60_000
    var query = ""

    struct Body: Sendable {
        var contentType: String
        var bytes: [UInt8]
    }

    /// - parameter template: the path with `{}` for each part; the first one is what the limit is for.
    init(_ method: HTTPMethod, _ template: String, _ parts: String...) {
        self.method = method
        var path = ""
        var rest = parts[...]
        for piece in template.split(separator: "/") {
            path += "/"
            path += piece == "{}" ? Self.escaped(rest.popFirst() ?? "") : String(piece)
        }
        self.path = path
        route = RateRoute(name: "\(method.rawValue) \(template)", major: parts.first ?? "")
    }

    /// All bytes that mean something in a path become `%XX`.
    static func escaped(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "@"):
                bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// JSON, or with files the parts of a form.
    func with(json value: some Encodable, files: [OutgoingFile] = []) throws(DiscordError) -> Self {
        var request = self
        guard !files.isEmpty else {
            request.body = Body(contentType: "application/json", bytes: try Self.json(value))
            return request
        }
        guard files.count <= MessageLimits.files else {
            throw .refused("a message takes at most \(MessageLimits.files) files, not \(files.count)")
        }
        for file in files where file.bytes.count > MessageLimits.fileBytes {
            throw .refused(
                "\"\(file.name.prefix(100))\" has \(file.bytes.count) bytes, and Discord takes \(MessageLimits.fileBytes)")
        }
        request.body = Multipart.body(json: try Self.json(value), files: files)
        guard request.body?.bytes.count ?? 0 <= MessageLimits.requestBytes else {
            throw .refused("the files of a message have more than \(MessageLimits.requestBytes) bytes together")
        }
        return request
    }

    private static func json(_ value: some Encodable) throws(DiscordError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(value))
        } catch {
            throw .refused("this cannot be sent: \(error)")
        }
    }
}

/// A form with files, as RFC 7578 has it.
enum Multipart {
    static func body(json: [UInt8], files: [OutgoingFile]) -> RESTRequest.Body {
        let boundary = boundary(avoiding: [json] + files.map(\.bytes))
        var bytes: [UInt8] = []
        bytes.reserveCapacity(json.count + files.reduce(0) { $0 + $1.bytes.count } + 256 * (files.count + 1))
        func part(_ disposition: String, _ contentType: String, _ content: [UInt8]) {
            bytes += Array("--\(boundary)\r\nContent-Disposition: form-data; \(disposition)\r\n".utf8)
            bytes += Array("Content-Type: \(contentType)\r\n\r\n".utf8)
            bytes += content
            bytes += [0x0D, 0x0A]
        }
        part("name=\"payload_json\"", "application/json", json)
        for (index, file) in files.enumerated() {
            part("name=\"files[\(index)]\"; filename=\"\(escaped(file.name))\"", safeType(file.contentType), file.bytes)
        }
        bytes += Array("--\(boundary)--\r\n".utf8)
        return RESTRequest.Body(contentType: "multipart/form-data; boundary=\(boundary)", bytes: bytes)
    }

    /// A line that none of the parts has in it, no matter who wrote them: it is tried.
    private static func boundary(avoiding parts: [[UInt8]]) -> String {
        while true {
            let boundary =
                "orchd" + String(UInt64.random(in: .min ... .max), radix: 36)
                + String(UInt64.random(in: .min ... .max), radix: 36)
            let mark = Array("--\(boundary)".utf8)
            if !parts.contains(where: { $0.firstRange(of: mark) != nil }) { return boundary }
        }
    }

    /// The three that would end the name or the line, as browsers write them.
    private static func escaped(_ name: String) -> String {
        var text = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "\"": text += "%22"
            case "\r": text += "%0D"
            case "\n": text += "%0A"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    private static func safeType(_ type: String) -> String {
        type.utf8.allSatisfy { (0x20...0x7E).contains($0) } && type.utf8.count <= 128 ? type : "application/octet-stream"
    }
}
