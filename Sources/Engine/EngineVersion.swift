/// The version of orchd.
public enum EngineVersion {
    public static let current = "0.1.0"
}
