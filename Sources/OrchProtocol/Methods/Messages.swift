/// The id of a JSON-RPC request: a whole number or a string, chosen by the client and handed back in the answer.
public enum RequestID: Codable, Sendable, Hashable {
    case number(Int64)
    case string(String)

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Int64.self) {
            self = .number(number)
        } else {
            self = .string(try container.decode(String.self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .number(let number): try container.encode(number)
        case .string(let string): try container.encode(string)
        }
    }
}

/// One request line.
public struct Request: Codable, Sendable, Equatable {
    public var id: RequestID
    public var call: Call

    public init(id: RequestID, call: Call) {
        self.id = id
        self.call = call
    }

    enum CodingKeys: String, CodingKey, CaseIterable { case jsonrpc, id, method, params }

    /// What went wrong with a line that was JSON, and the id to answer to where it had a usable one.
    struct Rejected: Error {
        var id: RequestID?
        var error: WireError
    }

    public init(from decoder: any Decoder) throws {
        let container: KeyedDecodingContainer<CodingKeys>
        do {
            container = try decoder.container(keyedBy: CodingKeys.self)
        } catch {
            throw Rejected(id: nil, error: WireError(.invalidRequest, "a request is a JSON object"))
        }
        let id = try? container.decodeIfPresent(RequestID.self, forKey: .id)
        func reject(_ code: WireError.Code, _ message: String, field: String? = nil) -> Rejected {
            Rejected(id: id, error: WireError(code, message, field: field))
        }
        guard (try? container.decode(String.self, forKey: .jsonrpc)) == "2.0" else {
            throw reject(.invalidRequest, "a request has \"jsonrpc\": \"2.0\"", field: "jsonrpc")
        }
        guard let id else {
            throw reject(.invalidRequest, "a request has an \"id\": a whole number or a string", field: "id")
        }
        guard let name = try? container.decode(String.self, forKey: .method) else {
            throw reject(.invalidRequest, "a request has a \"method\": a string", field: "method")
        }
        guard let method = Methods.named(name) else {
            let hint = nearest(name, in: Methods.all.map(\.name)).map { "; did you mean \"\($0)\"?" } ?? ""
            throw reject(.unknownMethod, "there is no method \"\(name.shortened(to: 80))\"\(hint)")
        }
        self.id = id
        do {
            let present = container.contains(.params)
            call = try method.call(from: present ? container.superDecoder(forKey: .params) : EmptyObject.decoder())
        } catch let error as WireError {
            throw Rejected(id: id, error: error)
        } catch let error as DecodingError {
            throw Rejected(id: id, error: WireError(error, of: method))
        } catch {
            // Of Foundation, without a place: it can only be the name of a member.
            throw reject(.invalidParameter, "the parameters of \(method.name) have a name that is not valid text")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode("2.0", forKey: .jsonrpc)
        try container.encode(id, forKey: .id)
        try container.encode(call.method.name, forKey: .method)
        try call.parameters.encode(to: container.superEncoder(forKey: .params))
    }
}

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
