/// A reader of bytes that come from outside, and what must hold of it whatever they are.
///
/// Another one is a file here that conforms to this, a line in ``FuzzTargets/all``, and a folder of its name in `Corpus`.
protocol FuzzTarget: Sendable {
    /// What `make fuzz TARGET=` and the folder of its corpus call it.
    static var name: String { get }

    /// Reads the input. A crash is a finding, and so is what this throws.
    static func check(_ input: [UInt8]) throws
}

enum FuzzTargets {
    static let all: [any FuzzTarget.Type] = [
        RequestTarget.self, ParametersTarget.self, SubmissionTarget.self, LinesTarget.self, AnswersTarget.self,
        BatchTarget.self, TextsTarget.self, DisplayTarget.self, OutputTarget.self, ConfigurationTarget.self,
        LinkToSupervisorTarget.self, LinkToEngineTarget.self, PolicyTarget.self, HandoverTarget.self, ExitStoreTarget.self,
        StateFileTarget.self, WorkerTarget.self, LegacyTarget.self,
    ]

    static subscript(name: String) -> (any FuzzTarget.Type)? { all.first { $0.name == name } }
}

/// Something that should hold and does not.
struct Broken: Error, CustomStringConvertible {
    let description: String
}

func hold(_ condition: Bool, _ what: @autoclosure () -> String) throws(Broken) {
    guard condition else { throw Broken(description: what()) }
}

func hold<T>(_ value: T?, _ what: @autoclosure () -> String) throws(Broken) -> T {
    guard let value else { throw Broken(description: what()) }
    return value
}

/// The input in pieces, where it is cut being part of the input: the first bytes are sizes, up to a zero.
struct Pieces {
    let whole: [UInt8]
    let pieces: [ArraySlice<UInt8>]

    init(_ input: [UInt8]) {
        let sizes = input.prefix(16).prefix { $0 != 0 }
        whole = Array(input.dropFirst(sizes.count + 1))
        var rest = whole[...]
        var pieces: [ArraySlice<UInt8>] = []
        for size in sizes {
            pieces.append(rest.prefix(Int(size)))
            rest = rest.dropFirst(Int(size))
        }
        self.pieces = pieces + [rest]
    }
}
