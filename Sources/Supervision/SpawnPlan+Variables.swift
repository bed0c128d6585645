extension SpawnPlan {
    /// Sets variables, of the form `NAME=value`, in place of those of the same names.
    mutating func setVariables(_ variables: [String]) {
        guard !variables.isEmpty else { return }
        let names = variables.compactMap { variable in
            variable.utf8.firstIndex(of: UInt8(ascii: "=")).map { Array(variable.utf8[...$0]) }
        }
        environment.removeAll { given in names.contains { given.utf8.starts(with: $0) } }
        environment += variables
    }
}
