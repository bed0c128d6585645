import Engine

/// Where a configuration is looked for that no option names.
enum ConfigurationPlace {
    /// That of the system's service.
    static let system = "/etc/orchd/orchd.toml"

    /// That of the user who runs the program, where there is one.
    static func user() throws -> String? { try Configuration.existingUserFile() }
}
