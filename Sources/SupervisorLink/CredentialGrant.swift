/// A credential that attempts of a pool get.
public struct CredentialGrant: LinkValue, Equatable, Sendable {
    /// The most that an attempt gets.
    public static let maximum = 64

    /// See ``CredentialName``.
    public var name: String
    /// The environment variable that is to hold it as well; nil for none.
    public var variable: String?

    public init(name: String, variable: String? = nil) {
        self.name = name
        self.variable = variable
    }

    package func write(to writer: inout ByteWriter) { writer.write(name, variable ?? "") }

    package init(from reader: inout ByteReader) throws(LinkError) {
        name = try reader.read()
        let text = try reader.read(String.self)
        variable = text.isEmpty ? nil : text
        try validate()
    }

    func validate() throws(LinkError) {
        guard CredentialName.isValid(name), variable.map(CredentialName.isVariable) ?? true else {
            throw .invalid("credential")
        }
    }
}

/// What a credential may be called, and a variable that holds one.
public enum CredentialName {
    /// It is the name of a file: up to 64 letters, digits, `.`, `-` and `_`, not beginning with `.`.
    public static func isValid(_ name: String) -> Bool {
        guard let first = name.utf8.first, first != UInt8(ascii: "."), name.utf8.count <= 64 else { return false }
        return name.utf8.allSatisfy {
            isLetterOrDigit($0) || [UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_")].contains($0)
        }
    }

    /// Letters, digits and `_`, beginning with no digit. `ORCH_…` are the supervisor's own, and `PATH` decides what is executed.
    public static func isVariable(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first), name.utf8.count <= 64 else { return false }
        return !name.hasPrefix("ORCH_") && name != "PATH"
            && name.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "_") }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
