/// What is wrong with a configuration: all of it, not only the first thing.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    public struct Fault: Sendable, Equatable, CustomStringConvertible {
        public var file: String
        /// Counts from 1; nil where the fault is of the file as a whole.
        public var line: Int?
        public var problem: String

        public init(file: String, line: Int?, problem: String) {
            self.file = file
            self.line = line
            self.problem = problem
        }

        public var description: String {
            line.map { "\(file):\($0): \(problem)" } ?? "\(file): \(problem)"
        }
    }

    public var faults: [Fault]

    public init(faults: [Fault]) { self.faults = faults }

    public var description: String { faults.map(\.description).joined(separator: "\n") }
}
