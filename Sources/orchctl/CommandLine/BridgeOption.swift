import ArgumentParser

/// For programs that ask for others: `[access] bridges` in orchd.toml(5).
struct BridgeOption: ParsableArguments {
    @Option(
        help: ArgumentHelp("Ask for somebody else, by any name; only bridges may (orchd.toml(5)).", valueName: "name"))
    var subject: String?
}
