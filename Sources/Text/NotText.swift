/// What only text can be, and is none: the name of a file of the daemon's own, which has to pass through strings. Read lossily it
/// would be another name.
public struct NotText: Error, Equatable, CustomStringConvertible {
    /// As in "… is not UTF-8".
    public var what: String
    public var value: ByteString

    public init(_ what: String, _ value: ByteString) {
        self.what = what
        self.value = value
    }

    public var description: String {
        "\(what) is not UTF-8: \(value.shellQuoted()); the files of orchd need names that are UTF-8"
    }
}

extension ByteString {
    /// The text that it has to be.
    ///
    /// - Parameter what: as in "… is not UTF-8".
    public func text(as what: @autoclosure () -> String) throws(NotText) -> String {
        guard let text else { throw NotText(what(), self) }
        return text
    }
}
