/// Who goes first where not all may. Within one priority it is who came first.
public enum SendPriority: Int, Sendable, Comparable, CaseIterable {
    /// Somebody waits for it.
    case answer
    /// A card, a reaction, a state: it is looked at now and then.
    case card
    /// Lines of a log: their readers know that they are late.
    case log

    public static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
}
