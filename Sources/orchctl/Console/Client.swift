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
    func show<P, A>(_ method: OrchProtocol.Method<P, A>, _ parameters: P, _ text: (A) throws -> String) throws {
        let bytes = try session.answer(to: Call(method, parameters))
        do {
            try json ? printJSON(bytes) : Output.print(text(method.decode(bytes)))
        } catch var failure as Failure where method.kind == .change {
            failure.message += "; the request was carried out"
            throw failure
        }
    }

    func show<A>(_ method: OrchProtocol.Method<NoParameters, A>, _ text: (A) throws -> String) throws {
        try show(method, NoParameters(), text)
    }

    /// Asks for the pages of a list, one after the other: `body` is given each, and answers with what to ask for the next, or nil.
    func showPages<P, A>(
        of method: OrchProtocol.Method<P, A>, from first: P, _ body: (A) throws -> (text: String, next: P?)
    ) throws {
        var parameters: P? = first
        while let page = parameters {
            let bytes = try session.answer(to: Call(method, page))
            let (text, next) = try body(method.decode(bytes))
            try json ? printJSON(bytes) : Output.print(text)
            parameters = next
        }
    }

    /// Prints JSON: laid out for a person at a terminal, one line for a program.
    func printJSON(_ bytes: [UInt8]) throws {
        try Output.write((Terminal.isOutput ? JSONPrinter.pretty(bytes) : bytes) + [0x0A])
    }

    /// Prints a value of the protocol as JSON.
    func printJSON(_ value: some Encodable) throws { try printJSON([UInt8](Wire.line(value))) }
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
