/// How hard an agent is to think. What each level means to a program, its definition says.
public enum ThinkingLevel: String, ClosedEnum, Sendable {
    case off, minimal, low, medium, high, xhigh
}
