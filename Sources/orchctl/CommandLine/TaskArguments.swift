import ArgumentParser
import Glibc
import OrchClient
import OrchProtocol
import Presentation

/// What `submit` and `run` say of a task, and `update` can still change.
struct ChangeArguments: ParsableArguments {
    @Option(name: .shortAndLong, help: "The pool to run in.")
    var pool: String?

    @Option(name: .shortAndLong, help: "The name of the task in lists.")
    var name: String?

    @Option(help: ArgumentHelp("A remark for people, which orchctl show has.", valueName: "text"))
    var comment: String?

    // Unconditional, because a number below 0 looks like an option.
    @Option(
        parsing: .unconditional, help: ArgumentHelp("Higher runs earlier.", valueName: "number"),
        transform: ValueRule.priority.argument)
    var priority: Int?

    @Option(
        help: ArgumentHelp("The maximum run time of an attempt.", valueName: "duration"),
        transform: ArgumentText.duration(.timeout))
    var timeout: Double?

    @Option(
        help: ArgumentHelp("How often to try again after a failure.", valueName: "number"),
        transform: ValueRule.retries.argument)
    var retries: Int?

    @Option(help: ArgumentHelp("Do not start it before this time.", valueName: "time"), transform: ArgumentText.futureTime)
    var notBefore: Timestamp?

    /// Those that are given, without the pool and the time.
    var options: TaskOptions {
        var options = TaskOptions()
        (options.name, options.comment, options.priority) = (name, comment, priority)
        (options.timeout, options.retries) = (timeout, retries)
        return options
    }

    var isEmpty: Bool { pool == nil && notBefore == nil && options == TaskOptions() }
}

/// What describes a task on the command line of `submit` and `run`.
struct TaskArguments: ParsableArguments {
    @Argument(help: "The prompt for the pool's agent; - reads it from standard input.")
    var prompt: String?

    @Argument(parsing: .postTerminator, help: "A command and its arguments, after --. No shell is involved.")
    var command: [ByteString] = []

    @OptionGroup var change: ChangeArguments

    @Option(
        help: ArgumentHelp("The maximum time without output of an attempt.", valueName: "duration"),
        transform: ArgumentText.duration(.timeout))
    var idleTimeout: Double?

    @Option(
        help: ArgumentHelp("The wait before the first retry; it doubles each time.", valueName: "duration"),
        transform: ArgumentText.duration(.delay))
    var retryDelay: Double?

    @Option(
        help: ArgumentHelp(
            "The failures to try again after: exit,timeout,signal,lost,output,spawn; default: the first four.",
            valueName: "causes"))
    var retryOn: [String] = []

    @Option(name: .shortAndLong, help: ArgumentHelp("A label; may be repeated.", valueName: "key=value"))
    var label: [String] = []

    @Option(
        name: .shortAndLong, help: ArgumentHelp("A variable of the environment; may be repeated.", valueName: "key=value"))
    var env: [ByteString] = []

    @Option(help: ArgumentHelp("The directory to run in.", valueName: "path"))
    var cwd: ByteString?

    @Option(help: ArgumentHelp("The file for its standard input; - is the standard input of orchctl.", valueName: "file"))
    var stdin: ByteString?

    @Option(
        help: ArgumentHelp(
            "A file to put into its directory first, perhaps under another name; may be repeated.", valueName: "path[:name]"))
    var file: [ByteString] = []

    @Option(help: "An idempotency key: a second submission with it makes no task.")
    var key: String?

    @Option(
        help: ArgumentHelp(
            "A key, and the second submission must ask for the same: a script that is started again continues where it was.",
            valueName: "name"))
    var step: String?

    @Flag(help: "Let it continue when the task that submits it has ended.")
    var detach = false

    @Option(
        help: ArgumentHelp("Give it up if it has not started by this time.", valueName: "time"),
        transform: ArgumentText.futureTime)
    var expires: Timestamp?

    @Flag(help: "Do not start it before orchctl release.")
    var hold = false

    @Option(help: "The model for the agent.")
    var model: String?

    @Option(
        help: ArgumentHelp("How hard to think: off, minimal, low, medium, high or xhigh.", valueName: "level"),
        transform: ArgumentText.thinking)
    var thinking: ThinkingLevel?

    @Option(
        help: ArgumentHelp("Run only where this is offered; commas separate several; may be repeated.", valueName: "capability")
    )
    var needs: [String] = []

    @Option(help: ArgumentHelp("A JSON Schema that the result must satisfy.", valueName: "file"))
    var resultSchema: ByteString?

    @OptionGroup var resources: ResourceOptions

    @OptionGroup var scope: ScopeOptions

    @OptionGroup var bridge: BridgeOption

    mutating func take(_ rest: CommandLineReader.Rest) throws {
        command += rest.words.map { ByteString(escaped: $0) }
        guard let text = rest.prompt else { return }
        guard prompt == nil else { throw ValidationError("a prompt is one word: quote it") }
        prompt = text
    }

    /// Whether nothing of a task is said, as it must be with `--batch`.
    var isEmpty: Bool {
        prompt == nil && command.isEmpty && change.isEmpty && retryOn.isEmpty && needs.isEmpty && label.isEmpty && env.isEmpty
            && !hold && !detach && scope.isEmpty && [key, step, model].allSatisfy { $0 == nil } && thinking == nil
            && file.isEmpty && [cwd, stdin, resultSchema].allSatisfy { $0 == nil }
            && [idleTimeout, retryDelay].allSatisfy { $0 == nil }
            && expires == nil && resources.limits == nil && bridge.subject == nil
    }

    /// The task that the options describe. Reads the files that they name.
    func spec() throws -> TaskSpec {
        var spec = TaskSpec()
        switch (prompt, command.isEmpty) {
        case (nil, false): spec.arguments = command
        case (let prompt?, true): spec.prompt = try Self.prompt(prompt)
        case (nil, true): throw ValidationError("there is no task: give a prompt, or -- and a command")
        case (_?, false): throw ValidationError("a task is a prompt or a command, not both")
        }
        if key != nil, step != nil { throw ValidationError("--step is a --key already; give one of them") }
        if stdin == "-", prompt == "-" { throw ValidationError("standard input cannot be both the prompt and --stdin") }
        spec.input = try stdin.map { ByteString(try Input.bytes(of: $0)) }
        spec.options = change.options
        spec.pool = change.pool
        spec.notBefore = change.notBefore
        spec.labels = try ArgumentText.labels(label)
        spec.variables = try ArgumentText.variables(env)
        spec.idleTimeout = idleTimeout
        spec.retryDelay = retryDelay
        spec.retryOn = try ArgumentText.words(retryOn, option: "--retry-on")
        spec.expires = expires
        spec.hold = hold ? true : nil
        spec.model = model
        spec.thinking = thinking
        spec.needs = ArgumentText.capabilities(needs)
        spec.resultSchema = try resultSchema.map(Input.json)
        spec.resources = resources.limits
        spec.directory = try cwd.map(absolute)
        spec.files = file.isEmpty ? nil : try file.map(FileArgument.read)
        spec.subject = bridge.subject
        spec.key = step ?? key ?? GeneratedKey.make("orchctl-")
        spec.step = step == nil ? nil : true
        spec.detach = detach ? true : nil
        spec.scope = try scope.scope
        return spec
    }

    /// A prompt as it is given: `-` is the text of standard input, without the line feed that `echo` leaves at its end.
    static func prompt(_ given: String) throws -> String {
        guard given == "-" else { return given }
        var text = try Input.text(of: "-")
        for end: Unicode.Scalar in ["\n", "\r"] where text.unicodeScalars.last == end { text.unicodeScalars.removeLast() }
        guard !text.isEmpty else { throw ValidationError("there is no prompt on standard input") }
        return text
    }

    private func absolute(_ path: ByteString) throws -> ByteString {
        if path.hasPrefix("/") { return path }
        guard let resolved = ProcessText.realPath(path) else {
            throw ValidationError("--cwd \(path.shellQuoted()): \(String(cString: strerror(errno)))")
        }
        return resolved
    }
}

extension TaskSpec {
    /// With the client's directory for a command, where that means the same to the daemon: one that runs as this user.
    ///
    /// A daemon of another user may not enter it, and would run somebody's `make` where they did not expect it. And where each attempt
    /// has a git worktree, it is to work there.
    func withDefaultDirectory(_ connection: Connection) throws -> TaskSpec {
        guard directory == nil, arguments != nil, connection.peer?.user == getuid() else { return self }
        let pools = try connection.call(.poolList).pools
        if pools.contains(where: { $0.name == pool ?? "default" && $0.repository != nil }) { return self }
        guard let path = ProcessText.directory else {
            throw Failure(
                .failed, "cannot find the current directory, where the command would run: \(String(cString: strerror(errno)))",
                hint: errno == ENOENT ? "it was removed, and perhaps made again: cd to it, or use --cwd" : "use --cwd")
        }
        var spec = self
        spec.directory = path
        return spec
    }
}

extension TaskRecord {
    /// The record as people are to see it.
    var withoutGeneratedKey: TaskRecord {
        var record = self
        if let key = options.key, GeneratedKey.matches(key) { record.options.key = nil }
        return record
    }
}
