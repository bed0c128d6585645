import NIOCore

@testable import Engine

/// What the engine's line buffer makes of pieces. In a file of its own, since the client has one of the same name.
func engineLines(_ pieces: [ArraySlice<UInt8>]) -> [[UInt8]] {
    var buffer = LineBuffer()
    var lines: [[UInt8]] = []
    for piece in pieces {
        var bytes = ByteBuffer(bytes: piece)
        buffer.append(&bytes)
        while case .line(let line)? = buffer.next() { lines.append(Array(line.readableBytesView)) }
    }
    return lines
}
