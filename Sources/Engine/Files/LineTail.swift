import Glibc
import Platform

/// Finds where the last lines of a file begin, from its end backwards, so that a long file costs no more than a short one.
enum LineTail {
    private static let block = 65_536

    /// The offset at which the last `lines` lines begin; 0 if there are no more than that, or no file.
    static func offset(in path: String, lines: Int) -> Int64 {
        guard let file = try? Descriptor(open(path, O_RDONLY | O_CLOEXEC), "read \(path)"), let size = try? file.size() else {
            return 0
        }
        guard lines > 0 else { return size }
        var buffer = [UInt8](repeating: 0, count: block)
        var end = size
        var found = 0
        while end > 0 {
            let start = max(0, end - Int64(block))
            let count = pread(file.number, &buffer, Int(end - start), off_t(start))
            guard count > 0 else { return 0 }
            for index in (0..<count).reversed() where buffer[index] == UInt8(ascii: "\n") {
                let position = start + Int64(index)
                // The newline that ends the last line begins no other.
                if position == size - 1 { continue }
                found += 1
                if found == lines { return position + 1 }
            }
            end = start
        }
        return 0
    }
}
