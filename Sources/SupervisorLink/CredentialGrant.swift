/// A credential that attempts of a pool get.
public struct CredentialGrant: Equatable, Sendable {
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

    func write(to writer: inout ByteWriter) {
        writer.string(name)
        writer.string(variable ?? "")
    }

    init(from reader: inout ByteReader) throws(LinkError) {
        name = try reader.string()
        let text = try reader.string()
        variable = text.isEmpty ? nil : text
        try validate()
    }

    func validate() throws(LinkError) {
        guard CredentialName.isValid(name), variable.map(CredentialName.isVariable) ?? true else {
            throw .invalid("credential")
        }
    }
}
