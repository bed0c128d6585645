import FoundationEssentials

/// The protocol between the daemon and a warm worker, `docs/worker-protocol.md`: lines of JSON on the descriptor that
/// `ORCH_WORKER_FD` names.
public enum WorkerProtocol {
    /// The longest message of a worker, in bytes, its `\n` not counted. What it says stays in the socket until it is committed.
    public static let maximumMessage = 65_536

    /// Tells a worker that there will be no task.
    public static let exit = Data(#"{"type":"exit"}"#.utf8)
}

/// A task, as a warm worker gets it. Exactly one of `prompt` and `command` is there.
public struct WorkerTask: Codable, Sendable, Equatable {
    public var type = "task"
    /// Of the task.
    public var id: Int64
    /// The number of the attempt within the task.
    public var attempt: Int
    public var prompt: String?
    public var command: [String]?
    /// The same in base64, where an argument is not UTF-8.
    public var commandBytes: [Data]?
    public var model: String?
    public var thinking: String?
    public var labels: [String: String]?
    /// The text that a command would have on its standard input.
    public var stdin: String?
    /// Instead of it where it is not UTF-8, in base64.
    public var stdinBytes: Data?
    /// What the submitter wants to have in the environment.
    public var env: [String: String]?
    /// Those of them that are not UTF-8, as `NAME=value` in base64.
    public var envBytes: [Data]?
    /// Where the submitter wants it to be done; in the workspace, where it is left out.
    public var cwd: String?
    /// The same in base64, where it is not UTF-8.
    public var cwdBytes: Data?
    /// Seconds after which the worker is ended.
    public var timeout: Double?
    /// The JSON Schema that the result must satisfy, as JSON.
    public var resultSchema: JSONValue?

    enum CodingKeys: String, CodingKey {
        case type, id, attempt, prompt, command, model, thinking, labels, stdin, env, cwd, timeout
        case resultSchema = "result_schema"
        case commandBytes = "command_bytes"
        case envBytes = "env_bytes"
        case cwdBytes = "cwd_bytes"
        case stdinBytes = "stdin_bytes"
    }

    public init(id: Int64, attempt: Int) {
        self.id = id
        self.attempt = attempt
    }
}

/// How many tokens a task has taken so far, and what they cost: the last message of an attempt counts.
public struct WorkerUsage: Codable, Sendable, Equatable {
    public var inputTokens: Int64?
    public var outputTokens: Int64?
    public var cachedTokens: Int64?
    /// US dollars.
    public var cost: Double?

    public enum CodingKeys: String, CodingKey, CaseIterable {
        case inputTokens = "input_tokens"
        case outputTokens = "output_tokens"
        case cachedTokens = "cached_tokens"
        case cost
    }
}

/// What a worker says.
public enum WorkerMessage: Sendable, Equatable {
    /// It takes a task.
    public struct Ready: Codable, Sendable, Equatable {
        /// What it can do.
        public var capabilities: [String]?
        /// What it is: a name and a version, for people.
        public var version: String?
    }

    /// How far it is with its task.
    public struct Progress: Codable, Sendable, Equatable {
        /// 0 to 100.
        public var percent: Double?
        public var text: String?
    }

    /// How its task ended.
    public struct Result: Codable, Sendable, Equatable {
        public struct Status: OpenEnum {
            public static let success = Self("success")
            public static let failure = Self("failure")

            public static let allCases: [Self] = [.success, .failure]

            public let rawValue: String
            public init(rawValue: String) { self.rawValue = rawValue }
        }

        public var status: Status
        /// The result itself; a longer one goes into the file that `ORCH_RESULT_FILE` names.
        public var output: String?
        /// Why, in words.
        public var reason: String?
        public var usage: WorkerUsage?
    }

    case ready(Ready)
    /// It has read its task, and begins now.
    case accepted
    case progress(Progress)
    case usage(WorkerUsage)
    case result(Result)

    /// What is wrong with a line, as in "the worker sent …".
    public struct Malformed: Error, Equatable {
        public var message: String
    }

    private struct Kind: Decodable {
        var type: String
    }

    /// Reads a line. Members that are not known are ignored, a `type` that is not known is not.
    public init(line: Data) throws(Malformed) {
        func decode<T: Decodable>(_ type: T.Type, _ what: String) throws(Malformed) -> T {
            do {
                return try JSONDecoder().decode(type, from: line)
            } catch {
                let text = String(decoding: line.prefix(200), as: UTF8.self)
                throw Malformed(message: "sent an invalid \(what): \(text.shortened(to: 80))")
            }
        }
        switch try decode(Kind.self, "message").type {
        case "ready": self = .ready(try decode(Ready.self, "\"ready\""))
        case "accepted": self = .accepted
        case "progress": self = .progress(try decode(Progress.self, "\"progress\""))
        case "usage": self = .usage(try decode(WorkerUsage.self, "\"usage\""))
        case "result":
            let result = try decode(Result.self, "\"result\"")
            guard Result.Status.allCases.contains(result.status) else {
                throw Malformed(message: "sent a result that is neither \"success\" nor \"failure\"")
            }
            self = .result(result)
        case let type: throw Malformed(message: "sent a message of the unknown type \"\(type.shortened(to: 40))\"")
        }
    }
}
