import Engine
import Platform

/// Where a configuration is looked for that no option names.
enum ConfigurationPlace {
    /// That of the system's service.
    static let system = "/etc/orchd/orchd.toml"

    /// That of the user who runs the program, where there is one: that file, or only pools and agents beside where it would be.
    static func user() throws -> String? {
        try Places().configurationDirectory.map { $0 + "/orchd.toml" }.flatMap { Configuration.isThere($0) ? $0 : nil }
    }
}
