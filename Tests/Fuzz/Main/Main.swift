import Glibc

/// `orchd-fuzz TARGET [libFuzzer option or file]…`: libFuzzer on one of the targets.
@main enum Fuzz {
    private typealias Callback = @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
    private typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

    /// Set once, before the first input.
    nonisolated(unsafe) private static var target: any FuzzTarget.Type = RequestTarget.self

    static func main() {
        guard let name = CommandLine.arguments.dropFirst().first, let target = FuzzTargets[name] else {
            print("targets:", FuzzTargets.all.map { $0.name }.joined(separator: " "))
            exit(2)
        }
        Self.target = target
        // As it was given, but for the target.
        var arguments = (CommandLine.arguments.prefix(1) + CommandLine.arguments.dropFirst(2)).map { strdup($0) }
        var count = Int32(arguments.count)
        arguments.append(nil)
        arguments.withUnsafeMutableBufferPointer { buffer in
            var base = buffer.baseAddress
            exit(run(&count, &base) { Fuzz.check($0, $1) })
        }
    }

    private static func check(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
        do {
            try target.check(Array(UnsafeBufferPointer(start: bytes, count: count)))
            return 0
        } catch {
            fatalError("\(target.name): \(error)")
        }
    }

    /// libFuzzer as a library: https://llvm.org/docs/LibFuzzer.html#using-libfuzzer-as-a-library
    @_silgen_name("LLVMFuzzerRunDriver")
    private static func run(
        _ count: UnsafeMutablePointer<Int32>, _ arguments: UnsafeMutablePointer<Arguments?>, _ callback: Callback
    ) -> Int32
}
