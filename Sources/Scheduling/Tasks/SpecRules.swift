import OrchProtocol
import Schemas

/// What the parameters of a task must be beyond their types. Each complaint names the parameter.
public enum SpecRules {
    static let maximumName = 200
    static let maximumComment = 4096
    static let maximumLabels = 64
    static let maximumVariables = 256
    /// Bytes of a prompt, or of the text for standard input.
    static let maximumText = 4 << 20
    static let maximumNeeds = 32
    /// PATH_MAX, which counts the NUL at its end.
    private static let longestPath = 4096

    static func check(_ spec: TaskSpec, path: String?) throws(WireError) {
        func fail(_ name: String, _ message: String) -> WireError {
            WireError(.invalidParameter, message, field: field(name, path))
        }
        switch (spec.arguments, spec.prompt) {
        case (nil, nil): throw fail("command", "a task needs a \"command\" or a \"prompt\"")
        case (.some, .some): throw fail("prompt", "a task has a \"command\" or a \"prompt\", not both")
        case (let command?, nil):
            guard let program = command.first, !program.isEmpty else { throw fail("command", "the command is empty") }
            if let index = command.firstIndex(where: { $0.bytes.contains(0) }) {
                throw fail("command[\(index)]", "an argument cannot contain a NUL")
            }
            if let index = command.firstIndex(where: { $0.count > ArgumentSize.longest }) {
                throw fail(
                    "command[\(index)]",
                    "argument \(index) has \(command[index].count) bytes; Linux takes at most \(ArgumentSize.longest); use stdin"
                )
            }
            var size = ArgumentSize()
            size.add(arguments: command)
            guard !size.isTooMuch else {
                throw fail("command", "\(ArgumentSize.complaint("the arguments take", size)); use stdin, or let it read a file")
            }
        case (nil, let prompt?):
            guard !prompt.isBlank else { throw fail("prompt", "the prompt is empty") }
            guard !hasNUL(prompt) else { throw fail("prompt", "a prompt cannot contain a NUL") }
            guard prompt.utf8.count <= maximumText else { throw fail("prompt", "a prompt has at most 4 MiB") }
            guard spec.directory.map({ $0.text != nil }) ?? true else {
                throw fail("cwd_bytes", "the directory of a prompt must be UTF-8, because agents get it as text")
            }
        }
        if let input = spec.input, input.count > maximumText {
            throw fail("stdin", "the standard input has at most 4 MiB; let the task read a file")
        }
        try check(schema: spec.resultSchema, path)
        try check(files: spec.files, path)
        try checkEnvironment(spec.variables, path)
        if let directory = spec.directory {
            let complaint: String? =
                if directory.first != UInt8(ascii: "/") {
                    "must be an absolute path, not \(directory.shellQuoted().shortened(to: 60))"
                } else if directory.count >= longestPath {
                    "must be a path of fewer than \(longestPath) bytes, not \(directory.count)"
                } else if directory.bytes.contains(0) {
                    "must be a path, and has a NUL"
                } else { nil }
            try Self.fail(complaint, spec.cwdBytes == nil ? "cwd" : "cwd_bytes", path)
        }
        try check(spec.options, path)
    }

    /// The rules of what is asked for at submit, and of what `task.update` puts in its place.
    static func check(_ options: TaskOptions, _ path: String?) throws(WireError) {
        try check(options.name, "name", path)
        try check(options.key, "key", path)
        if let comment = options.comment, comment.utf8.count > maximumComment || hasNUL(comment) {
            let fault = hasNUL(comment) ? "it has one" : "it has \(comment.utf8.count)"
            try fail("must be a text of at most \(maximumComment) bytes without NUL; \(fault)", "comment", path)
        }
        try check(options.model, "model", path)
        try check(options.timeout, "timeout", path)
        try check(options.idleTimeout, "idle_timeout", path)
        try check(options.retryDelay, "retry_delay", path)
        try check(options.priority, "priority", path)
        try check(options.retries, "retries", path)
        try check(needs: options.needs, path)
        try check(options.resources, path)
        try check(options.scope, path)
        try check(labels: options.labels, path)
        if let retryOn = options.retryOn, retryOn.isEmpty {
            let known = RetryCause.allCases.map(\.rawValue).joined(separator: ", ")
            try fail("must be one or more of \(known), not none; leave it out, or set \"retries\" to 0", "retry_on", path)
        }
    }

    private static func check(labels: [String: String]?, _ path: String?) throws(WireError) {
        guard let labels else { return }
        let field = field("labels", path)
        guard labels.count <= maximumLabels else {
            throw WireError(
                .invalidParameter, "\"labels\" has at most \(maximumLabels) labels, not \(labels.count)", field: field)
        }
        for (key, value) in labels {
            if let complaint = ValueRule.name.complaint(key) {
                throw WireError(.invalidParameter, "\"\(field)\" has a key that \(complaint)", field: field)
            }
            guard value.utf8.count <= maximumName, !hasNUL(value) else {
                let fault = hasNUL(value) ? "it has one" : "it has \(value.utf8.count)"
                let complaint = "must be a text of at most \(maximumName) bytes without NUL; \(fault)"
                throw WireError(field: "\(field).\(key)", complaint)
            }
        }
    }

    private static func check(_ resources: ResourceLimits?, _ path: String?) throws(WireError) {
        for (resource, amount) in resources?.all ?? [] { try check(amount, "resources.\(resource.rawValue)", path) }
    }

    /// How many levels of tasks there may be below a task, and how many tasks.
    public static let deepest = 32
    public static let mostChildren = 1_000_000
    private static let mostPools = 64

    private static func check(_ scope: TaskScope?, _ path: String?) throws(WireError) {
        guard let scope else { return }
        let numbers: [(String, Int64?, ClosedRange<Int64>)] = [
            ("children", scope.children.map(Int64.init), 0...Int64(mostChildren)),
            ("running", scope.running.map(Int64.init), 1...10_000), ("cost_micros", scope.cost, 0...Int64.max),
        ]
        for (name, number, range) in numbers {
            try fail(number.flatMap(ValueRule.whole(range).complaint), "scope.\(name)", path)
        }
        guard let pools = scope.pools else { return }
        if pools.count > mostPools { try fail("must be at most \(mostPools) pools, not \(pools.count)", "scope.pools", path) }
        for (index, pool) in pools.enumerated() {
            try fail(ValueRule.name.complaint(pool), "scope.pools[\(index)]", path)
        }
    }

    static func check(needs: [String]?, _ path: String?) throws(WireError) {
        guard let needs else { return }
        guard needs.count <= maximumNeeds, needs.allSatisfy(isCapability) else {
            let given = needs.first { !isCapability($0) }.map { "\"\($0.shortened(to: 80))\"" } ?? counted(needs.count, "word")
            try fail(
                """
                must be at most \(maximumNeeds) words, each of 1 to 64 letters, digits, ".", "-", "_" and ":", not \(given)
                """, "needs", path)
            return
        }
    }

    /// Whether a text can be the name of a capability.
    public static func isCapability(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy {
                $0.isASCII && ($0.properties.isAlphabetic || "0123456789.-_:".unicodeScalars.contains($0))
            }
    }

    /// Whether a result can be held against it: what cannot be kept to is refused now, and not when the work is done.
    static func check(schema: JSONValue?, _ path: String?) throws(WireError) {
        guard let schema else { return }
        func fail(_ message: String) -> WireError {
            WireError(.invalidParameter, message, field: field("result_schema", path))
        }
        guard text(of: schema).utf8.count <= JSONSchema.maximumSize else {
            throw fail("a schema has at most \(JSONSchema.maximumSize >> 10) KiB")
        }
        do throws(JSONSchema.Fault) {
            _ = try JSONSchema(schema)
        } catch {
            throw fail("invalid JSON Schema: \(error.sentence)")
        }
    }

    static func text(of schema: JSONValue) -> String {
        // It holds no number that JSON cannot write.
        (try? Wire.line(schema)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// Whether a value keeps to the rule of its field.
    public static func check(_ number: Int?, _ name: String, _ path: String?) throws(WireError) {
        guard let number else { return }
        try fail(ValueRule.of(field: name)?.complaint(Int64(number)), name, path)
    }

    static func check(_ number: Double?, _ name: String, _ path: String?) throws(WireError) {
        guard let number else { return }
        try fail(ValueRule.of(field: name)?.complaint(number), name, path)
    }

    static func check(_ text: String?, _ name: String, _ path: String?) throws(WireError) {
        guard let text else { return }
        try fail(ValueRule.of(field: name)?.complaint(text), name, path)
    }

    public static func check(ids: [Int64]) throws(WireError) {
        guard case .ids(let range)? = ValueRule.of(field: "ids"), !range.contains(ids.count) else { return }
        try fail("must be \(ValueRule.ids(range).form), not of \(ids.count)", "ids", nil)
    }

    /// The time of a `task.wait`, which may be none at all.
    public static func check(wait seconds: Double?) throws(WireError) {
        guard let seconds else { return }
        try fail(ValueRule.delay.complaint(seconds), "timeout", nil)
    }

    /// The part of one stream that `task.logs` is asked for.
    public static func checkPart(of parameters: LogsParameters) throws(WireError) {
        let given = [("offset", parameters.offset), ("limit", parameters.limit)].filter { $0.1 != nil }
        for (name, number) in given {
            let rule = ValueRule.whole(name == "limit" ? 1...Int64.max : 0...Int64.max)
            try fail(number.flatMap(rule.complaint), name, nil)
            if parameters.stream == nil { try fail("is about one stream; give \"stream\", too", name, nil) }
        }
        guard parameters.offset != nil, parameters.tail != nil || parameters.since != nil else { return }
        try fail("cannot be given with \"tail\" or \"since\"", "offset", nil)
    }

    /// What `task.list` is asked for.
    public static func check(_ query: ListParameters) throws(WireError) {
        try check(query.limit, "limit", nil)
        if let ids = query.ids { try check(ids: ids) }
        try fail(query.text.flatMap(ValueRule.key.complaint), "text", nil)
    }

    static func fail(_ complaint: String?, _ name: String, _ path: String?) throws(WireError) {
        guard let complaint else { return }
        throw WireError(field: field(name, path), complaint)
    }

    private static func checkEnvironment(_ environment: [ByteString: ByteString]?, _ path: String?) throws(WireError) {
        guard let environment else { return }
        if environment.count > maximumVariables {
            try fail("must be at most \(maximumVariables) variables, not \(environment.count)", "env", path)
        }
        var size = ArgumentSize()
        size.add(environment: environment)
        guard !size.isTooMuch else {
            throw WireError(
                .invalidParameter, ArgumentSize.complaint("the variables take", size), field: field("env", path))
        }
        for (name, value) in environment {
            try fail(complaint(ofVariable: name, value), "env.\(name.lossy.shortened(to: 40))", path)
        }
    }

    private static func complaint(ofVariable name: ByteString, _ value: ByteString) -> String? {
        let length = name.count + 1 + value.count
        guard length <= ArgumentSize.longest else {
            return "must be at most \(ArgumentSize.longest) bytes with its name (a limit of Linux), not \(length)"
        }
        let shown = name.shellQuoted().shortened(to: 40)
        guard !name.isEmpty, !name.contains("="), !name.bytes.contains(0) else {
            return "must be a variable with a name that has no \"=\" and no NUL, not \(shown)"
        }
        guard !value.bytes.contains(0) else { return "must be a text without NUL" }
        guard !isReserved(variable: name.lossy) else {
            return "must not be \(shown): orchd sets ORCHD_SOCKET and the variables that begin with ORCH_"
        }
        return nil
    }

    /// Whether only the daemon sets it.
    public static func isReserved(variable name: String) -> Bool { name.hasPrefix("ORCH_") || name == "ORCHD_SOCKET" }

    /// How far the clocks of a client and of the daemon may differ, in milliseconds.
    private static let slack: Int64 = 60_000

    /// A task that could never start is refused: accepted, it would be given up without a word to its submitter.
    static func check(notBefore: Timestamp?, expires: Timestamp?, now: Int64, _ path: String?) throws(WireError) {
        guard let expires else { return }
        if expires.milliseconds <= now { try fail("must be in the future, and \(expires) is past", "expires", path) }
        if let notBefore, notBefore >= expires {
            try fail("must be later than \"not_before\", \(notBefore), not \(expires)", "expires", path)
        }
    }

    /// A start in the past is not a reason to lose a task: a program may be late.
    static func warning(notBefore: Timestamp?, now: Int64) -> String? {
        guard let notBefore, notBefore.milliseconds < now - slack else { return nil }
        return "its \"not_before\", \(notBefore), is past: it may start at once"
    }

    // MARK: Parts

    static func milliseconds(_ seconds: Double?) -> Int64? {
        seconds.map { Int64(($0 * 1000).rounded()) }
    }

    static func seconds(_ milliseconds: Int64?) -> Double? {
        milliseconds.map { Double($0) / 1000 }
    }

    static func field(_ name: String, _ path: String?) -> String {
        path.map { "\($0).\(name)" } ?? name
    }

    private static func hasNUL(_ text: String) -> Bool { text.utf8.contains(0) }
}
