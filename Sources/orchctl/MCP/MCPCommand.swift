import ArgumentParser
import OrchProtocol
import Presentation

struct MCPCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mcp",
        abstract: "Let the model of an agent use the queue, by the Model Context Protocol.",
        discussion: """
            It speaks the protocol on standard input and output, for a client that starts it: Claude Code, Codex, Cursor and \
            others. It starts without a daemon, too; its tools then say how to start one.

            Tools: \(MCPServer.allTools.map { $0.name }.joined(separator: ", ")).

            Examples:
              claude mcp add orchd -- orchctl mcp
              orchctl mcp --read-only
              orchctl mcp --pool agents,build --label source=mcp
            """)

    @Option(name: .shortAndLong, help: "Tasks may only go to these pools, with commas; the first is the usual one.")
    var pool: [String] = []

    @Option(name: .shortAndLong, help: ArgumentHelp("A label for each task; may be repeated.", valueName: "key=value"))
    var label: [String] = []

    @Flag(help: "Only offer the tools that change nothing.")
    var readOnly = false

    @Option(help: ArgumentHelp("Only offer these tools, with commas.", valueName: "tools"))
    var tools: [String] = []

    @Option(
        help: ArgumentHelp("At most this many bytes of text in an answer; default 8192.", valueName: "bytes"),
        transform: ValueRule.whole(1_024...1_048_576).argument)
    var maxOutput: Int?

    @Option(
        help: ArgumentHelp(
            "The socket of orchd; by default $ORCHD_SOCKET, your own daemon's, or /run/orchd.sock.", valueName: "path"))
    var socket: String?

    func run() throws {
        var options = MCPOptions()
        func words(_ given: [String]) -> [String] { given.flatMap { $0.split(separator: ",").map(String.init) } }
        options.socket = socket
        options.pools = words(pool)
        options.labels = try ArgumentText.labels(label) ?? [:]
        options.isReadOnly = readOnly
        let known = MCPServer.allTools.map { $0.name }
        let chosen = words(tools)
        if let stranger = chosen.first(where: { !known.contains($0) }) {
            throw ValidationError("there is no tool \"\(stranger)\"; there are \(known.joined(separator: ", "))")
        }
        if !chosen.isEmpty { options.tools = Set(chosen) }
        if let maxOutput { options.maximumOutput = maxOutput }
        MCPServer(options).run()
    }
}
