import Text

extension SpawnPlan {
    /// Sets variables, of the form `NAME=value`, in place of those of the same names.
    mutating func setVariables(_ variables: [ByteString]) {
        guard !variables.isEmpty else { return }
        let names = variables.compactMap { variable in variable.cut(at: "=").map { $0.before + "=" } }
        environment.removeAll { given in names.contains { given.hasPrefix($0) } }
        environment += variables
    }
}
