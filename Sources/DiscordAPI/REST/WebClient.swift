import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// HTTP, and what can be known of an exchange that went wrong: whether the other side can have seen it. It follows no redirects.
struct WebClient: Sendable {
    struct Answer: Sendable {
        var status: Int
        var headers: HTTPHeaders
        var body: [UInt8]
    }

    enum Failure: Error, Sendable {
        /// It did not get out of this machine.
        case notSent(String)
        /// It may have arrived.
        case noAnswer(String)
        /// The answer is larger than allowed.
        case tooLarge
        case cancelled
    }

    private let client: HTTPClient

    init(_ network: DiscordNetwork) {
        var configuration = HTTPClient.Configuration(tlsConfiguration: network.tls)
        configuration.redirectConfiguration = .disallow
        configuration.httpVersion = .http1Only
        configuration.decompression = .disabled
        configuration.timeout = .init(connect: .seconds(10), read: .seconds(30))
        // The caller decides how often and how soon to try again.
        configuration.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroup: network.group, configuration: configuration)
    }

    func close() async { try? await client.shutdown() }

    /// - parameter seconds: for all of it.
    /// - parameter bytes: the most that the body of an answer may have.
    func exchange(
        _ method: HTTPMethod, _ url: String, headers: HTTPHeaders, body: [UInt8]? = nil, seconds: Double, atMost bytes: Int
    ) async -> Result<Answer, Failure> {
        var request = HTTPClientRequest(url: url)
        request.method = method
        request.headers = headers
        if let body { request.body = .bytes(ByteBuffer(bytes: body)) }
        do {
            let response = try await client.execute(request, timeout: .milliseconds(Int64(seconds * 1000)))
            if let length = response.headers.first(name: "Content-Length").flatMap({ Int($0) }), length > bytes {
                return .failure(.tooLarge)
            }
            let body = Array(try await response.body.collect(upTo: bytes).readableBytesView)
            return .success(Answer(status: Int(response.status.code), headers: response.headers, body: body))
        } catch {
            return .failure(Self.failure(error))
        }
    }

    /// What an error means. None of these texts has an address in it: some addresses hold tokens.
    private static func failure(_ error: any Error) -> Failure {
        switch error {
        case is CancellationError: return .cancelled
        case is NIOTooManyBytesError: return .tooLarge
        case let error as HTTPClientError: return failure(error)
        case let error as NIOConnectionError:
            let reason = error.connectionErrors.last.map { "\($0.error)" } ?? "its name has no address"
            return .notSent("\(error.host) port \(error.port): \(reason)")
        case let error as NIOSSLExtraError: return .notSent("TLS: \(error)")
        case let error as NIOSSLError:
            guard case .handshakeFailed(let reason) = error else { return .noAnswer("TLS broke off") }
            return .notSent("TLS: the handshake failed: \(reason)")
        case is IOError: return .noAnswer("the connection broke")
        default: return .noAnswer("\(type(of: error))")
        }
    }

    private static func failure(_ error: HTTPClientError) -> Failure {
        switch error {
        case .cancelled: .cancelled
        case .connectTimeout: .notSent("there was no connection in time")
        case .tlsHandshakeTimeout: .notSent("the TLS handshake took too long")
        case .getConnectionFromPoolTimeout: .notSent("all connections were busy")
        case .readTimeout, .deadlineExceeded: .noAnswer("no answer in time")
        case .remoteConnectionClosed: .noAnswer("the connection was closed")
        default: .noAnswer(error.shortDescription)
        }
    }
}
