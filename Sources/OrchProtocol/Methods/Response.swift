/// The answer to one request: a result or an error.
public struct Response<Result: Codable & Sendable>: Codable, Sendable {
    /// Nil only where the request's own id could not be read.
    public var id: RequestID?
    public var outcome: Swift.Result<Result, WireError>

    public init(id: RequestID?, result: Result) {
        self.id = id
        outcome = .success(result)
    }

    public init(id: RequestID?, error: WireError) {
        self.id = id
        outcome = .failure(error)
    }

    enum CodingKeys: String, CodingKey { case jsonrpc, id, result, error }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decodeIfPresent(RequestID.self, forKey: .id)
        if let error = try container.decodeIfPresent(WireError.self, forKey: .error) {
            outcome = .failure(error)
        } else {
            outcome = .success(try container.decode(Result.self, forKey: .result))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode("2.0", forKey: .jsonrpc)
        try container.encode(id, forKey: .id)
        switch outcome {
        case .success(let result): try container.encode(result, forKey: .result)
        case .failure(let error): try container.encode(error, forKey: .error)
        }
    }
}
