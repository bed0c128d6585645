import Foundation

/// Where a configuration is looked for that no option names.
enum ConfigurationPlace {
    /// That of the system's service.
    static let system = "/etc/orchd/orchd.toml"

    /// That of the user who runs the program, where there is one.
    static var user: String? {
        let variable = ProcessInfo.processInfo.environment["XDG_CONFIG_HOME"] ?? ""
        let file = (variable.isEmpty ? NSHomeDirectory() + "/.config" : variable) + "/orchd/orchd.toml"
        return FileManager.default.fileExists(atPath: file) ? file : nil
    }
}
