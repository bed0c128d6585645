import Foundation
import TestSupport
import Testing

@testable import DiscordAPI

@Suite struct EncryptionTests {
    @Test func `over TLS it speaks only with whom it trusts`() async throws {
        let directory = try ScratchDirectory()
        let file = directory.path("certificate.pem")
        guard try Self.makeCertificate(file) else {
            print("## TLS TOWARDS DISCORD WAS NOT TESTED: there is no openssl.")
            return
        }
        try await Standin.run(["--tls", file], authorities: file) { discord in
            #expect(discord.addresses.api.hasPrefix("https://"))
            #expect(try await discord.rest.currentUser().isBot)
            try await Ear().listen(to: discord.gateway()) { events in
                _ = try await events.next { if case .ready = $0 { true } else { nil } }
            }

            // The authorities of the system do not know it.
            let network = try DiscordNetwork(try DiscordPlaces(api: discord.addresses.api, files: discord.addresses.cdn))
            let rest = RESTClient(network, token: discord.token, version: "0")
            let failure = await #expect(throws: DiscordError.self) { try await rest.currentUser() }
            guard case .unavailable(let why)? = failure else { throw DiscordError.refused("it spoke with a stranger") }
            #expect(why.contains("TLS"), "\(why)")
            let address = try #require(network.places.gateway(discord.addresses.gateway))
            await #expect(throws: (any Error).self) { try await GatewaySocket.open(address, network) }
            await rest.close()
            await network.close()
        }
        #expect(throws: DiscordError.self) { try DiscordNetwork(try DiscordPlaces(authorities: directory.path("none.pem"))) }
    }

    private static func makeCertificate(_ file: String) throws -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
            + ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", file, "-out", file + ".crt"]
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            return false
        }
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { return false }
        let both = try Data(contentsOf: URL(fileURLWithPath: file)) + Data(contentsOf: URL(fileURLWithPath: file + ".crt"))
        try both.write(to: URL(fileURLWithPath: file))
        return true
    }
}
