/// The release that this source is.
public enum Release {
    /// One number for all programs of the package; `daemon.version` and `--version` print it.
    public static let version = "0.1.0"
}
