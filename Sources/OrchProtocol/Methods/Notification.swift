import FoundationEssentials

/// What a streaming method sends before its answer. `params.request` is the id of the request that it belongs to.
public enum Notification: Sendable, Equatable {
    case event(request: RequestID, Event)
    /// Events that are not shown to this client.
    case omitted(request: RequestID, Omission)
    case finished(request: RequestID, TaskRecord)
    case output(request: RequestID, OutputChunk)
    case backup(request: RequestID, BackupPart)
    case file(request: RequestID, FilePart)

    /// The id of the request that it belongs to.
    public var request: RequestID {
        switch self {
        case .event(let request, _), .omitted(let request, _), .finished(let request, _), .output(let request, _),
            .backup(let request, _),
            .file(let request, _):
            request
        }
    }
}

/// The numbers of events that follow each other and are about nothing that the client may see. They count as received.
public struct Omission: Codable, Sendable, Equatable {
    public var first: Int64
    public var last: Int64

    public init(_ numbers: ClosedRange<Int64>) {
        first = numbers.lowerBound
        last = numbers.upperBound
    }
}

/// A piece of output. Exactly one of `text` and `base64` is given: text where the bytes are UTF-8.
public struct OutputChunk: Codable, Sendable, Equatable {
    public var stream: OutputStream
    /// The number of the attempt that wrote it: a task that is tried again begins a new stream.
    public var attempt: Int
    /// Where in the stream the piece begins, in bytes.
    public var offset: Int64
    public var text: String?
    public var base64: String?

    public init(stream: OutputStream, offset: Int64, text: String? = nil, base64: String? = nil, attempt: Int = 1) {
        self.stream = stream
        self.attempt = attempt
        self.offset = offset
        self.text = text
        self.base64 = base64
    }

    /// Its bytes; nil where it has neither text nor valid base64.
    public var bytes: [UInt8]? {
        text.map { Array($0.utf8) } ?? base64.flatMap { Data(base64Encoded: $0) }.map { Array($0) }
    }
}

extension Notification: Codable {
    enum CodingKeys: String, CodingKey { case jsonrpc, method, params }
    enum ParameterKeys: String, CodingKey { case request, event, omitted, task, output, backup, file }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let params = try container.nestedContainer(keyedBy: ParameterKeys.self, forKey: .params)
        let request = try params.decode(RequestID.self, forKey: .request)
        switch try container.decode(String.self, forKey: .method) {
        case Method.subscribe.name:
            if let omission = try params.decodeIfPresent(Omission.self, forKey: .omitted) {
                self = .omitted(request: request, omission)
            } else {
                self = .event(request: request, try params.decode(Event.self, forKey: .event))
            }
        case Method.wait.name: self = .finished(request: request, try params.decode(TaskRecord.self, forKey: .task))
        case Method.logs.name: self = .output(request: request, try params.decode(OutputChunk.self, forKey: .output))
        case Method.backup.name: self = .backup(request: request, try params.decode(BackupPart.self, forKey: .backup))
        case Method.file.name: self = .file(request: request, try params.decode(FilePart.self, forKey: .file))
        default:
            throw DecodingError.dataCorruptedError(
                forKey: .method, in: container, debugDescription: "not a method that streams")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        let (method, member, part): (any MethodDescriptor, ParameterKeys, any Encodable) =
            switch self {
            case .event(_, let event): (Method.subscribe, .event, event)
            case .omitted(_, let omission): (Method.subscribe, .omitted, omission)
            case .finished(_, let task): (Method.wait, .task, task)
            case .output(_, let chunk): (Method.logs, .output, chunk)
            case .backup(_, let part): (Method.backup, .backup, part)
            case .file(_, let part): (Method.file, .file, part)
            }
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode("2.0", forKey: .jsonrpc)
        try container.encode(method.name, forKey: .method)
        var params = container.nestedContainer(keyedBy: ParameterKeys.self, forKey: .params)
        try params.encode(request, forKey: .request)
        try params.encode(part, forKey: member)
    }
}
