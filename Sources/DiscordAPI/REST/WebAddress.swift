/// An address, read strictly: a token goes only where there is no doubt about the host.
public struct WebAddress: Hashable, Sendable, CustomStringConvertible {
    /// `https`, `http`, `wss` or `ws`.
    public let scheme: String
    /// In small letters; an address of IPv6 without its brackets.
    public let host: String
    public let port: Int
    /// With the query, and beginning with a slash; empty for none.
    public let path: String

    /// Nil for anything that is not `scheme://host[:port][/path][?query]` in plain ASCII. A user, a backslash or a fragment has no business here.
    public init?(_ text: some StringProtocol) {
        let text = String(text)
        guard text.utf8.count <= 2048, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x5C && $0 != 0x23 }),
            let mark = text.firstRange(of: "://")
        else { return nil }
        scheme = text[..<mark.lowerBound].lowercased()
        guard let standard = Self.ports[scheme] else { return nil }
        let rest = text[mark.upperBound...]
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = rest[..<end]
        guard !authority.utf8.contains(UInt8(ascii: "@")) else { return nil }
        let tail = String(rest[end...])
        path = tail.hasPrefix("?") ? "/" + tail : tail
        let (host, port): (Substring, Substring?)
        if authority.hasPrefix("[") {
            guard let close = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<close]
            let after = authority[authority.index(after: close)...]
            guard after.isEmpty || after.hasPrefix(":") else { return nil }
            port = after.isEmpty ? nil : after.dropFirst()
            guard !host.isEmpty, host.utf8.allSatisfy("0123456789ABCDEFabcdef:.".utf8.contains) else { return nil }
        } else {
            let colon = authority.firstIndex(of: ":")
            host = authority[..<(colon ?? authority.endIndex)]
            port = colon.map { authority[authority.index(after: $0)...] }
            guard !host.isEmpty,
                host.utf8.allSatisfy({ byte in (0x61...0x7A).contains(byte | 0x20) || "0123456789-.".utf8.contains(byte) })
            else { return nil }
        }
        self.host = host.lowercased()
        guard let port else {
            self.port = standard
            return
        }
        guard let number = UInt16(port), number > 0, port.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        self.port = Int(number)
    }

    public var isSecure: Bool { scheme == "https" || scheme == "wss" }

    /// This machine itself, where nothing can be overheard on the way.
    public var isLoopback: Bool { ["127.0.0.1", "::1", "localhost"].contains(host) }

    public var authority: String {
        let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return port == Self.ports[scheme] ? name : "\(name):\(port)"
    }

    public var description: String { "\(scheme)://\(authority)\(path)" }

    private static let ports = ["https": 443, "http": 80, "wss": 443, "ws": 80]
}

/// Where Discord is. Anything but Discord's own addresses is for tests and proxies, and has to be on this machine or speak TLS.
public struct DiscordPlaces: Hashable, Sendable {
    /// With the version, and no slash at its end.
    public let api: WebAddress
    /// The only host that files are fetched from.
    public let files: WebAddress
    /// A PEM file with the authorities to trust instead of the system's.
    public let authorities: String?

    public static let standardAPI = "https://discord.com/api/v10"
    public static let standardFiles = "https://cdn.discordapp.com"

    /// Throws `DiscordError.refused` with what is wrong with an address.
    public init(api: String = standardAPI, files: String = standardFiles, authorities: String? = nil) throws(DiscordError) {
        self.api = try Self.address(String(api.hasSuffix("/") ? api.dropLast() : api[...]))
        self.files = try Self.address(files)
        self.authorities = authorities
    }

    private static func address(_ text: String) throws(DiscordError) -> WebAddress {
        guard let address = WebAddress(text), ["https", "http"].contains(address.scheme), !address.path.contains("?") else {
            throw .refused("\"\(text.prefix(200))\" is not the address of an API: it has to be like \(standardAPI)")
        }
        guard address.isSecure || address.isLoopback else {
            throw .refused("\(address) is not encrypted, so others could read the token. It must begin with https://")
        }
        return address
    }

    /// The gateway's address as the API gave it, with what this program speaks. Nil where the token must not go: a host that is neither Discord's
    /// nor that of the API, or a connection that can be overheard.
    func gateway(_ text: String) -> WebAddress? {
        guard let given = WebAddress(text), ["wss", "ws"].contains(given.scheme), given.isSecure || given.isLoopback else {
            return nil
        }
        let isDiscord = api.host == "discord.com" && (given.host == "discord.gg" || given.host.hasSuffix(".discord.gg"))
        guard isDiscord || given.host == api.host else { return nil }
        let path = given.path.split(separator: "?", omittingEmptySubsequences: false).first.map(String.init) ?? ""
        return WebAddress("\(given.scheme)://\(given.authority)\(path.isEmpty ? "/" : path)?v=10&encoding=json")
    }
}
