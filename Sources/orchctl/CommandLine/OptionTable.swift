import ArgumentParser
import FoundationEssentials

/// The options of a verb, as it declares them to the parser.
struct OptionTable {
    struct Option {
        /// With its dashes; the long one, where there is one.
        var name: String
        var takesValue: Bool
        /// What its value is called.
        var value = ""
        var help: String?
    }

    private var options: [String: Option] = [:]
    /// How many operands the verb tells apart; the last of them may be repeated where it takes a list.
    var operands: Int { operandNames.count }
    private(set) var operandNames: [String] = []

    init(_ command: any ParsableCommand.Type) {
        guard let help = try? JSONDecoder().decode(Help.self, from: Data(command._dumpHelp().utf8)) else { return }
        for argument in help.command.arguments ?? [] {
            let names = (argument.names ?? []).map(\.withDashes)
            guard let name = names.first(where: { $0.utf8.count > 2 }) ?? names.first else {
                operandNames.append(argument.valueName ?? "")
                continue
            }
            let option = Option(
                name: name, takesValue: argument.kind == "option", value: argument.valueName ?? "", help: argument.abstract)
            for each in names { options[each] = option }
        }
    }

    /// - Parameter name: with its dashes and without a value.
    subscript(name: String) -> Option? { options[name] }

    var longNames: [String] { Set(options.values.map(\.name)).sorted() }

    /// Whether a word of the command line is an option of the verb, and nothing else.
    func isOption(_ word: String) -> Bool { self[Self.name(of: word)] != nil }

    /// `--label` of `--label=a=b`.
    static func name(of word: String) -> String {
        String(word.unicodeScalars.prefix { $0 != "=" })
    }

    // MARK: The parser's description of a command

    private struct Help: Decodable {
        struct Command: Decodable { var arguments: [Argument]? }
        struct Argument: Decodable {
            var kind: String
            var names: [Name]?
            var valueName: String?
            var abstract: String?
        }
        struct Name: Decodable {
            var kind: String
            var name: String
            var withDashes: String { (kind == "long" ? "--" : "-") + name }
        }
        var command: Command
    }
}
