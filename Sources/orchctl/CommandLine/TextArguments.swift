import ArgumentParser
import OrchProtocol

extension ByteString: ExpressibleByArgument {
    /// An option of this type takes any bytes.
    public init?(argument: String) { self.init(escaped: argument) }
}

/// Every other option takes text. One that was given something else would carry its disguise into the queue.
enum TextArguments {
    static func check(_ command: any ParsableCommand, parsedFrom arguments: [String]) throws {
        guard arguments.contains(where: ByteString.isEscaped) else { return }
        try check(command, as: nil, depth: 0)
    }

    private static func check(_ value: Any, as option: String?, depth: Int) throws {
        switch value {
        case is ByteString, is [ByteString]: return
        case let text as String:
            guard ByteString.isEscaped(text) else { return }
            let given = ByteString(escaped: text).shellQuoted()
            throw ValidationError("\(option ?? "the argument") must be UTF-8 text, and is \(given)")
        default:
            // Wrappers, groups and enumerations of the parser are not deeper.
            guard depth < 16 else { return }
            for child in Mirror(reflecting: value).children {
                try check(child.value, as: name(of: child) ?? option, depth: depth + 1)
            }
        }
    }

    /// What a person calls the option that a property wrapper of the parser holds.
    private static func name(of child: Mirror.Child) -> String? {
        guard let label = child.label, label.has(prefix: "_"), label != "_parsedValue",
            String(describing: type(of: child.value)).has(prefix: "Option<")
        else { return nil }
        var name = "--"
        for scalar in label.unicodeScalars.dropFirst() {
            if scalar.properties.isUppercase { name += "-" }
            name += scalar.properties.lowercaseMapping
        }
        return name
    }
}
