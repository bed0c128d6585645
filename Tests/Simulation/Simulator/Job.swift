import OrchProtocol

/// What a simulated client wants done, and how it will go: the simulated process reads it from its own arguments.
struct Job: Sendable, Equatable {
    enum Ending: String, Sendable {
        case success = "0"
        case failure = "1"
        case crash = "sig11"
        /// It does not end by itself, but on SIGTERM.
        case hang
        /// It does not end before SIGKILL.
        case stubborn
        /// There is no such program.
        case missing
        /// Its agent has used up its allowance, and does not say, or says, until when.
        case limited
        case limitedUntil
    }

    var pool = "short"
    /// Milliseconds that an attempt takes.
    var duration: Int64 = 10
    /// For the first attempt, the second and so on; the last for all that follow.
    var endings: [Ending] = [.success]
    /// Milliseconds from one line of output to the next; 0 for none.
    var chatter: Int64 = 0
    var priority = 0
    var timeout: Int64?
    var idleTimeout: Int64?
    var retries: Int?
    var retryDelay: Int64?
    /// From the submission.
    var notBefore: Int64?
    var expires: Int64?
    var isHeld = false
    var hasInput = false
    /// For the agent of the pool, and not a program of its own.
    var isPrompt = false
    var group: String?
    /// Where the program of a rule is to be asked.
    var asks: RouteBehaviour?
    /// Its row becomes one that cannot be handed over.
    var poison: Poison?

    /// - Parameters:
    ///   - mark: tells it from all others.
    ///   - wall: now, as the client's clock has it.
    func spec(mark: String, key: String?, wall: Int64) -> TaskSpec {
        let words = ["job", "\(duration)", endings.map(\.rawValue).joined(separator: ","), "\(chatter)", mark]
        var spec = isPrompt ? TaskSpec(prompt: words.joined(separator: " ")) : TaskSpec(command: words)
        spec.labels = group.map { ["group": $0] }
        if let poison { spec.labels = [Poison.label: poison.rawValue] }
        spec.pool = asks?.givesPool ?? true ? pool : nil
        // A program may choose what the client takes for granted.
        spec.priority = asks != nil && priority == 0 ? nil : priority
        if let asks {
            spec.labels = (spec.labels ?? [:]).merging([RouteBehaviour.label: asks.value]) { $1 }
            spec.model = asks.givesModel ? RouteBehaviour.givenModel : nil
        }
        spec.timeout = timeout.map { Double($0) / 1000 }
        spec.idleTimeout = idleTimeout.map { Double($0) / 1000 }
        spec.retries = retries
        spec.retryDelay = retryDelay.map { Double($0) / 1000 }
        spec.notBefore = notBefore.map { Timestamp(milliseconds: wall + $0) }
        spec.expires = expires.map { Timestamp(milliseconds: wall + $0) }
        spec.hold = isHeld ? true : nil
        spec.stdin = hasInput ? mark : nil
        spec.key = key
        return spec
    }

    /// How an attempt goes, by its arguments.
    static func part(of arguments: [String], attempt number: Int) -> (duration: Int64, ending: Ending, chatter: Int64)? {
        guard arguments.count == 5, let duration = Int64(arguments[1]), let chatter = Int64(arguments[3]) else { return nil }
        let endings = arguments[2].split(separator: ",").compactMap { Ending(rawValue: String($0)) }
        guard !endings.isEmpty else { return nil }
        return (duration, endings[min(max(number, 1), endings.count) - 1], chatter)
    }
}

extension Job: CustomStringConvertible {
    var description: String {
        var words = [pool, "\(duration)ms", endings.map(\.rawValue).joined(separator: ",")]
        if chatter > 0 { words.append("chatter=\(chatter)") }
        if priority != 0 { words.append("priority=\(priority)") }
        for (name, value) in [
            ("timeout", timeout), ("idle", idleTimeout), ("retries", retries.map(Int64.init)), ("delay", retryDelay),
            ("not-before", notBefore), ("expires", expires),
        ] {
            if let value { words.append("\(name)=\(value)") }
        }
        if isHeld { words.append("held") }
        if hasInput { words.append("input") }
        if isPrompt { words.append("prompt") }
        if let asks { words.append("asks=\(asks.value)") }
        if let group { words.append("group=\(group)") }
        if let poison { words.append("poison=\(poison)") }
        return words.joined(separator: " ")
    }
}
