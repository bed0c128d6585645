import Scheduling
import Text

/// What makes an order one that the supervisor does not take. Nobody can submit it; but a row may be older than a rule, and a pool may have
/// changed since.
enum Poison: String, Sendable {
    case nameless
    case relative
    /// A variable that is longer than Linux takes.
    case long
    /// What no row can have, but a configuration could.
    case nul
    /// More than a message may be.
    case large

    static let label = "poison"
    static let ofTasks: [Poison] = [.nameless, .relative, .long]
    static let ofPools: [Poison] = [.nul, .nameless, .large]

    var variables: [ByteString: ByteString] {
        switch self {
        case .nul: ["POISON": "a\0b"]
        case .nameless: ["": "x"]
        case .relative: [:]
        case .long: ["POISON": ByteString(String(repeating: "x", count: 131_072))]
        case .large: Self.many
        }
    }

    var directory: ByteString? { self == .relative ? "somewhere" : nil }

    private static let many: [ByteString: ByteString] = {
        let value = ByteString(String(repeating: "x", count: 130_000))
        return Dictionary(uniqueKeysWithValues: (0..<35).map { ("POISON_\($0)", value) })
    }()
}

extension TaskItem {
    /// Only where it is a process of its own: a warm worker is told of its task in another way.
    var poison: Poison? { definition.labels[Poison.label].flatMap(Poison.init) }
}
