import NIOCore
import NIOPosix
import NIOSSL

/// What REST API and gateway share: where Discord is, whom to trust, and one thread that waits for the network.
public final class DiscordNetwork: Sendable {
    public let places: DiscordPlaces
    let group: MultiThreadedEventLoopGroup
    let tls: TLSConfiguration

    /// Throws `DiscordError.refused` where the file of authorities is not usable.
    public init(_ places: DiscordPlaces) throws(DiscordError) {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let file = places.authorities {
            tls.trustRoots = .file(file)
            do {
                _ = try NIOSSLContext(configuration: tls)
            } catch {
                throw .refused("\"\(file)\" holds no authorities to trust (PEM): \(error)")
            }
        }
        self.places = places
        self.tls = tls
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    }

    /// Ends the thread. Nothing that uses the network may be running any more.
    public func close() async { try? await group.shutdownGracefully() }
}
