import FoundationEssentials
import OrchClient
import OrchProtocol
import Platform
import Presentation

/// A session with the daemon, and how its results are printed.
struct Client {
    let session: Session
    let json: Bool

    init(_ options: GlobalOptions) throws {
        session = Session(path: try SocketPath.choose(options.socket))
        json = options.json
    }

    /// Says which daemon it is that answers, where the user could mean another and has not said.
    func remarkOthers(_ options: GlobalOptions) {
        guard options.socket == nil, !json else { return }
        for other in SocketPath.others(than: session.path) {
            Output.remark("this is the daemon at \(session.path); another answers at \(other), which --socket names")
        }
    }

    /// Asks, and prints the answer: as JSON with `--json`, else as the text made of it.
    func show<R: Decodable>(_ call: Call, as type: R.Type, _ text: (R) throws -> String) throws {
        let bytes = try session.perform(repeatable: call.isRepeatable) { try $0.answer(to: $0.send(call)) }
        try told(of: call) { try json ? printJSON(bytes) : Output.print(text(decode(type, bytes, of: call.method))) }
    }

    /// Where what was done cannot be told, that is told.
    private func told(of call: Call, _ tell: () throws -> Void) throws {
        do {
            try tell()
        } catch var failure as Failure where !call.isReading {
            failure.message += "; the request was carried out"
            throw failure
        }
    }

    /// Asks for the pages of a list, one after the other: `body` is given each, and answers the call for the next, or nil.
    func showPages<R: Decodable>(from first: Call, as type: R.Type, _ body: (R) throws -> (text: String, next: Call?)) throws {
        var call: Call? = first
        while let page = call {
            let bytes = try session.perform(repeatable: page.isRepeatable) { try $0.answer(to: $0.send(page)) }
            let (text, next) = try body(decode(type, bytes, of: page.method))
            try json ? printJSON(bytes) : Output.print(text)
            call = next
        }
    }

    /// Prints JSON: laid out for a person at a terminal, one line for a program.
    func printJSON(_ bytes: [UInt8]) throws {
        try Output.write((Terminal.isOutput ? JSONText.pretty(bytes) : bytes) + [0x0A])
    }

    /// Prints a value of the protocol as JSON.
    func printJSON(_ value: some Encodable) throws { try printJSON([UInt8](Wire.line(value))) }

    func decode<R: Decodable>(_ type: R.Type, _ bytes: [UInt8], of method: OrchProtocol.Method) throws -> R {
        do {
            return try Wire.decode(type, from: Data(bytes))
        } catch {
            throw ClientError.malformed("a result of \(method.rawValue) that cannot be read")
        }
    }
}

extension Call {
    /// Whether it only asks, so that nothing has been done where its answer cannot be told.
    fileprivate var isReading: Bool {
        switch self {
        case .get, .list, .wait, .logs, .file, .routeExplain, .poolList, .workerList, .agentList, .usage, .status, .version,
            .subscribe:
            true
        default: false
        }
    }
}

/// The names of users, each asked for once: a directory service may take its time.
final class UserNames {
    private var known: [UInt32: String?] = [:]

    func name(_ user: UInt32) -> String? {
        if let name = known[user] { return name }
        let name = OwnAccount.name(of: user)
        known[user] = .some(name)
        return name
    }
}
