/// A number of things as people write it: `1 slot`, `2 slots`.
///
/// - Parameter many: where that is not the one with an `s`.
public func counted(_ count: some BinaryInteger, _ one: String, _ many: String? = nil) -> String {
    count == 1 ? "1 \(one)" : "\(count) \(many ?? one + "s")"
}
