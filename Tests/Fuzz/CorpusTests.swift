import Foundation
import Testing

/// Every input of the corpora, and with it every crash that was ever found, without libFuzzer.
@Suite struct CorpusTests {
    private static let corpus = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus")

    private static func files(of target: String) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(
            at: corpus.appending(path: target), includingPropertiesForKeys: nil
        ).sorted { $0.path < $1.path }
    }

    @Test(arguments: FuzzTargets.all.map { $0.name }) func isClean(_ name: String) throws {
        let target = try #require(FuzzTargets[name])
        let files = try Self.files(of: name)
        #expect(!files.isEmpty)
        for file in files {
            #expect(throws: Never.self, "\(name)/\(file.lastPathComponent)") {
                try target.check([UInt8](Data(contentsOf: file)))
            }
        }
        #expect(throws: Never.self, "nothing at all") { try target.check([]) }
    }

    @Test func everyFolderHasATarget() throws {
        let folders = try FileManager.default.contentsOfDirectory(atPath: Self.corpus.path)
        #expect(Set(folders) == Set(FuzzTargets.all.map { $0.name }))
    }

    @Test func theCorpusIsSmall() throws {
        let size = try FuzzTargets.all.flatMap { try Self.files(of: $0.name) }.reduce(0) { try $0 + Data(contentsOf: $1).count }
        #expect(size <= 200 << 10)
    }
}
