import FoundationEssentials
@_exported import JSON
@_exported import Text

/// How what is bytes travels in JSON, which has only text: as text in one member, and in base64 in another where the text is not all of
/// it. A client that knows only the first still reads and writes all there usually is; where both are there, the bytes count.
public protocol CommandFields {
    var command: [String]? { get set }
    /// Each argument; only where one of them is not UTF-8.
    var commandBytes: [Data]? { get set }
}

public protocol DirectoryFields {
    var cwd: String? { get set }
    /// Only where it is not UTF-8.
    var cwdBytes: Data? { get set }
}

public protocol InputFields {
    var env: [String: String]? { get set }
    /// `NAME=value`: those variables that `env` has no room for.
    var envBytes: [Data]? { get set }
    var stdin: String? { get set }
    /// Instead of `stdin`, where that is not UTF-8.
    var stdinBytes: Data? { get set }
}

extension CommandFields {
    /// A program and its arguments.
    public var arguments: [ByteString]? {
        get { commandBytes?.map { ByteString($0) } ?? command?.map { ByteString($0) } }
        set {
            command = newValue?.map(\.lossy)
            let isText = newValue?.allSatisfy { $0.text != nil } ?? true
            commandBytes = isText ? nil : newValue?.map { Data($0.bytes) }
        }
    }
}

extension DirectoryFields {
    /// Where to run it.
    public var directory: ByteString? {
        get { cwdBytes.map { ByteString($0) } ?? cwd.map { ByteString($0) } }
        set {
            cwd = newValue?.lossy
            cwdBytes = newValue.flatMap { $0.text == nil ? Data($0.bytes) : nil }
        }
    }
}

extension InputFields {
    /// What standard input gives.
    public var input: ByteString? {
        get { stdinBytes.map { ByteString($0) } ?? stdin.map { ByteString($0) } }
        set {
            stdin = newValue?.text
            stdinBytes = newValue.flatMap { $0.text == nil ? Data($0.bytes) : nil }
        }
    }

    /// The variables by their names. What has no `=` is the value of a variable without a name, which no rule lets pass.
    public var variables: [ByteString: ByteString]? {
        get {
            guard env != nil || envBytes != nil else { return nil }
            var variables: [ByteString: ByteString] = [:]
            for (name, value) in env ?? [:] { variables[ByteString(name)] = ByteString(value) }
            for entry in envBytes ?? [] {
                let (name, value) = ByteString(entry).cut(at: "=") ?? ("", ByteString(entry))
                variables[name] = value
            }
            return variables
        }
        set {
            guard let newValue else {
                env = nil
                envBytes = nil
                return
            }
            var texts: [String: String] = [:]
            var others: [Data] = []
            for (name, value) in newValue.sorted(by: { $0.key < $1.key }) {
                // Two spellings of one text are one key to most readers of JSON.
                if let text = name.text, let value = value.text, texts[text] == nil {
                    texts[text] = value
                } else {
                    others.append(Data((name + "=" + value).bytes))
                }
            }
            env = texts.isEmpty && !others.isEmpty ? nil : texts
            envBytes = others.isEmpty ? nil : others
        }
    }
}

extension TaskSpec: CommandFields, DirectoryFields, InputFields {}
extension TaskStatus: CommandFields, DirectoryFields {}
extension UpdateParameters: CommandFields {}
extension WorkerTask: CommandFields, DirectoryFields, InputFields {}
